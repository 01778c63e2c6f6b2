import { held, inconclusive, violated } from '../../result/verdict.ts';
import { pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** What a point of the series `commands` stands for, by its x. */
export const RUNS = { 1: 'alone', 2: 'beside a young lock of another process' } as const;

const SAID_CHARS = 300;

export const configStays: ScenarioCheck = {
  id: 'config-stays',
  promise: 'a command that only reads leaves what a person wrote in its place',

  judge({ evidence, proof }) {
    const points = pointsOf(evidence, 'commands');
    const [first] = points;
    const last = points.at(-1);
    if (first === undefined || last === undefined) return inconclusive('no command was run');
    const replaced = points.filter(({ values }) => values.inPlace === 0);
    const [one] = replaced;
    const failed = evidence.of('command').find(({ exitCode }) => exitCode !== 0);
    // One that did nothing at all leaves everything in its place.
    if (one === undefined && failed !== undefined)
      return inconclusive(
        `${failed.argv.join(' ')} ended with code ${failed.exitCode}: ${failed.stderr.slice(0, SAID_CHARS)}`,
      );
    if (one === undefined)
      return held(proof, `the text of the person is in its place after ${points.length} commands`, last.seen);
    const said = replaced.map(({ x, values }) => {
      const where =
        values.inFiles === 0
          ? 'its text is in no file any more'
          : `its text is in ${values.inFiles} other file${values.inFiles === 1 ? '' : 's'}`;
      return `${RUNS[x as 1 | 2]}: it was replaced, and ${where}`;
    });
    return violated(said.join('; '), one.seen, ...replaced.slice(1).map(({ seen }) => seen));
  },
};
