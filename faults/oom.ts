import type { Fault } from '../lab/fault.ts';

/** The kernel's own OOM kill in the system's cgroup, with the system as its victim. */
export const oom: Fault = {
  name: 'oom',
  kind: 'dies',
  summary: "ballast in /dev/shm brings the container to its memory limit, and the kernel's OOM killer takes the system",
  lethal: true,
  oomKills: 1,

  async strike(target) {
    const filled = await target.fillMemory();
    target.note('filled', { ...filled });
    if (filled.why !== 'gateway-died') {
      // The system lives: there is no OOM to judge, and the verdict says so. It must not stay held for ever.
      await target.signal('SIGKILL');
    }
    await target.ended();
  },

  landing(evidence) {
    const filled = evidence.gateOf('filled', 1)[0];
    if (filled === undefined) return { landed: false, why: 'writegate filled no memory' };
    if (filled.why !== 'gateway-died') {
      return { landed: false, why: `${filled.bytes} bytes of ballast did not make the kernel kill (${filled.why})` };
    }
    const kills = filled.oomKillsAfter - filled.oomKillsBefore - (filled.writerKilled ? 1 : 0);
    if (kills < 1) return { landed: false, why: "the cgroup's oom_kill counter did not rise" };
    if (evidence.docker('kill').length > 0)
      return { landed: false, why: 'a signal was sent as well; the death may be of that' };
    const exit = evidence.gateOf('exit', 1)[0];
    // Exit 137 alone proves nothing: the counter, and writegate having seen its own child die of SIGKILL that nobody sent, do.
    if (exit?.signal !== 9)
      return {
        landed: false,
        why: `the system was not the victim: writegate saw it end with ${exit?.signal ?? exit?.code ?? 'nothing'}`,
      };
    return {
      landed: true,
      proof: `the cgroup's oom_kill counter rose by ${kills} and the system died of SIGKILL that nobody sent`,
    };
  },
};
