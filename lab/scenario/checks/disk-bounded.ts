import { held, inconclusive, violated } from '../../judge/verdict.ts';
import { fitLine } from '../fit.ts';
import { bytesInWords } from '../in-words.ts';
import { pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** What filled the disk of the document's user. */
const FULL_BYTES = 51e9;
/** A part of the store's size that a crash may leave without being told apart from nothing. */
const NEGLIGIBLE = 0.01;

export const diskBounded: ScenarioCheck = {
  id: 'disk-bounded',
  promise: 'what is left behind does not grow with the number of crashes',

  judge({ evidence, proof }) {
    const points = pointsOf(evidence, 'crashes');
    const last = points.at(-1);
    const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values.tempBytes ?? 0, segment })));
    if (last === undefined || line === undefined)
      return inconclusive(`only ${points.length} points were taken: too few for a line`);
    const { slope, halfWidth } = line;
    const left = `${last.values.temps} temps with ${bytesInWords(last.values.tempBytes ?? 0)} after ${last.x} crashes, beside a store of ${bytesInWords(last.values.storeBytes ?? 0)}`;
    const each = `${bytesInWords(slope)} a crash (95 %: ±${bytesInWords(halfWidth)}, ${points.length} points)`;
    if (slope - halfWidth > 0)
      return violated(
        `${left}: ${each}; at this rate ${Math.ceil(FULL_BYTES / slope)} crashes leave 51 GB`,
        last.seen,
        ...points.slice(0, 1).map((point) => point.seen),
      );
    if (slope + halfWidth > NEGLIGIBLE * (last.values.storeBytes ?? 0) && slope + halfWidth > 0)
      return inconclusive(`${left}: ${each} is neither nothing nor something`);
    return held(proof, `${left}: ${each}`, last.seen);
  },
};
