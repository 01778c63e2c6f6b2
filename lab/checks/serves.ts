import type { Check } from '../check.ts';
import { held, inconclusive, notApplicable, violated } from '../judge/verdict.ts';
import { servesAgain } from '../observe/judge-answers.ts';

export const serves: Check = {
  id: 'serves',
  promise: 'the next write is accepted and kept, within its limit: nothing of the dead process stands in the way',

  judge(judged) {
    const { evidence, proof } = judged;
    const { answers } = evidence.cell.promises;
    const turn = evidence.of('turn').find((one) => one.name === 'after');
    const limit = evidence.cell.promises.serveWithinMs;
    const next = answers === undefined ? 'the next turn' : 'the next write';
    if (turn === undefined) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system was not ready again')
        : inconclusive('no turn was sent after the fault');
    }
    const took = Math.round(turn.result.tEnded - turn.result.tSent);
    if (!turn.result.acknowledged)
      return violated(`${next} failed after ${took} ms: ${turn.result.error ?? 'no reason given'}`, turn);
    if (took > limit) return violated(`${next} took ${took} ms, and ${limit} are promised`, turn);
    if (answers !== undefined) return servesAgain(judged, answers, turn);
    return held(proof, `the next turn was acknowledged after ${took} ms`, turn);
  },
};
