import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Curve, Figure } from '../result/figure.ts';
import { classOf, mappingsOfAbout, SPACE_CLASSES, spaceOf } from '../scenario/address-space.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import {
  addressSpaceDoesNotGrow,
  addressSpaceGrowth,
  memoryDoesNotGrow,
  memoryGrowth,
} from '../scenario/checks/memory-growth.ts';
import { survives } from '../scenario/checks/survives.ts';
import { type Point, pointsOf } from '../scenario/points.ts';
import { INSPECTED, type Scenario, type ScenarioLab } from '../scenario/scenario.ts';

/** Readings of what is kept: V8 gives memory back beside the program, a little after a collection. */
const READINGS = 2;

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** `ps` counts in KiB. */
const DOCUMENT_VSZ_BYTES = 22_734_080 * KiB;
const DOCUMENT_RSS_BYTES = 418_688 * KiB;
/** Where the document's workaround restarts the system. */
const RESTART_AT_BYTES = 15 * GiB;
const LIMIT_BYTES = 512 * MiB;

const IDLE = { full: { looks: 8, everyMs: 11_000 }, quick: { looks: 5, everyMs: 2_500 } };
const SETTLE = { looks: 8, everyMs: 2_000, within: 0.01 };
const TURNS = { full: { looks: 8, each: 7, warmUp: 14 }, quick: { looks: 4, each: 2, warmUp: 12 } };
/** After the idle time and the turns: a restart, and, where there is time, a boot of which nothing is expected to be reserved. */
const LAST_STEPS = { full: 2, quick: 1 };
const stepsOf = (kind: 'full' | 'quick'): number => IDLE[kind].looks + TURNS[kind].looks + LAST_STEPS[kind];

/**
 * What takes the reservations away if they are what they seem to be: WebAssembly memories without guard regions
 * (https://nodejs.org/api/cli.html#--disable-wasm-trap-handler), and one arena of malloc for all threads (mallopt(3), M_ARENA_MAX).
 */
const WITHOUT_RESERVATIONS = {
  NODE_OPTIONS: `${INSPECTED.NODE_OPTIONS} --disable-wasm-trap-handler`,
  MALLOC_ARENA_MAX: '1',
};

const SIZES = { of8GB: 8 * GiB, of4GB: 4 * GiB, of2GB: 2 * GiB, of64MB: 64 * MiB };

const curve = (title: string, series: string, value: string, xLabel: string, y?: number): Curve => ({
  title,
  series,
  value,
  xLabel,
  yLabel: 'bytes',
  ...(y !== undefined && { document: { label: 'the document', y } }),
});
const MINUTES = 'minutes after it was ready';
const SINCE = 'turns';

/** A huge address space: is it memory that leaks, or space that is reserved and never touched? */
export const openclaw6413: Scenario = {
  name: 'openclaw-6413',
  summary: 'idle minutes, then turns, under 512 MB: address space by what it is, against what is resident and charged',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/6413',
    says: 'VSZ 22,734,080 KB and RSS 418,688 KB within 1 to 2 minutes of every restart, in two mappings of 8 GB, several of 2 GB and many of 64 MB; a watchdog restarts it when VSZ passes 15 GB',
  },
  // The document's release on the document's Node: the reservations are the runtime's.
  systems: ['openclaw@2026.1.30+node.22.22.0', 'openclaw@2026.5.28', 'reference'],
  steps: { full: stepsOf('full'), quick: stepsOf('quick') },
  checks: [memoryDoesNotGrow, addressSpaceDoesNotGrow, allBoots, survives],
  curves: [
    curve('address space while idle', 'idle', 'addressBytes', MINUTES, DOCUMENT_VSZ_BYTES),
    curve('resident while idle', 'idle', 'residentBytes', MINUTES, DOCUMENT_RSS_BYTES),
    curve('address space over turns', 'turns', 'addressBytes', SINCE, DOCUMENT_VSZ_BYTES),
    curve('resident over turns', 'turns', 'residentBytes', SINCE, DOCUMENT_RSS_BYTES),
    curve('charged and not to be taken back, over turns', 'turns', 'keptBytes', SINCE),
  ],
  figures,

  memoryBytes: ({ memory }) => Math.min(memory.defaultBytes, LIMIT_BYTES),

  boot({ usual, boot }) {
    return { ...boot, env: { ...(usual?.env ?? boot.env), ...INSPECTED } };
  },

  async live(lab) {
    const idle = lab.isQuick ? IDLE.quick : IDLE.full;
    const stepsBefore = lab.steps - (lab.isQuick ? LAST_STEPS.quick : LAST_STEPS.full);
    if (lab.from <= stepsBefore) {
      if (!(await lab.boot())) return;
      const readyAt = Date.now();
      await measure(lab, 'ready', 0);
      await settle(lab);
      for (let step = lab.from; step <= idle.looks; step += 1) {
        lab.step(step);
        await lab.idle(idle.everyMs);
        await measure(lab, 'idle', (Date.now() - readyAt) / 60_000);
      }
      await drive(lab, idle.looks);
      await lab.stop();
    }
    await restarted(lab, stepsBefore);
  },
};

