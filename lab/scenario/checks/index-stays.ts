import { held, inconclusive, violated } from '../../result/verdict.ts';
import { type Point, pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** When the system was asked, by the x of a point of the series `index`. */
const ASKED = ['before', 'after the crash', 'after a whole boot'] as const;

const entriesIn = ({ values }: Pick<Point, 'values'>): number => values.entries ?? -1;

export const indexStays: ScenarioCheck = {
  id: 'index-stays',
  promise: 'an index that is being made anew is the old one or the new one after a crash, and is not empty',

  judge({ evidence, proof }) {
    const points = pointsOf(evidence, 'index');
    // Each crash has its own look before: what the index is made from may have changed since the last one.
    const asked = points.flatMap((point, index) => {
      const before = points.slice(0, index).findLast(({ x }) => x === 0);
      return point.x === 0 || before === undefined ? [] : [{ ...point, before: entriesIn(before) }];
    });
    const last = asked.at(-1);
    if (last === undefined) return inconclusive('the index was not asked for after a crash');
    const none = asked.find(({ before }) => before <= 0);
    if (none !== undefined) return inconclusive(`the system shows no index before the crash: ${none.before} entries`);
    const silent = asked.find((point) => entriesIn(point) === -1);
    if (silent !== undefined) return inconclusive(`it does not say what its index has ${ASKED[silent.x as 1 | 2]}`);
    const gone = asked.filter((point) => entriesIn(point) !== point.before);
    const [first, ...others] = gone;
    if (first === undefined)
      return held(proof, `asked ${asked.length} times: all of ${last.before} entries`, last.seen);
    const words = gone.map((point) => `${entriesIn(point)} ${ASKED[point.x as 1 | 2]}`);
    return violated(
      `of ${first.before} entries there are ${words.join(', ')}`,
      first.seen,
      ...others.map(({ seen }) => seen),
    );
  },
};
