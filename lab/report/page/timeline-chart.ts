import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { html, type Markup } from './markup.ts';
import { CALL_KINDS, type Call, type Mark, type Span, type Timeline } from './timeline.ts';
import { bytes, duration } from './units.ts';

const WIDTH = 1_000;
const GUTTER = 116;
const RIGHT = 12;
const LANE = 24;
const CALL_LANE = 13;
const MEMORY_HEIGHT = 96;
const AXIS_HEIGHT = 24;
const SMALLEST_WIDTH = 2;
/** Of a letter, about; a label that does not fit is left to its tooltip. */
const LETTER = 6.2;

type Scale = (value: number) => number;

interface Lane {
  title: string;
  height: number;
  /** Drawn at the origin of the lane. */
  marks: Markup;
}

/**
 * All that happened, lanes above one time axis. A picture for the eye: what it shows is in the page's tables too.
 * @param part the stretch to draw; absent: all of it
 * @param zeroMs what the axis counts from
 */
export function timelineChart(
  times: Timeline,
  name: string,
  part: { fromMs: number; toMs: number } = { fromMs: 0, toMs: times.toMs },
  zeroMs = 0,
): Markup {
  const x = scaleLinear([part.fromMs, Math.max(part.toMs, part.fromMs + 1)], [GUTTER, WIDTH - RIGHT]);
  const isIn = (mark: { atMs: number }) => mark.atMs >= part.fromMs && mark.atMs <= part.toMs;
  const crosses = (span: Span) => span.toMs >= part.fromMs && span.fromMs <= part.toMs;
  const clip = (span: Span) => ({ from: x(Math.max(span.fromMs, part.fromMs)), to: x(Math.min(span.toMs, part.toMs)) });
  const bar = (span: Span, kind: string, label = span.label) =>
    spanBar(clip(span), kind, [label, span.label], span.toMs - span.fromMs);
  const lanes: Lane[] = [
    {
      title: 'phase',
      height: LANE,
      marks: html`${times.phases.filter(crosses).map((span, index) => bar(span, index % 2 === 0 ? 'phase' : 'phase odd'))}`,
    },
    {
      title: 'system',
      height: LANE,
      marks: html`${times.boots.filter(crosses).map((boot) => html`${bar(boot, 'boot', bootLabel(boot))}${readyTick(boot.readyAtMs, part, x)}`)}`,
    },
    ...CALL_KINDS.map((kind) => ({
      title: kind === 'other' ? 'other calls' : kind,
      height: CALL_LANE,
      marks: ticks(
        times.calls.filter((call) => call.kind === kind && isIn(call)),
        x,
      ),
    })),
    { title: 'held', height: LANE, marks: html`${times.holds.filter(crosses).map((hold) => bar(hold, 'hold'))}` },
    { title: 'fault', height: LANE, marks: points(times.fault.filter(isIn), x, 'fault') },
    { title: 'its proof', height: LANE, marks: points(times.proof.filter(isIn), x, 'proof') },
    { title: 'swept by it', height: LANE, marks: points(times.sweep.filter(isIn), x, 'swept') },
    {
      title: 'turns',
      height: LANE,
      marks: html`${times.turns.filter(crosses).map((turn) => bar(turn, turn.acknowledged ? 'turn' : 'turn lost', `${turn.acknowledged ? '✓' : '✗'} ${turn.label}`))}`,
    },
  ];
  let y = 4;
  const drawn = lanes.map(({ title, height, marks }) => {
    const top = y;
    y += height;
    return html`<g transform="translate(0 ${top})"><line class="rule" x1="0" x2="${WIDTH}" y1="${height}" y2="${height}"/><text class="lane" x="${GUTTER - 8}" y="${height / 2 + 4}" text-anchor="end">${title}</text>${marks}</g>`;
  });
  const memory = memoryCurve(times.memory, part, x, y);
  const bottom = y + MEMORY_HEIGHT + 16;
  const strikes = times.fault
    .filter((mark) => mark.label === 'strike' && isIn(mark))
    .map(
      (struck) =>
        html`<line class="strike" x1="${at(x, struck.atMs)}" x2="${at(x, struck.atMs)}" y1="0" y2="${bottom}"/>`,
    );
  const height = bottom + AXIS_HEIGHT;
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${`${name}: ${inWords(times, part)}`}">${strikes}${drawn}${memory}${axis(x, zeroMs, bottom)}</svg>`;
}

const at = (x: Scale, ms: number) => Math.round(x(ms) * 10) / 10;

/** @param labels the first one that fits is written into it; a little too long a one is cut */
function spanBar(
  { from, to }: { from: number; to: number },
  kind: string,
  labels: readonly [string, string],
  tookMs: number,
): Markup {
  const width = Math.max(SMALLEST_WIDTH, to - from);
  const letters = Math.floor((width - 8) / LETTER);
  const [label, shorter] = labels;
  const text = labels.find((one) => one.length <= letters) ?? (letters >= 6 ? `${shorter.slice(0, letters - 1)}…` : '');
  return html`<g class="${kind}"><title>${label}: ${duration(tookMs)}</title><rect x="${from.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="${LANE - 6}" rx="2"/>${text === '' ? '' : html`<text x="${(from + 4).toFixed(1)}" y="${LANE / 2 + 4}">${text}</text>`}</g>`;
}

const bootLabel = (boot: Timeline['boots'][number]) =>
  boot.readyAtMs === undefined
    ? `${boot.label}, never ready`
    : `${boot.label}, ready after ${duration(boot.readyAtMs - boot.fromMs)}`;