/** A boot goes on for a while after it is ready, and what it used is given back after that: the idle time begins when this is over. */
async function settle(lab: ScenarioLab): Promise<void> {
  let { keptBytes: before } = await kept(lab);
  for (let look = 0; look < SETTLE.looks; look += 1) {
    await lab.idle(SETTLE.everyMs);
    const { keptBytes: now } = await kept(lab);
    if (before === undefined || now === undefined || Math.abs(now - before) <= SETTLE.within * before) return;
    before = now;
  }
}

/** The steps with turns. The first turn, and what warms the code up, are no part of the line. */
async function drive(lab: ScenarioLab, stepsBefore: number): Promise<void> {
  const { looks, each, warmUp } = lab.isQuick ? TURNS.quick : TURNS.full;
  const turn = async (count: number) => {
    for (let done = 0; done < count; done += 1) await lab.turn('warm');
    await lab.quiet();
  };
  await turn(1);
  await measure(lab, 'first turn', 1);
  await turn(warmUp);
  for (let step = Math.max(lab.from, stepsBefore + 1); step <= stepsBefore + looks; step += 1) {
    lab.step(step);
    await turn(each);
    await measure(lab, 'turns', (step - stepsBefore) * each);
  }
}

/** What a restart changes, and what is left when nothing is reserved. */
async function restarted(lab: ScenarioLab, stepsBefore: number): Promise<void> {
  for (const [series, step, env] of [
    ['restart', stepsBefore + 1, {}],
    ['without', stepsBefore + 2, WITHOUT_RESERVATIONS],
  ] as const) {
    if (step < lab.from || step > lab.steps) continue;
    lab.step(step);
    if (!(await lab.boot(env))) return;
    await measure(lab, series, 0);
    await lab.turn('warm');
    await lab.quiet();
    await measure(lab, series, 1);
    await lab.stop();
  }
}

/** As `ps` would see it, and then what is left of it after a collection: garbage comes and goes. */
async function measure(lab: ScenarioLab, series: string, x: number): Promise<void> {
  const { mappings, end } = await lab.mapped();
  const left = await kept(lab);
  const all = spaceOf(mappings);
  const byClass = SPACE_CLASSES.map(
    (name) => [name, spaceOf(mappings.filter((one) => classOf(one) === name))] as const,
  );
  const bySize = Object.entries(SIZES).map(([name, bytes]) => [name, mappingsOfAbout(bytes, mappings).length]);
  lab.point(series, x, {
    addressBytes: all.bytes,
    residentBytes: all.residentBytes,
    mappings: all.mappings,
    ...Object.fromEntries(byClass.map(([name, space]) => [`${name}Bytes`, space.bytes])),
    ...Object.fromEntries(bySize),
    ...(end.currentBytes !== null && { chargedBytes: end.currentBytes }),
    ...left,
  });
}

