import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { heapBounded, heapLine, IDLE } from '../scenario/checks/heap-bounded.ts';
import { survives } from '../scenario/checks/survives.ts';
import { type Grown, growing, grownInWords, growthIn, lookShare } from '../scenario/collections.ts';
import { bytesInWords } from '../scenario/in-words.ts';
import { INSPECTED, type Scenario, type ScenarioLab } from '../scenario/scenario.ts';
import type { Churn } from '../system.ts';
import { plantLarge } from '../workload/planting.ts';

/**
 * What is done, each kind alone, in this order. A system has those that its definition knows, and in a quick run those of which it has a quick batch. Idle every
 * one can be, but seconds of it tell nothing: a quick run is not.
 */
const KINDS = ['connections', 'failed runs', 'runs', 'transcripts', IDLE];
/** Looks at the heap over each kind; fewer of them where each waits for what is forgotten late. */
const POINTS = { full: 6, quick: 4, late: 4 };
/** Between two looks while it is idle. */
const IDLE_MS = 8_000;
const HOUR_MS = 3_600_000;
/** What keeps its things for longer is looked at without waiting for that. */
const WAIT_AT_MOST_MS = 20_000;
/** From here on it is late. */
const LATE_MS = 5_000;
const SETTLE_MS = 2_000;

/** Runs, connections and transcripts by the hundred and by the thousand, each kind alone, and idle time: what stays of each in the heap, and where? */
export const openclaw63643: Scenario = {
  name: 'openclaw-63643',
  summary:
    'many connections, runs and transcripts, each kind alone, and idle time: what stays in the heap, and in which collections?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/63643',
    says: '2026.4.5 and 2026.4.9 grow by 15–20 MB an hour while idle, from 180 MB to over 400 MB in 12 to 24 hours; PR #63709 finds three collections that are never emptied',
  },
  systems: ['openclaw@2026.4.9', 'openclaw@2026.5.28', 'reference'],
  steps: { full: KINDS.length, quick: KINDS.length - 1 },
  checks: [heapBounded, allBoots, survives],
  curves: KINDS.map((series) => ({
    title: `heap after a collection: ${series}`,
    series,
    xLabel: series === IDLE ? 'hours' : series,
    value: 'heapBytes',
    yLabel: 'bytes',
  })),
  figures,

  /** V8 takes a heap snapshot in memory of the size of the heap itself. */
  memoryBytes: ({ memory }) => 2 * memory.defaultBytes,

  boot({ usual, boot }) {
    const more = Object.assign({}, ...(usual?.churn ?? []).map((churn) => churn.env));
    return { ...boot, env: { ...(usual?.env ?? boot.env), ...more, ...INSPECTED }, files: usual?.files ?? boot.files };
  },

  async live(lab) {
    const churns = (lab.release.usual?.churn ?? []).filter((churn) => !lab.isQuick || churn.batch.quick !== undefined);
    await plantLarge(
      lab.sidecar,
      churns.flatMap((churn) => churn.files ?? []),
    );
    if (!(await lab.boot())) return;
    await lab.turn('warm');
    await lab.quiet();
    for (const { request, warmUp, from = 1 } of churns) await lab.requests(request, warmUp, from);
    await lab.idle(SETTLE_MS);
    await lab.collections('warm-up');
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      const kind = KINDS[step - 1] ?? IDLE;
      const churn = churns.find(({ name }) => name === kind);
      if (kind === IDLE) await idle(lab);
      else if (churn !== undefined) await many(lab, churn);
    }
  },
};

async function many(lab: ScenarioLab, churn: Churn): Promise<void> {
  const { name, request, warmUp, from = 1, forgetsWithinMs, remembers = 0 } = churn;
  const batch = (lab.isQuick ? churn.batch.quick : undefined) ?? churn.batch.full;
  const waitedMs = forgetsWithinMs > WAIT_AT_MOST_MS ? SETTLE_MS : forgetsWithinMs;
  const points = lab.isQuick ? POINTS.quick : waitedMs > LATE_MS ? POINTS.late : POINTS.full;
  // The first look comes after a batch: a kind that follows another one warms up once more.
  for (let point = 1; point <= points; point += 1) {
    await lab.requests(request, batch, from + warmUp + (point - 1) * batch);
    await lab.idle(waitedMs);
    const kept = { forgetsWithinMs, waitedMs, remembers, done: warmUp + point * batch };
    lab.point(name, point * batch, { ...(await look(lab)), ...kept });
  }
  await lab.collections(name);
}

async function idle(lab: ScenarioLab): Promise<void> {
  const began = Date.now();
  for (let point = 1; point <= POINTS.full; point += 1) {
    if (point > 1) await lab.idle(IDLE_MS);
    lab.point(IDLE, (Date.now() - began) / HOUR_MS, await look(lab));
  }
}

async function look(lab: ScenarioLab): Promise<Record<string, number>> {
  const { usedBytes, totalBytes, externalBytes, residentBytes, cpuMs, lookCpuMs } = await lab.heap();
  return { heapBytes: usedBytes, totalBytes, externalBytes, residentBytes, cpuMs, lookCpuMs };
}

