import { held, inconclusive, type Verdict, violated } from '../../judge/verdict.ts';
import { fitLine } from '../fit.ts';
import { pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** What an entry in a Map takes at least, key included: less for each thing is no thing that was kept. */
const KEPT_BYTES = 40;

export const heapBounded: ScenarioCheck = {
  id: 'heap-bounded',
  promise:
    'what it has done with is forgotten: the heap after a collection does not grow with the number of runs, clients or transcripts',

  judge({ evidence, proof }) {
    const kinds = [...new Set(pointsOf(evidence).map((point) => point.series))];
    if (kinds.length === 0) return inconclusive('no point was taken');
    const told: string[] = [];
    let unclear: Verdict | undefined;
    for (const kind of kinds) {
      const points = pointsOf(evidence, kind);
      const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values.heapBytes ?? 0, segment })));
      if (line === undefined)
        return inconclusive(`${kind}: only ${points.length} points were taken: too few for a line`);
      const { slope, halfWidth } = line;
      const [first] = points;
      const says = `${kind}: ${slope.toFixed(1)} bytes of heap each (95 %: ±${halfWidth.toFixed(1)}, ${points.length} points over ${(points.at(-1)?.x ?? 0) - (first?.x ?? 0)})`;
      if (first !== undefined && slope - halfWidth > KEPT_BYTES)
        return violated(`leak: ${says}`, first.seen, ...points.slice(1).map((point) => point.seen));
      if (slope + halfWidth > KEPT_BYTES) unclear ??= inconclusive(`${says}: too wide to tell`);
      told.push(says);
    }
    return (
      unclear ??
      held(
        proof,
        told.join('; '),
        ...pointsOf(evidence)
          .slice(-1)
          .map((point) => point.seen),
      )
    );
  },
};