/** What is alive on the JavaScript heap, and what is charged and of no file (absent: the cgroup does not tell), each the smallest of the readings. */
async function kept(lab: ScenarioLab): Promise<{ heapBytes: number; keptBytes?: number }> {
  const heaps: number[] = [];
  const charges: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    heaps.push((await lab.heap()).usedBytes);
    const { anonymousBytes } = await lab.charged();
    if (anonymousBytes !== null) charges.push(anonymousBytes);
  }
  return { heapBytes: Math.min(...heaps), ...(charges.length > 0 && { keptBytes: Math.min(...charges) }) };
}

const gigabytes = (bytes = 0): string => `${(bytes / GiB).toFixed(1)} GB`;
const megabytes = (bytes = 0): string => `${(bytes / MiB).toFixed(0)} MB`;
const kilobytes = (bytes = 0): string => `${Math.round(bytes / KiB).toLocaleString('en')} KB`;
const peak = (points: readonly Point[], value: string): number =>
  Math.max(0, ...points.map(({ values }) => values[value] ?? 0));

function figures(evidence: CellEvidence): Figure[] {
  const of = (series: string) => pointsOf(evidence, series);
  const [ready, idle, first, turns] = [of('ready'), of('idle'), of('first turn'), of('turns')];
  const last = [...idle, ...first, ...turns].at(-1);
  if (last === undefined) return [];
  const served = [...first, ...turns];
  const vsz = peak([...ready, ...idle, ...served], 'addressBytes');
  const rss = peak([...idle, ...served], 'residentBytes');
  const near = (value: number, document: number) => Math.abs(value - document) <= 0.1 * document;
  const space = ({ values }: Point) => gigabytes(values.addressBytes);
  const series = (points: readonly Point[]) => (points.length === 0 ? 'not measured' : points.map(space).join(', '));
  const two8 = (last.values.of8GB ?? 0) >= 2;
  const jumps = vsz - (ready[0]?.values.addressBytes ?? vsz) > GiB;
  const some8 = (last.values.of8GB ?? 0) > 0;
  return [
    {
      what: 'VSZ',
      document: `${kilobytes(DOCUMENT_VSZ_BYTES)}`,
      measured: `${kilobytes(vsz)} at most`,
      reproduced: near(vsz, DOCUMENT_VSZ_BYTES) ? 'yes' : some8 ? 'in part' : 'no',
    },
    {
      what: 'RSS',
      document: `${kilobytes(DOCUMENT_RSS_BYTES)}, "400–500 MB (normal)"`,
      measured: `${kilobytes(rss)} at most; ${megabytes(last.values.keptBytes)} are charged and of no file after a collection`,
      reproduced: near(rss, DOCUMENT_RSS_BYTES) ? 'yes' : 'no',
      ...(!near(rss, DOCUMENT_RSS_BYTES) && { why: 'no channel and no plugin runs here' }),
    },
    {
      what: 'it grows',
      document: '"reaches 22 GB within 1–2 minutes of restart", "and growing"',
      measured: `when it was ready ${series(ready)}; while idle, up to ${(idle.at(-1)?.x ?? 0).toFixed(1)} minutes, ${series(idle)}; after the first turn ${series(first)}; over the turns ${series(turns)}`,
      reproduced: addressSpaceGrowth(evidence).state === 'grows' ? 'yes' : jumps ? 'in part' : 'no',
      ...(jumps && { why: 'it comes in steps, each with something that is made once, and then stays' }),
    },
    {
      what: 'the mappings',
      document: 'two of 8 GB, several of 2 GB, many of 64 MB, all anonymous',
      measured: `${last.values.of8GB} of 8 GB or a little more, ${last.values.of2GB} of 2 GB, ${last.values.of64MB} of 64 MB or a little less: all of them may be touched by nobody (---p), and not one page of them is in memory`,
      reproduced:
        two8 && (last.values.of2GB ?? 0) > 0 ? 'yes' : some8 || (last.values.of64MB ?? 0) > 0 ? 'in part' : 'no',
    },
    whatItIs(evidence, last),
    ...whatTheyAre(of('without'), of('restart')),
    ...restartFigure(of('restart'), last),
  ];
}

