import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import { stepOf } from './steps.ts';

/** A measured point of a curve, and the segment it was taken in: 1, and one more after each time that a run was taken up again. */
export interface Point {
  series: string;
  x: number;
  values: Readonly<Record<string, number>>;
  segment: number;
  /** Where it stands in the evidence. */
  seen: EvidenceOf<'point'>;
}

/** The points of a series, or of all, in the order in which they were taken. What belongs to a step that was cut off and done again is left out. */
export function pointsOf(evidence: CellEvidence, series?: string): Point[] {
  let points: (Point & { step: number })[] = [];
  let segment = 1;
  let step = 0;
  for (const event of evidence.events) {
    if (event.type === 'phase') step = stepOf(event.name) ?? step;
    if (event.type === 'resumed') {
      points = points.filter((point) => point.step < event.from);
      segment = event.segment;
      step = 0;
    }
    if (event.type !== 'point' || (series !== undefined && event.series !== series)) continue;
    points.push({ series: event.series, x: event.x, values: event.values, segment, seen: event, step });
  }
  return points;
}
