import { held, inconclusive, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** The turns that `Session.hold` drives into a fault: they may break off. */
const STRUCK = /^struck/;

export const survives: ScenarioCheck = {
  id: 'survives',
  promise: 'it lives until the lab ends it, and every turn that no fault cuts off is acknowledged',

  judge({ evidence, proof }) {
    const died = evidence.of('died')[0];
    if (died !== undefined) {
      const after = evidence.of('point').findLast((point) => point.t <= died.t);
      const when = after === undefined ? 'before the first point' : `after the point ${after.series} ${after.x}`;
      return violated(`${when}, in boot ${died.boot}, ${died.why}. Its last lines:\n  ${died.lastLines}`, died);
    }
    const turns = evidence.of('turn').filter((turn) => !STRUCK.test(turn.name));
    const refused = turns.filter((turn) => !turn.result.acknowledged);
    const [first] = refused;
    if (first !== undefined)
      return violated(
        `${refused.length} of ${turns.length} turns were not acknowledged; the first, "${first.name}" in boot ${first.boot}: ${first.result.error}`,
        ...([first, ...refused.slice(1)] as const),
      );
    const boots = evidence.of('ready');
    const last = boots.at(-1);
    if (last === undefined) return inconclusive('no boot was seen');
    return held(
      proof,
      `${boots.length} ${boots.length === 1 ? 'boot' : 'boots'}, ${turns.length} turns acknowledged`,
      last,
    );
  },
};