function readyTick(atMs: number | undefined, part: { fromMs: number; toMs: number }, x: Scale): Markup | '' {
  if (atMs === undefined || atMs < part.fromMs || atMs > part.toMs) return '';
  return html`<g class="ready"><title>ready</title><path d="M${at(x, atMs)} 1v${LANE - 2}"/></g>`;
}

/** Two paths for hundreds of calls: on the store, and elsewhere in the folder. */
function ticks(calls: readonly Call[], x: Scale): Markup {
  const path = (onStore: boolean) => {
    const places = new Set(calls.filter((call) => call.onStore === onStore).map((call) => at(x, call.atMs)));
    return [...places].map((place) => `M${place} 2v${CALL_LANE - 4}`).join('');
  };
  const elsewhere = path(false);
  const store = path(true);
  return html`${elsewhere === '' ? '' : html`<path class="call elsewhere" d="${elsewhere}"/>`}${store === '' ? '' : html`<path class="call" d="${store}"/>`}`;
}

/** A diamond each, with its name beside it where there is room before the next. */
function points(marks: readonly Mark[], x: Scale, kind: string): Markup {
  const middle = LANE / 2;
  return html`${marks.map((mark, index) => {
    const place = at(x, mark.atMs);
    const next = marks[index + 1];
    const room = (next === undefined ? WIDTH - RIGHT : x(next.atMs)) - place - 14;
    const roomBefore = place - GUTTER - 14;
    const fits = mark.label.length * LETTER;
    const label =
      fits < room
        ? html`<text x="${place + 9}" y="${middle + 4}">${mark.label}</text>`
        : index === 0 && fits < roomBefore
          ? html`<text x="${place - 9}" y="${middle + 4}" text-anchor="end">${mark.label}</text>`
          : '';
    return html`<g class="${kind}"><title>${mark.label}</title><path d="M${place} ${middle - 6}l6 6l-6 6l-6 -6z"/>${label}</g>`;
  })}`;
}

function memoryCurve(
  { points: all, limitBytes }: Timeline['memory'],
  part: { fromMs: number; toMs: number },
  x: Scale,
  top: number,
): Markup {
  const within = all.filter(([ms]) => ms >= part.fromMs && ms <= part.toMs);
  const lastBefore = all.findLast(([ms]) => ms < part.fromMs);
  // What was charged before the stretch is still charged at its beginning.
  const shown: [number, number][] = lastBefore === undefined ? within : [[part.fromMs, lastBefore[1]], ...within];
  const most = Math.max(limitBytes ?? 0, ...all.map(([, value]) => value), 1);
  const y = scaleLinear([0, most * 1.05], [top + MEMORY_HEIGHT + 10, top + 12]);
  const d = (place: [number, number]) => ({ x: at(x, place[0]), y: Math.round(y(place[1]) * 10) / 10 });
  const curve =
    line<[number, number]>(
      (place) => d(place).x,
      (place) => d(place).y,
    )(shown) ?? '';
  const below =
    area<[number, number]>(
      (place) => d(place).x,
      y(0),
      (place) => d(place).y,
    )(shown) ?? '';
  const peak = Math.max(0, ...shown.map(([, value]) => value));
  const limit =
    limitBytes === undefined
      ? ''
      : html`<g class="limit"><line x1="${GUTTER}" x2="${WIDTH - RIGHT}" y1="${y(limitBytes).toFixed(1)}" y2="${y(limitBytes).toFixed(1)}"/><text x="${WIDTH - RIGHT}" y="${(y(limitBytes) + 13).toFixed(1)}" text-anchor="end">limit ${bytes(limitBytes)}</text></g>`;
  return html`<g class="memory"><text class="lane" x="${GUTTER - 8}" y="${top + 24}" text-anchor="end">memory</text><text class="lane" x="${GUTTER - 8}" y="${top + 40}" text-anchor="end">${shown.length === 0 ? 'not known' : `to ${bytes(peak)}`}</text>${limit}<path class="area" d="${below}"/><path class="curve" d="${curve}"/></g>`;
}

function axis(x: ReturnType<typeof scaleLinear<number>>, zeroMs: number, top: number): Markup {
  const [from = 0, to = 1] = x.domain();
  const relative = scaleLinear([from - zeroMs, to - zeroMs], x.range());
  const most = Math.max(Math.abs(from - zeroMs), Math.abs(to - zeroMs));
  const [unit, factor] = most >= 2_000 ? ['s', 1_000] : ['ms', 1];
  const scale = scaleLinear([(from - zeroMs) / factor, (to - zeroMs) / factor], relative.range());
  return html`<g class="axis" transform="translate(0 ${top})"><line x1="${GUTTER}" x2="${WIDTH - RIGHT}" y1="0" y2="0"/>${scale.ticks(9).map((tick) => html`<g transform="translate(${scale(tick).toFixed(1)} 0)"><line y2="5"/><text y="17" text-anchor="middle">${tick.toLocaleString('en')} ${unit}</text></g>`)}</g>`;
}

function inWords(times: Timeline, part: { fromMs: number; toMs: number }): string {
  const within = times.calls.filter((call) => call.atMs >= part.fromMs && call.atMs <= part.toMs);
  const hold = times.holds[0];
  return [
    `${duration(part.toMs - part.fromMs)}`,
    `${times.boots.length} boots`,
    `${within.length} calls that change the state folder`,
    ...(hold === undefined ? [] : [`${hold.label} for ${duration(hold.toMs - hold.fromMs)}`]),
    ...times.proof.map((mark) => mark.label).slice(0, 3),
    `${times.sweep.length} files swept`,
  ].join(', ');
}
