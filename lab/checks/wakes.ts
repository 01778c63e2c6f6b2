import type { Check } from '../check.ts';
import { activityOf, isBoot } from '../crash-point/activity.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { writeUnderWay } from '../result/exercise.ts';
import { held, inconclusive, notApplicable, type Proof, type Verdict, violated } from '../result/verdict.ts';

export const wakes: Check = {
  id: 'wakes',
  promise:
    'after a fault that it lives through, the held write completes and its temp was not taken away from under it',

  exercised: ({ evidence }) => writeUnderWay(evidence),

  judge({ evidence, fault, proof }) {
    if (fault.lethal) return notApplicable('the fault ended the system');
    if (fault.failsCalls === true)
      return notApplicable(
        'its calls failed: what it says of that is judged by reports-failure, and what it does then by recovers',
      );
    const held_ = evidence.gateOf('held', 1)[0];
    const released = evidence.of('gate').find((event) => event.event.ev === 'released');
    if (isBoot(activityOf(evidence.cell.crashPoint))) return wokenBoot(evidence, proof);
    const turns = evidence.of('turn').filter((one) => /^struck(-|$)/.test(one.name));
    // Which of several turns made the call is not known: each of them must be served.
    const turn = turns.find((one) => !one.result.acknowledged) ?? turns.at(-1);
    if (held_ === undefined || released === undefined || turn === undefined)
      return inconclusive('the end of the held write was not seen');
    const exit = evidence.gateOf('exit', 1)[0];
    const isStopped = evidence.of('stopped').some((event) => event.boot === 1 && event.byLab);
    if (exit !== undefined && !isStopped)
      return violated(
        `the system ended with ${exit.signal === undefined ? `code ${exit.code}` : `signal ${exit.signal}`} when it woke`,
        exit,
      );
    // At a moment that nobody chose it may remember times of files, which the lab sets back: to be refused with an answer is to end well.
    const isAtRandom = evidence.of('drawn').length > 0 && turn.result.status !== undefined;
    if (!turn.result.acknowledged && fault.mayRefuse !== true && !isAtRandom)
      return violated(`the held write failed after it woke: ${turn.result.error ?? 'no reason given'}`, turn);
    const temp = held_.path;
    const beside = evidence.snapshot('beside');
    if (
      beside !== undefined &&
      evidence.entry('held', temp) !== undefined &&
      evidence.entry('beside', temp) === undefined
    ) {
      const others = evidence
        .of('gate')
        .find(({ boot, event }) => boot > 1 && event.ev === 'op' && event.op === 'unlink' && event.path === temp);
      return violated(
        `its temp ${temp} was taken from under it while it slept, ${others === undefined ? 'by a command' : 'by a second system'}`,
        others ?? beside,
        beside,
      );
    }
    const swept = evidence
      .gateOf('op', 1)
      .find((op) => op.op === 'unlink' && op.path === temp && op.seq > held_.seq && evidence.isTemp(temp));
    // A write that was refused takes its own temp away.
    if (swept !== undefined && fault.mayRefuse !== true)
      return violated(`its temp file ${temp} was removed while it slept or when it woke`, swept);
    if (!turn.result.acknowledged)
      return held(proof, `the held write was refused: ${turn.result.error ?? 'no reason given'}`, turn);
    const afterMs = Math.round(turn.result.tEnded - released.event.t);
    const when = afterMs < 0 ? 'before the call that was held' : `${afterMs} ms after the call continued`;
    return held(proof, `the held write was acknowledged ${when}`, turn);
  },
};

/** A boot that was struck in its middle and went on: it is ready at its end. */
function wokenBoot(evidence: CellEvidence, proof: Proof): Verdict {
  const failed = evidence.of('not-ready').find((event) => event.boot === 1);
  if (failed !== undefined) return violated(`the held boot continued and did not get ready: ${failed.why}`, failed);
  const ready = evidence.of('ready').find((event) => event.boot === 1);
  const released = evidence.of('gate').find((event) => event.event.ev === 'released');
  if (ready === undefined || released === undefined) return inconclusive('the end of the held boot was not seen');
  const afterMs = Math.round(ready.tReady - released.event.t);
  return held(proof, `the held boot was ready ${Math.max(0, afterMs)} ms after the call continued`, ready);
}
