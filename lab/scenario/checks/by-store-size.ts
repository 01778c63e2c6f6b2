import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import { held, inconclusive, type Proof, type Verdict, violated } from '../../judge/verdict.ts';
import { fitLine } from '../fit.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** Bytes for each byte of the store, from which on something grows with the store and not beside it. */
const GROWS = 0.2;

interface Figure {
  series: string;
  /** What is to be independent of the size, and what the size is. */
  y: string;
  x: string;
  name: string;
}

function bySize(evidence: CellEvidence, proof: Proof, { series, x, y, name }: Figure): Verdict {
  const points = evidence.of('point').filter((point) => point.series === series);
  const [first] = points;
  const last = points.at(-1);
  const line = fitLine(points.map(({ values }) => ({ x: values[x] ?? 0, y: values[y] ?? 0 })));
  if (first === undefined || last === undefined || line === undefined)
    return inconclusive(`only ${points.length} points, or all of one size: too little for a line`);
  const { slope, halfWidth } = line;
  const megabytes = (bytes: number | undefined) => `${((bytes ?? 0) / 1e6).toFixed(2)} MB`;
  const says =
    `${name}: ${points.map(({ values }) => `${megabytes(values[y])} at ${megabytes(values[x])}`).join(', ')}; ` +
    `${slope.toFixed(3)} bytes for each byte of the store (95 %: ±${halfWidth.toFixed(3)})`;
  if (slope - halfWidth > GROWS) return violated(says, last, first);
  if (slope + halfWidth > GROWS) return inconclusive(`${says}: too wide to tell`);
  return held(proof, says, last, first);
}

export const memoryBySize: ScenarioCheck = {
  id: 'memory-bounded',
  promise: 'the heap after a boot does not grow with the size of the store',
  judge: ({ evidence, proof }) =>
    bySize(evidence, proof, { series: 'boot', x: 'plantedBytes', y: 'heapBytes', name: 'heap after a boot' }),
};

export const writesBySize: ScenarioCheck = {
  id: 'writes-bounded',
  promise: 'what a turn writes does not grow with the size of the store',
  judge: ({ evidence, proof }) =>
    bySize(evidence, proof, { series: 'turns', x: 'storeBytes', y: 'bytesPerTurn', name: 'bytes a turn writes' }),
};
