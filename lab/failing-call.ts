import type { CellEvidence } from './evidence/cell-evidence.ts';
import type { Fault, Landing } from './fault.ts';
import { type CallError, whyNot } from './gate/call-errors.ts';
import type { GateEventOf } from './gate/protocol.ts';

/** How a fault makes the held call fail. */
export interface FailingCall {
  name: string;
  summary: string;
  error: CallError;
  /** What fails from there on, until the turn has had its time. Absent: the held call alone. */
  from?: 'file' | 'folder';
  /** A sweep of errors has it. Absent: yes. */
  isSwept?: false;
}

/** What every fault has that lets a call of the system fail: it lives on, it may refuse the write, and then it is booted on what it said. */
export const CALL_FAILS = {
  kind: 'fails',
  lethal: false,
  mayRefuse: true,
  failsCalls: true,
  inDefaultPlan: false,
  oomKills: 0,
} as const;

/** Whether a held call can be cut short. */
export const unfitUnlessWrite: NonNullable<Fault['unfit']> = ({ op }) =>
  op === 'write' ? undefined : `${op} writes no bytes that could be too few`;

/** A fault that answers the held call with an error, in the kernel's place. */
export function failingCall({ name, summary, error, from, isSwept }: FailingCall): Fault {
  return {
    name,
    summary,
    ...CALL_FAILS,
    ...(isSwept === false ? {} : { sweep: from === undefined ? 'once' : 'from there on' }),
    unfit: (hold) => whyNot(error, hold),

    async strike(target) {
      if (from !== undefined) await target.refuse(error, from);
      await target.fail(error);
      await target.turnHadItsTime();
      if (from !== undefined) target.note('taken away', { failed: (await target.allow()) ?? null });
    },

    landing(evidence) {
      const failed = failedCall(evidence, error);
      if ('landed' in failed) return failed;
      if (from === undefined) return { landed: true, proof: failed.proof };
      const more = refusedLater(evidence).length;
      const away = evidence.of('strike').find((event) => event.step === 'taken away');
      if (away === undefined) return { landed: false, why: 'the error was never taken away' };
      const all = typeof away.facts.failed === 'number' ? away.facts.failed : more;
      return { landed: true, proof: `${failed.proof}; ${all} later calls failed too until it was taken away` };
    },
  };
}

const refusedLater = (evidence: CellEvidence) => evidence.gateOf('answered', 1).filter(({ by }) => by === 'refusal');

/** The held call, if it failed with the error, and how. Of a write that had taken a part, what was left of it did. */
export function failedCall(
  evidence: CellEvidence,
  error: CallError,
): { call: GateEventOf<'answered'>; proof: string } | Extract<Landing, { landed: false }> {
  const call = evidence.gateOf('answered', 1).find(({ by }) => by === 'hold');
  if (call === undefined) return { landed: false, why: 'the held call was not answered' };
  const what = `${call.op} ${call.path} (${call.syscall})`;
  if (call.error === error) return { call, proof: `${what} was answered with ${error}, and the kernel never ran it` };
  const { bytes: asked = 0, tornBytes = 0 } = evidence.gateOf('held', 1)[0] ?? {};
  if (tornBytes === 0 || call.result <= 0 || call.result >= asked)
    return { landed: false, why: `the held call was answered with ${call.error ?? call.result}` };
  const rest = refusedLater(evidence).some((later) => later.op === 'write' && later.path === call.path)
    ? `the next write was answered with ${error}`
    : 'nothing more was written to it';
  return { call, proof: `${what} wrote ${call.result} of ${asked} bytes and said so, and ${rest}` };
}
