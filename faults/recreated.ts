import { inAnotherContainer } from '../lab/evidence/another-container.ts';
import type { Fault } from '../lab/fault.ts';

export const recreated: Fault = {
  name: 'recreated',
  kind: 'stops',
  summary:
    'killed with SIGKILL, and its container is replaced: another hostname and other process ids on the same state, as an orchestrator does it',
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    await target.kill();
    await target.replace();
  },

  landing(evidence) {
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped?.exitCode !== 137)
      return { landed: false, why: `it ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137` };
    return inAnotherContainer(evidence);
  },
};
