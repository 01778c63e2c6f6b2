import type { Check, Judged } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment } from '../evidence/event.ts';
import { struckIsThere } from '../observe/judge-answers.ts';
import { failure } from '../result/exercise.ts';
import { held, inconclusive, notApplicable, type Verdict, violated } from '../result/verdict.ts';
import { lostTurn } from './acked-durable.ts';

type Turn = EvidenceOf<'turn'>;

/** Where it is looked for: when the write was through, and after the boot that came next. */
const LOOKS: readonly Moment[] = ['woken', 'rebooted'];

/** Where the system is asked for it, and not only its files. */
function isInAnswer(evidence: CellEvidence, turn: Turn): Verdict | undefined {
  const answer = evidence.of('answer').find((event) => event.moment === 'rebooted');
  if (answer === undefined || (answer.acknowledged && answer.text.includes(turn.text))) return undefined;
  const said = answer.acknowledged ? 'the system does not have it' : `the system, asked for it, says: ${answer.error}`;
  return violated(`after a boot: the turn "${turn.name}" had succeeded, and ${said}`, answer, turn);
}

export const reportsFailure: Check = {
  id: 'reports-failure',
  promise: 'where a call fails, it says no success for a write that is not there afterwards',

  exercised: ({ evidence }) => failure(evidence),

  judge(judged: Judged) {
    const { evidence, fault, proof } = judged;
    if (fault.failsCalls !== true) return notApplicable('no call failed');
    const turn = evidence.of('turn').find(({ name }) => /^struck(-|$)/.test(name));
    if (turn === undefined) return inconclusive('the end of the held write was not seen');
    const how = turn.result.error ?? 'no reason given';
    if (!turn.result.acknowledged) return held(proof, `it reported the failure: ${how}`, turn);
    const { answers } = evidence.cell.promises;
    if (answers !== undefined) return struckIsThere(judged, answers, turn);
    for (const moment of LOOKS) {
      const listing = evidence.snapshot(moment);
      if (listing === undefined) continue;
      const { missing, unknown } = lostTurn(evidence, listing, turn);
      if (missing.length > 0)
        return violated(
          `${moment}: the turn "${turn.name}" had succeeded, and it is not in ${missing.join(', ')}`,
          listing,
          turn,
        );
      if (unknown.length > 0) return inconclusive(`${moment}: the content of ${unknown.join(', ')} was not kept`);
    }
    return isInAnswer(evidence, turn) ?? held(proof, 'it reported success, and the write is there', turn);
  },
};
