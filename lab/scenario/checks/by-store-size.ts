import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import { held, inconclusive, notApplicable, type Proof, type Verdict, violated } from '../../result/verdict.ts';
import { fitLine, type Line } from '../fit.ts';
import { bytesInWords } from '../in-words.ts';
import { type Point, pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** Bytes for each byte of the store, from which on something grows with the store and not beside it. */
export const GROWS = 0.2;
/** Heap that a turn may leave: what was said in one is less than this. */
export const TURN_KEEPS_BYTES = 4096;

/** What a boot keeps in memory, against the store that was planted, which is each point's x. */
export const heapLine = (boots: readonly Point[]): Line | undefined =>
  fitLine(boots.map(({ x, values }) => ({ x, y: values.heapBytes ?? 0 })));

/** What a turn writes, against the store as it was then: a boot may have trimmed it. */
export const writesLine = (turns: readonly Point[]): Line | undefined =>
  fitLine(turns.map(({ values }) => ({ x: values.storeBytes ?? 0, y: values.bytesPerTurn ?? 0 })));

function bySize(points: readonly Point[], line: Line | undefined, proof: Proof, value: string, name: string): Verdict {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || line === undefined)
    return inconclusive(`only ${points.length} points, or all of one size: too little for a line`);
  const { slope, halfWidth } = line;
  const says =
    `${name}: ${points.map(({ x, values }) => `${bytesInWords(values[value] ?? 0)} at ${bytesInWords(x)}`).join(', ')}; ` +
    `${slope.toFixed(3)} bytes for each byte of the store (95 %: ±${halfWidth.toFixed(3)})`;
  if (slope - halfWidth > GROWS) return violated(says, last.seen, first.seen);
  if (slope + halfWidth > GROWS) return inconclusive(`${says}: too wide to tell`);
  return held(proof, says, last.seen, first.seen);
}

export const memoryBySize: ScenarioCheck = {
  id: 'memory-bounded',
  promise: 'the heap after a boot does not grow with the size of the store',
  judge({ evidence, proof }) {
    const boots = pointsOf(evidence, 'boot');
    return bySize(boots, heapLine(boots), proof, 'heapBytes', 'heap after a boot');
  },
};

export const writesBySize: ScenarioCheck = {
  id: 'writes-bounded',
  promise: 'what a turn writes does not grow with the size of the store',
  judge({ evidence, proof }) {
    const turns = pointsOf(evidence, 'turns');
    return bySize(turns, writesLine(turns), proof, 'bytesPerTurn', 'bytes a turn writes');
  },
};

const OVER_TURNS = 'memory over turns';

/** The heap against the number of turns on one store; undefined where too few were taken. */
export const turnLine = (evidence: CellEvidence): Line | undefined =>
  fitLine(pointsOf(evidence, OVER_TURNS).map(({ x, values, segment }) => ({ x, y: values.heapBytes ?? 0, segment })));

export const memoryByTurn: ScenarioCheck = {
  id: 'heap-bounded',
  promise: 'the heap after a collection does not grow with the number of turns',

  judge({ evidence, proof }) {
    if (evidence.scenario?.isQuick === true)
      return notApplicable('the quick form takes too few turns to tell growth from warming up');
    const points = pointsOf(evidence, OVER_TURNS);
    const line = turnLine(evidence);
    const [first] = points;
    const last = points.at(-1);
    if (first === undefined || last === undefined || line === undefined)
      return inconclusive(`only ${points.length} points were taken: too few for a line`);
    const { slope, halfWidth } = line;
    const says = `${Math.round(slope)} bytes of heap a turn (95 %: ±${Math.round(halfWidth)}, ${points.length} points over ${last.x - first.x} turns)`;
    if (slope - halfWidth > TURN_KEEPS_BYTES) return violated(says, last.seen, first.seen);
    if (slope + halfWidth > TURN_KEEPS_BYTES) return inconclusive(`${says}: too wide to tell`);
    return held(proof, says, last.seen, first.seen);
  },
};
