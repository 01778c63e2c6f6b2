import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Curve } from '../result/figure.ts';
import { fitLine, type Line } from './fit.ts';
import { pointsOf } from './points.ts';

/** A curve with its points, in the order in which they were taken: x, y, segment. */
export interface DrawnCurve extends Omit<Curve, 'series' | 'value'> {
  points: [x: number, y: number, segment: number][];
  fit?: Line;
}

/** The curves of a scenario that have points. */
export function drawnCurves(curves: readonly Curve[], evidence: CellEvidence): DrawnCurve[] {
  return curves.flatMap(({ series, value, ...curve }) => {
    const samples = pointsOf(evidence, series).flatMap(({ x, values, segment }) => {
      const y = values[value];
      return y === undefined ? [] : [{ x, y, segment }];
    });
    if (samples.length === 0) return [];
    const fit = fitLine(samples);
    return [
      {
        ...curve,
        points: samples.map(({ x, y, segment }): [number, number, number] => [x, y, segment]),
        ...(fit !== undefined && { fit }),
      },
    ];
  });
}
