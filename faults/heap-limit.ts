import type { Fault } from '../lab/fault.ts';

/** V8 ends its process with abort(3): 128 + SIGABRT (6) is its exit code in a container. */
const ABORTED = 6;

const MiB = 1024 * 1024;
/** Of the memory limit: V8's own default may lie above it, and then the kernel is first. */
const HEAP_SHARE = 0.5;

/** Through Node's inspector, on the pod's loopback: its heap grows while the call is held in another thread. */
export const heapLimit: Fault = {
  name: 'heap-limit',
  kind: 'dies',
  summary:
    "a Node system's heap grows to the limit that V8 has (half of the memory limit) in the middle of the write: V8 aborts, and no cgroup has killed anything",
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,
  needsServer: true,

  env({ NODE_OPTIONS: own = '' }, memoryBytes) {
    const heap = `--max-old-space-size=${Math.floor((memoryBytes * HEAP_SHARE) / MiB)}`;
    return { NODE_OPTIONS: `${own} ${heap}`.trim() };
  },

  async strike(target) {
    const why = await target.exhaustHeap();
    if (why !== undefined) {
      target.note('not exhausted', { why });
      await target.signal('SIGKILL');
    }
    await target.ended();
  },

  landing(evidence) {
    const not = evidence.of('strike').find((event) => event.step === 'not exhausted');
    if (not !== undefined) return { landed: false, why: String(not.facts.why) };
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