/** The collections that PR #63709 empties, and what fills each of them. */
const LEAKS = [
  { name: 'seqByRun', kinds: ['runs', 'failed runs'], one: 'run' },
  { name: 'controlPlaneBuckets', kinds: ['connections'], one: 'client that writes to the control plane' },
  { name: 'TRANSCRIPT_SESSION_KEY_CACHE', kinds: ['transcripts'], one: 'transcript' },
];
const DOCUMENT_BYTES_AN_HOUR = 15e6;

function figures(evidence: CellEvidence): Figure[] {
  return [
    ...idleFigure(evidence),
    ...LEAKS.flatMap(({ name, kinds, one }) => kinds.flatMap((series) => leakFigure(evidence, series, name, one))),
    ...othersFigure(evidence),
    ...bytesFigure(evidence),
    ...lookFigure(evidence),
    {
      what: 'from 180 MB to over 400 MB in 12 to 24 hours, on Windows, with 46 plugins and 109 sessions in the store',
      document: 'seen in the Task Manager',
      measured: `no run here lasts for hours; ${residentInWords(evidence)}`,
      reproduced: 'not measured',
      why: 'it runs on Linux, without plugins, channels and heartbeats; and a heap snapshot leaves memory resident that the system did not ask for',
    },
  ];
}

function idleFigure(evidence: CellEvidence): Figure[] {
  const { line } = heapLine(evidence, IDLE);
  const said = { what: 'the heap grows while it is idle', document: '15–20 MB an hour, of the process' };
  if (line === undefined)
    return [{ ...said, measured: 'no idle time', reproduced: 'not measured', why: 'a quick run has none' }];
  const { slope, halfWidth } = line;
  const figure = { ...said, measured: `${bytesInWords(slope)} an hour ± ${bytesInWords(halfWidth)} (95 %)` };
  if (slope - halfWidth > DOCUMENT_BYTES_AN_HOUR) return [{ ...figure, reproduced: 'yes' }];
  if (slope + halfWidth < DOCUMENT_BYTES_AN_HOUR)
    return [{ ...figure, reproduced: 'no', why: 'nothing happens here: no plugin, no channel, no heartbeat, no cron' }];
  return [{ ...figure, reproduced: 'not measured', why: 'the time was too short to tell' }];
}

/** A collection of this name, whatever holds it; undefined: nothing in the heap is called that. */
function collectionOf(evidence: CellEvidence, series: string, name: string): Grown | undefined {
  const isIt = (one: Grown) => one.name === name || one.name.endsWith(`.${name}`);
  return growthIn(evidence, series)?.collections.find(isIt);
}

function leakFigure(evidence: CellEvidence, series: string, name: string, one: string): Figure[] {
  const found = collectionOf(evidence, series, name);
  if (found === undefined) return [];
  const leaks = growing([found]).length > 0;
  const isKept = heapLine(evidence, series).state === 'not-judged';
  return [
    {
      what: `${name} keeps an entry of every ${one} (${series})`,
      document: 'never emptied (PR #63709)',
      measured: grownInWords(found),
      reproduced: leaks ? (isKept ? 'in part' : 'yes') : 'no',
      ...(leaks && isKept && { why: 'this release empties it later than this run looks' }),
    },
  ];
}

function othersFigure(evidence: CellEvidence): Figure[] {
  const known = LEAKS.map(({ name }) => name);
  const told = KINDS.flatMap((series) => {
    const growth = series === IDLE ? undefined : growthIn(evidence, series);
    const others = growing(growth?.collections ?? []).filter(
      ({ name }) => !known.some((one) => name === one || name.endsWith(`.${one}`)),
    );
    return others.length === 0 ? [] : [`${series}: ${others.slice(0, 6).map(grownInWords).join(', ')}`];
  });
  if (told.length === 0) return [];
  return [
    {
      what: 'other collections that grow with what is done',
      document: 'three are named',
      measured: told.join('; '),
      reproduced: '-',
    },
  ];
}

function bytesFigure(evidence: CellEvidence): Figure[] {
  const told = KINDS.flatMap((series) => {
    const { line } = heapLine(evidence, series);
    return series === IDLE || line === undefined
      ? []
      : [`${series} ${line.slope.toFixed(0)} ± ${line.halfWidth.toFixed(0)}`];
  });
  if (told.length === 0) return [];
  return [{ what: 'bytes of heap that stay of each (95 %)', measured: told.join(', '), reproduced: '-' }];
}

function lookFigure(evidence: CellEvidence): Figure[] {
  const share = lookShare(evidence);
  if (share === undefined) return [];
  return [
    {
      what: 'the lab’s own looks at the heap',
      measured: `${(share * 100).toFixed(0)} % of the system’s processor time`,
      reproduced: '-',
    },
  ];
}

function residentInWords(evidence: CellEvidence): string {
  const bytes = evidence.of('point').map((point) => point.values.residentBytes ?? 0);
  return `resident here: ${bytesInWords(bytes[0] ?? 0)} at first, ${bytesInWords(bytes.at(-1) ?? 0)} at last`;
}
