import { held, inconclusive, notApplicable, violated } from '../../result/verdict.ts';
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

/**
 * The same where chance decides which crash leaves something: a line through few steps of a staircase says little, but what never went down and rose
 * again is growth without any doubt.
 */
export const diskBoundedAtRandom: ScenarioCheck = {
  ...diskBounded,

  judge({ evidence, proof }) {
    const points = pointsOf(evidence, 'crashes');
    const bytes = points.map((point) => point.values.tempBytes ?? 0);
    const rises = points.filter((_, index) => index > 0 && (bytes[index] ?? 0) > (bytes[index - 1] ?? 0));
    const isNeverLess = bytes.every((one, index) => index === 0 || one >= (bytes[index - 1] ?? 0));
    const [first, second] = rises;
    const last = points.at(-1);
    if (last !== undefined && first !== undefined && isNeverLess) {
      const left = `${last.values.temps} temps with ${bytesInWords(last.values.tempBytes ?? 0)} after ${last.x} faults`;
      const when = rises.map((point) => point.x).join(', ');
      if (second !== undefined)
        return violated(
          `${left}: steps ${when} left something, and none of it ever went`,
          last.seen,
          ...rises.map((point) => point.seen),
        );
      return notApplicable(`${left}, all of it of step ${when}: nothing else left anything, so growth can't be told`);
    }
    if (points.length < 3 && evidence.of('not-ready').length > 0)
      return notApplicable('the system was not ready again: too few faults for a line');
    return diskBounded.judge({ evidence, proof });
  },
};
