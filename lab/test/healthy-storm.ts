import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { DrawnMoment, EvidenceEvent, MOMENTS } from '../evidence/event.ts';
import { EvidenceBuilder, killed, STORE, slept, storeOf } from './healthy-cell.ts';

/** Evidence of a storm as a right gateway leaves it, for tests to spoil in one place: healthy cells, one after the other. */

const HOLD_AT_RENAME: DrawnMoment = { kind: 'crash-point', name: 'full-temp' };
const STEPS = ['sigkill', 'sleep', 'sigkill', 'sleep', 'sigkill'] as const;
/** No cell lasts longer. */
const APART_MS = 1_000_000;

export interface ToldOfStorm {
  moment?: DrawnMoment;
  /** Steps in which no moment came. */
  passedBy?: readonly number[];
  /** Bytes of temps after each step. */
  left?: (step: number) => number;
  /** Spoils the cell that a step is. */
  spoil?: (step: number, cell: EvidenceBuilder) => EvidenceBuilder;
}

/** An event of a cell as it stands in a scenario: later, and in a later boot. */
function moved(event: EvidenceEvent, byMs: number, boots: number): EvidenceEvent {
  const later = { ...event, t: event.t + byMs };
  switch (later.type) {
    case 'gate':
      return {
        ...later,
        boot: later.boot + boots,
        event: { ...later.event, t: later.event.t + byMs, seq: later.event.seq + byMs },
      };
    case 'turn': {
      const { tSent, tEnded } = later.result;
      return {
        ...later,
        boot: later.boot + boots,
        result: { ...later.result, tSent: tSent + byMs, tEnded: tEnded + byMs },
      };
    }
    case 'ready':
      return { ...later, boot: later.boot + boots, tReady: later.tReady + byMs };
    case 'snapshot':
      return {
        ...later,
        entries: later.entries.map((entry) => ({ ...entry, mtimeMs: entry.mtimeMs + byMs })),
      };
    default:
      return 'boot' in later ? { ...later, boot: later.boot + boots } : later;
  }
}

/** Its last look with the turns of the other steps in the store. */
function keepingAll(cell: EvidenceBuilder): EvidenceBuilder {
  cell.events = cell.events.map((event) => {
    if (event.type !== 'snapshot' || event.moment !== 'served') return event;
    cell.at(event.t - 1).snapshot('served', { [STORE]: { text: storeOf('warm', 'struck', 'after') } });
    const made = cell.events.pop();
    const others = event.entries.filter((entry) => entry.path !== STORE);
    return { ...event, entries: [...others, ...(made?.type === 'snapshot' ? made.entries : [])] };
  });
  return cell;
}

const isLook = (event: EvidenceEvent, moment: (typeof MOMENTS)[number]) =>
  event.type === 'snapshot' && event.moment === moment;

export function storm({
  moment = HOLD_AT_RENAME,
  passedBy = [],
  left = () => 0,
  spoil = (_, cell) => cell,
}: ToldOfStorm = {}): CellEvidence {
  const build = new EvidenceBuilder();
  const first = killed();
  const [cell] = first.events;
  if (cell?.type !== 'cell') throw new Error('no cell');
  const { crashPoint: _, fault: __, aftermath: ___, type: ____, ...common } = cell;
  const point = (x: number, t: number): EvidenceEvent => ({
    t,
    type: 'point',
    series: 'crashes',
    x,
    values: { temps: left(x) > 0 ? 1 : 0, tempBytes: left(x), storeBytes: 100, folderBytes: 200 },
  });
  const events: EvidenceEvent[] = [
    {
      ...common,
      type: 'scenario',
      id: 'restart-storm_reference@1.0.0_192m_seed-7',
      scenario: 'restart-storm',
      isQuick: true,
      seed: 7,
      steps: STEPS.length,
    },
    ...first.events.slice(
      1,
      first.events.findIndex((event) => isLook(event, 'before')),
    ),
    point(0, first.now),
  ];
  let boots = 0;
  for (const [index, fault] of STEPS.entries()) {
    const step = index + 1;
    const struck = spoil(step, fault === 'sigkill' ? keepingAll(killed()) : slept());
    for (const [sha, content] of struck.contents) build.contents.set(sha, content);
    const from = struck.events.findIndex((event) => isLook(event, 'before'));
    const last = struck.events.findLastIndex((event) => isLook(event, 'served') || event.type === 'not-ready');
    const byMs = step * APART_MS;
    const t = (struck.events[from]?.t ?? 0) + byMs - 1;
    events.push(
      { t, type: 'phase', name: `step ${step}` },
      { t, type: 'drawn', step, attempt: 1, fault, clients: 1, moment },
    );
    if (passedBy.includes(step)) {
      events.push({ t, type: 'passed-by', why: 'it never came' }, point(step, t));
      continue;
    }
    struck.at((struck.events[from]?.t ?? 0) - 1);
    struck.gate(1, { ev: 'memory', currentBytes: 50_000_000, peakBytes: 60_000_000, oomKills: 0 });
    const own = [...struck.events.splice(-1), ...struck.events.slice(from, last + 1)];
    events.push(...own.map((event) => moved(event, byMs, boots)), point(step, t + APART_MS / 2));
    if (fault === 'sigkill') boots += 1;
    if (own.some((event) => event.type === 'not-ready')) break;
  }
  build.events = [...events, { t: (STEPS.length + 1) * APART_MS + first.now, type: 'end', durationMs: 1 }];
  return build.done();
}