function whatItIs(evidence: CellEvidence, { values }: Point): Figure {
  const [memory, address] = [memoryGrowth(evidence), addressSpaceGrowth(evidence)];
  const reserved = (values.reservedBytes ?? 0) + (values.untouchedBytes ?? 0);
  const made =
    `of ${gigabytes(values.addressBytes)} that are mapped, ${gigabytes(values.reservedBytes)} may be touched by nobody, ${gigabytes(values.untouchedBytes)} were not touched, ` +
    `${gigabytes(values.fileBytes)} are files, ${gigabytes(values.usedBytes)} are in use in part; ${megabytes(values.residentBytes)} are in memory`;
  const isReservation = reserved > 0.5 * (values.addressBytes ?? 0);
  const grows = [memory, address].find(({ state }) => state === 'grows');
  const unclear = [memory, address].find(({ state }) => state === 'unclear');
  const says = () => {
    if (grows !== undefined) return `${isReservation ? 'both, a reservation and a leak' : 'a leak'}: ${grows.says}`;
    if (unclear !== undefined)
      return `a reservation, and whether there is a leak beside it can't be told: ${unclear.says}`;
    return `a reservation, and no leak that a run of minutes can tell: charged and of no file, ${memory.says}`;
  };
  return {
    what: 'a leak, a reservation, or both',
    document: '"massive virtual memory leak"',
    measured: `${says()}; ${made}`,
    reproduced: grows !== undefined ? 'yes' : unclear !== undefined ? 'not measured' : 'no',
  };
}

/** The same system without guard regions and with one arena: what goes was reserved for them. */
function whatTheyAre(without: readonly Point[], restart: readonly Point[]): Figure[] {
  const [bare, usual] = [without.at(-1), restart.at(-1)];
  if (bare === undefined || usual === undefined) return [];
  const counts = ({ values }: Point) =>
    `${gigabytes(values.addressBytes)} with ${values.of8GB} of 8 GB, ${values.of4GB} of 4 GB, ${values.of2GB} of 2 GB and ${values.of64MB} of 64 MB, and ${megabytes(values.residentBytes)} in memory`;
  return [
    {
      what: 'what the mappings are',
      document: '"mmap() overcommit or heap fragmentation"',
      measured: `after one turn ${counts(usual)}; without guard regions around WebAssembly memories, and with one malloc arena for all threads, ${counts(bare)}`,
      reproduced: '-',
      why: 'V8 reserves 8 GB for each WebAssembly memory (and 2 GB before it, on Node 22) so that its code need not check bounds, and else the 4 GB that the memory may grow to; glibc reserves 64 MB for each malloc arena',
    },
  ];
}

function restartFigure(restart: readonly Point[], { values }: Point): Figure[] {
  const [ready, after] = [restart[0], restart.at(-1)];
  if (ready === undefined || after === undefined) return [];
  const isOver = (bytes = 0) => bytes > RESTART_AT_BYTES;
  const again = isOver(after.values.addressBytes);
  const verdict = !isOver(values.addressBytes)
    ? 'so the watchdog would never fire here'
    : again
      ? 'so it is above the threshold again at once: the watchdog would restart it for ever, for nothing'
      : 'so it stays below the threshold';
  return [
    {
      what: 'restart when VSZ passes 15 GB',
      document: '"Workaround Effectiveness: 70%", a restart every 10 to 15 minutes',
      measured: `before the restart ${gigabytes(values.addressBytes)} mapped and ${megabytes(values.residentBytes)} resident; ready again, ${gigabytes(ready.values.addressBytes)} and ${megabytes(ready.values.residentBytes)}; after its first turn, ${gigabytes(after.values.addressBytes)} and ${megabytes(after.values.residentBytes)}: ${verdict}`,
      reproduced: isOver(values.addressBytes) && again ? 'yes' : 'no',
    },
  ];
}
