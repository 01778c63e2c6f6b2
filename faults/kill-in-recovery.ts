import type { Fault } from '../lab/fault.ts';

export const killInRecovery: Fault = {
  name: 'kill-in-recovery',
  kind: 'dies',
  summary:
    'killed with SIGKILL, and once more in the boot that recovers from it, at the first change that this boot makes',
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,
  needsServer: true,

  async strike(target) {
    await target.kill();
    const isHeld = await target.dieInRecovery();
    target.note('second kill', { heldAtAChange: isHeld });
  },

  landing(evidence) {
    for (const boot of [1, 2]) {
      const stopped = evidence.of('stopped').find((event) => event.boot === boot);
      if (stopped?.exitCode !== 137)
        return {
          landed: false,
          why: `boot ${boot} ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137`,
        };
    }
    const second = evidence.gateOf('held', 2)[0];
    const where =
      second === undefined
        ? 'when it was ready: this recovery changed nothing before that'
        : `before ${second.op} ${second.path} of the recovery`;
    return { landed: true, proof: `killed twice, the second time ${where}` };
  },
};
