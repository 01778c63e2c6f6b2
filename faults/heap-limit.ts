import type { Fault } from '../lab/fault.ts';

/** V8 ends its process with abort(3): 128 + SIGABRT (6) is its exit code in a container. */
const ABORTED = 6;

/** Through Node's inspector, on the pod's loopback: its heap grows while the call is held in another thread. */
export const heapLimit: Fault = {
  name: 'heap-limit',
  kind: 'dies',
  summary:
    "a Node system's heap grows to V8's own limit in the middle of the write: V8 aborts, and no cgroup has killed anything",
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,
  needsServer: true,

  async strike(target) {
    await target.exhaustHeap();
    await target.ended();
    await target.dockerEvent('die');
  },

  landing(evidence) {
    const [exit] = evidence.gateOf('exit', 1);
    if (exit?.signal !== ABORTED)
      return { landed: false, why: `it ended with ${exit?.signal ?? exit?.code ?? 'nothing'} and not of SIGABRT` };
    if (exit.oomKills > exit.oomKillsAtStart || evidence.docker('oom').length > 0)
      return { landed: false, why: 'the kernel killed for memory as well' };
    if (evidence.docker('kill').some((event) => !['10', 'SIGUSR1', 'USR1'].includes(event.attributes.signal ?? '')))
      return { landed: false, why: 'a signal was sent as well; the death may be of that' };
    return {
      landed: true,
      proof: 'it aborted by itself (SIGABRT, 134) at the limit of its heap, and the oom_kill counter did not rise',
    };
  },
};
