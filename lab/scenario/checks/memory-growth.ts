import { mebibytes } from '../../cell-id.ts';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import { held, inconclusive, type Proof, type Seen, type Verdict, violated } from '../../result/verdict.ts';
import { fitLine } from '../fit.ts';
import { type Point, pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

const GiB = 1024 ** 3;
const MINUTES_OF_A_DAY = 24 * 60;
/** A run of minutes can't tell what grows more slowly than this. */
const MINUTES_TO_THE_LIMIT = 60;
const TURNS_TO_THE_LIMIT = 200;

/** What grows, along what, and how much of it for one of that is too much. */
interface Growth {
  series: string;
  /** What is counted along it. */
  one: string;
  atMostBytes(points: readonly Point[], limitBytes: number): number;
  /** Why that much. */
  because: string;
  /** What a boot took may be given back some time later, while nothing else happens. */
  givesBack?: true;
  /** What is looked at in its place in the quick form, and what that is: over few operations the memory that is charged swings by more than they leave. */
  quick?: { value: string; is: string };
}

/** From the lowest point of the first half on: what is given back late hides growth, and makes a line that tells nothing. */
function fromTheLowest(points: readonly Point[], value: string): readonly Point[] {
  const half = points.slice(0, Math.floor(points.length / 2)).map(({ values }) => values[value] ?? 0);
  return points.slice(Math.max(0, half.indexOf(Math.min(...half))));
}

const megabytes = (bytes = 0): string => {
  const text = (bytes / 1e6).toFixed(2);
  return `${text === '-0.00' ? '0.00' : text} MB`;
};

/** `bounded`: with 95 % it grows by less than is too much; `grows`: by more; `unclear`: can't be told, or was not seen. */
export interface Judged {
  state: 'bounded' | 'grows' | 'unclear';
  says: string;
  seen: readonly Seen[];
}

function judgeOne(evidence: CellEvidence, usual: string, growth: Growth): Judged {
  const quick = evidence.scenario?.isQuick === true ? growth.quick : undefined;
  const value = quick?.value ?? usual;
  const all = pointsOf(evidence, growth.series).filter((point) => value in point.values);
  const points = growth.givesBack === true ? fromTheLowest(all, value) : all;
  const [first] = points;
  const last = points.at(-1);
  const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values[value] ?? 0, segment })));
  if (first === undefined || last === undefined || line === undefined) {
    const says = `${growth.series}: only ${points.length} points were taken: too few for a line`;
    return { state: 'unclear', says, seen: [] };
  }
  const atMost = growth.atMostBytes(points, evidence.scenario?.memoryBytes ?? 0);
  const { slope, halfWidth } = line;
  const says =
    `${growth.series}${quick === undefined ? '' : `, ${quick.is}`}: from ${megabytes(first.values[value])} to ${megabytes(last.values[value])}, ` +
    `${megabytes(slope)} a ${growth.one} (95 %: ±${megabytes(halfWidth)}, ${points.length} points)`;
  const bound = `${megabytes(atMost)} a ${growth.one} ${growth.because}`;
  const seen = [last.seen, first.seen];
  if (slope - halfWidth > atMost) return { state: 'grows', says: `${says}; ${bound}`, seen };
  if (slope + halfWidth > atMost) return { state: 'unclear', says: `${says}: too wide to tell; ${bound}`, seen };
  return { state: 'bounded', says: `${says}, where ${bound}`, seen };
}

/** All curves of one thing; the worst says it. */
function judgeAll(evidence: CellEvidence, value: string, growths: readonly Growth[]): Judged {
  const judged = growths.map((growth) => judgeOne(evidence, value, growth));
  const worst = judged.find(({ state }) => state === 'grows') ?? judged.find(({ state }) => state === 'unclear');
  if (worst !== undefined) return worst;
  return {
    state: 'bounded',
    says: judged.map(({ says }) => says).join('; '),
    seen: judged.flatMap(({ seen }) => seen),
  };
}

function verdict({ state, says, seen }: Judged, proof: Proof): Verdict {
  const [first, ...others] = seen;
  if (state === 'grows' && first !== undefined) return violated(says, first, ...others);
  return state === 'bounded' ? held(proof, says, ...seen) : inconclusive(says);
}

const limit = (evidence: CellEvidence): string => mebibytes(evidence.scenario?.memoryBytes ?? 0);

const room = (points: readonly Point[], limitBytes: number): number =>
  Math.max(0, limitBytes - Math.max(...points.map(({ values }) => values.keptBytes ?? 0)));

/** `keptBytes` of the points: what is charged after a collection and belongs to no file, so that nobody can take it back. */
export const memoryGrowth = (evidence: CellEvidence): Judged =>
  judgeAll(evidence, 'keptBytes', [
    {
      series: 'idle',
      one: 'minute',
      atMostBytes: (points, limit) => room(points, limit) / MINUTES_TO_THE_LIMIT,
      because: 'reach the limit in an hour',
      givesBack: true,
    },
    {
      series: 'turns',
      one: 'turn',
      atMostBytes: (points, limit) => room(points, limit) / TURNS_TO_THE_LIMIT,
      because: `reach the limit in ${TURNS_TO_THE_LIMIT} turns`,
      quick: { value: 'heapBytes', is: 'the JavaScript heap alone' },
    },
  ]);

/** 47 bits on x86-64 (x86_64/mm.rst of the kernel): 128 TiB. Reserved address space costs nothing until there is none left. */
const ADDRESS_SPACE_BYTES = 128 * 1024 * GiB;

/** `addressBytes` of the points: all that is mapped, which `ps` calls VSZ. */
export const addressSpaceGrowth = (evidence: CellEvidence): Judged =>
  judgeAll(evidence, 'addressBytes', [
    {
      series: 'idle',
      one: 'minute',
      atMostBytes: () => ADDRESS_SPACE_BYTES / (90 * MINUTES_OF_A_DAY),
      because: 'use up the 128 TiB in 90 days',
      givesBack: true,
    },
    {
      series: 'turns',
      one: 'turn',
      atMostBytes: () => ADDRESS_SPACE_BYTES / 1e6,
      because: 'use up the 128 TiB in a million turns',
    },
  ]);

export const memoryDoesNotGrow: ScenarioCheck = {
  id: 'memory-bounded',
  promise: 'what is charged and can’t be taken back does not grow while it is idle, nor with the turns',
  judge({ evidence, proof }) {
    // A kill says more than a line of the points before it.
    const killed = evidence.gateOf('exit').find((exit) => exit.oomKills > exit.oomKillsAtStart);
    if (killed !== undefined) {
      const kills = killed.oomKills - killed.oomKillsAtStart;
      return violated(`${kills} OOM ${kills === 1 ? 'kill' : 'kills'} under a limit of ${limit(evidence)}`, killed);
    }
    return verdict(memoryGrowth(evidence), proof);
  },
};

export const addressSpaceDoesNotGrow: ScenarioCheck = {
  id: 'address-space-bounded',
  promise: 'what is reserved is reserved once: the address space does not grow while it is idle, nor with the turns',
  judge({ evidence, proof }) {
    const partial = evidence
      .gateOf('mapped')
      .find((mapped) => mapped.leftOut > 0 || mapped.unreadable > 0 || !mapped.allProcesses);
    if (partial !== undefined) {
      const { mappings, leftOut, unreadable } = partial;
      return inconclusive(
        `a listing is not whole: ${mappings} mappings, ${leftOut} left out, ${unreadable} processes that could not be read`,
      );
    }
    return verdict(addressSpaceGrowth(evidence), proof);
  },
};
