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
    await target.signal('SIGKILL');
    await target.ended();
    await target.dockerEvent('die');
    await target.replace();
  },

  landing(evidence) {
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped?.exitCode !== 137)
      return { landed: false, why: `it ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137` };
    const [before] = evidence.gateOf('start', 1);
    const [after] = evidence.gateOf('start', 2);
    if (before === undefined || after === undefined) return { landed: false, why: 'it was not started again' };
    if (before.hostname === after.hostname)
      return { landed: false, why: `it has the same hostname, ${after.hostname}` };
    if (before.pid === after.pid) return { landed: false, why: `it has the same process id, ${after.pid}` };
    return {
      landed: true,
      proof: `killed as process ${before.pid} on ${before.hostname}, and started as ${after.pid} on ${after.hostname}`,
    };
  },
};
