import { held, inconclusive, type Proof, type Verdict, violated } from '../../judge/verdict.ts';
import { fitLine, type Line } from '../fit.ts';
import { type Point, pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** Bytes for each byte of the store, from which on something grows with the store and not beside it. */
export const GROWS = 0.2;
/** Heap that a turn may leave: what was said in one is less than this. */
const TURN_KEEPS_BYTES = 4096;

const megabytes = (bytes: number | undefined) => `${((bytes ?? 0) / 1e6).toFixed(2)} MB`;

/** A value against the size of the store that was planted, which is each point's x. */
export const sizeLine = (points: readonly Point[], value: string): Line | undefined =>
  fitLine(points.map(({ x, values }) => ({ x, y: values[value] ?? 0 })));

function bySize(points: readonly Point[], proof: Proof, value: string, name: string): Verdict {
  const [first] = points;
  const last = points.at(-1);
  const line = sizeLine(points, value);
  if (first === undefined || last === undefined || line === undefined)
    return inconclusive(`only ${points.length} points, or all of one size: too little for a line`);
  const { slope, halfWidth } = line;
  const says =
    `${name}: ${points.map(({ x, values }) => `${megabytes(values[value])} at ${megabytes(x)}`).join(', ')}; ` +
    `${slope.toFixed(3)} bytes for each byte of the store (95 %: ±${halfWidth.toFixed(3)})`;
  if (slope - halfWidth > GROWS) return violated(says, last.seen, first.seen);
  if (slope + halfWidth > GROWS) return inconclusive(`${says}: too wide to tell`);
  return held(proof, says, last.seen, first.seen);
}

export const memoryBySize: ScenarioCheck = {
  id: 'memory-bounded',
  promise: 'the heap after a boot does not grow with the size of the store',
  judge: ({ evidence, proof }) => bySize(pointsOf(evidence, 'boot'), proof, 'heapBytes', 'heap after a boot'),
};

export const writesBySize: ScenarioCheck = {
  id: 'writes-bounded',
  promise: 'what a turn writes does not grow with the size of the store',
  judge: ({ evidence, proof }) => bySize(pointsOf(evidence, 'turns'), proof, 'bytesPerTurn', 'bytes a turn writes'),
};

export const memoryByTurn: ScenarioCheck = {
  id: 'heap-bounded',
  promise: 'the heap after a collection does not grow with the number of turns, whatever the size of the store',

  judge({ evidence, proof }) {
    // Each store has its own level; a turn leaves the same on all of them.
    const points = pointsOf(evidence).filter(({ series }) => series.startsWith('memory over turns'));
    const stores = [...new Set(points.map(({ series }) => series))];
    const line = fitLine(
      points.map(({ series, x, values }) => ({ x, y: values.heapBytes ?? 0, segment: stores.indexOf(series) })),
    );
    const [first] = points;
    const last = points.at(-1);
    if (first === undefined || last === undefined || line === undefined)
      return inconclusive(`only ${points.length} points were taken: too few for a line`);
    const { slope, halfWidth } = line;
    const says = `${Math.round(slope)} bytes of heap a turn (95 %: ±${Math.round(halfWidth)}, ${points.length} points on ${stores.length} stores)`;
    if (slope - halfWidth > TURN_KEEPS_BYTES) return violated(says, last.seen, first.seen);
    if (slope + halfWidth > TURN_KEEPS_BYTES) return inconclusive(`${says}: too wide to tell`);
    return held(proof, says, last.seen, first.seen);
  },
};
