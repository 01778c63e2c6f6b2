import { failedCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';
import { whyNot } from '../lab/gate/call-errors.ts';

/** Two faults in a row in the same write: what the first one left is all that the second one finds. */
export const noSpaceThenKill: Fault = {
  name: 'no-space-then-kill',
  kind: 'dies',
  summary:
    'the held call fails with ENOSPC, and so does every later one in the state folder that takes room; then it is killed with SIGKILL, and booted again where there is room',
  lethal: true,
  mayRefuse: true,
  inDefaultPlan: false,
  oomKills: 0,
  unfit: (hold) => whyNot('ENOSPC', hold),

  async strike(target) {
    await target.refuse('ENOSPC', 'folder');
    await target.fail('ENOSPC');
    await target.turnHadItsTime();
    await target.kill();
  },

  landing(evidence) {
    const failed = failedCall(evidence, 'ENOSPC');
    if ('landed' in failed) return failed;
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped?.exitCode !== 137)
      return { landed: false, why: `it ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137` };
    const more = evidence.gateOf('answered', 1).filter(({ by }) => by === 'refusal').length;
    return {
      landed: true,
      proof: `${failed.proof}; ${more} later calls failed too until it was killed`,
    };
  },
};
