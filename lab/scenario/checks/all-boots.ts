import { held, inconclusive, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';

export const allBoots: ScenarioCheck = {
  id: 'boots',
  promise: 'it is ready again within its limit after every crash',

  judge({ evidence, proof }) {
    // A second system on the same folder may refuse.
    const seconds = new Set(evidence.of('second').map((event) => event.boot));
    const failed = evidence.of('not-ready').find((event) => !seconds.has(event.boot));
    if (failed !== undefined)
      return violated(`boot ${failed.boot}: ${failed.why}. Its last lines:\n  ${failed.lastLines}`, failed);
    const ready = evidence.of('ready').filter((event) => !seconds.has(event.boot));
    const last = ready.at(-1);
    if (last === undefined) return inconclusive('no boot was seen');
    const slowest = Math.max(...ready.map((event) => event.tookMs));
    return held(proof, `${ready.length} boots, the slowest ${slowest} ms`, last);
  },
};
