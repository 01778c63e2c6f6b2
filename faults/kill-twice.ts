import type { Fault } from '../lab/fault.ts';

/** A crash loop: whoever asks again after the restart meets the same end. What the first write left is what the second one builds on. */
export const killTwice: Fault = {
  name: 'kill-twice',
  kind: 'dies',
  summary:
    'killed with SIGKILL, booted again, and killed once more at the same place of the next write, before that one is through',
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,
  strikesNextWrite: true,

  async strike(target) {
    await target.kill();
    target.note('second kill', { where: await target.dieInNextWrite() });
  },

  landing(evidence) {
    const recovery = evidence.of('phase').find(({ name }) => name === 'prepare')?.t ?? Number.POSITIVE_INFINITY;
    const stopped = evidence.of('stopped').filter(({ t }) => t <= recovery);
    const [first, second] = [stopped[0], stopped.slice(1).at(-1)];
    if (first?.exitCode !== 137)
      return { landed: false, why: `boot 1 ended with ${first?.exitCode ?? 'no exit code'} and not with 137` };
    if (!evidence.of('ready').some(({ boot, t }) => boot > 1 && t <= recovery))
      return {
        landed: true,
        proof: 'killed with SIGKILL; the boot after that was never ready, so there was no next write to be struck',
      };
    if (second?.exitCode !== 137)
      return {
        landed: false,
        why: `the boot after the first kill ended with ${second?.exitCode ?? 'no exit code'} and not with 137`,
      };
    const held = evidence.gateOf('held', second.boot)[0];
    const where =
      held === undefined
        ? 'when the next write was over: it did not come to that place'
        : `at ${held.op} ${held.path} of the next write`;
    return { landed: true, proof: `killed twice with SIGKILL, the second time ${where}` };
  },
};
