import type { Check, Judged } from '../check.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import { servesAgain } from '../observe/judge-answers.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

/** The next turn; where calls have failed and only a boot is promised to mend that, the one after the boot. */
function turnAfter({ evidence, fault }: Judged): EvidenceOf<'turn'> | undefined {
  const named = (name: string) => evidence.of('turn').find((one) => one.name === name);
  const after = named('after');
  const isMendedByBoot = fault.failsCalls === true && evidence.cell.promises.recoversBy === 'restart';
  return isMendedByBoot && after?.result.acknowledged !== true ? (named('restarted') ?? after) : after;
}

export const serves: Check = {
  id: 'serves',
  promise: 'the next write is accepted and kept, within its limit: nothing of the dead process stands in the way',

  exercised(judged) {
    return turnAfter(judged) === undefined ? undefined : { by: 'the write after the fault' };
  },

  judge(judged) {
    const { evidence, fault, proof } = judged;
    const { answers } = evidence.cell.promises;
    const turn = turnAfter(judged);
    const limit = evidence.cell.promises.serveWithinMs;
    const next = answers === undefined ? 'the next turn' : 'the next write';
    if (turn === undefined) {
      if (fault.failsCalls === true && evidence.gateOf('exit', 1).length > 0)
        return notApplicable('it ended itself; recovers judges whether it works again');
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system did not get ready again')
        : inconclusive('no write was sent after the fault');
    }
    const took = Math.round(turn.result.tEnded - turn.result.tSent);
    if (!turn.result.acknowledged)
      return violated(`${next} failed after ${took} ms: ${turn.result.error ?? 'no reason given'}`, turn);
    if (took > limit) return violated(`${next} took ${took} ms; ${limit} ms are promised`, turn);
    if (answers !== undefined) return servesAgain(judged, answers, turn);
    return held(proof, `the next write was acknowledged after ${took} ms`, turn);
  },
};
