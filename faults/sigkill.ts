import type { Fault } from '../lab/fault.ts';

/** SIGKILL to the whole container, as `docker kill` or a host's reset would end it. */
export const sigkill: Fault = {
  name: 'sigkill',
  kind: 'dies',
  summary: 'every process of the container is killed with SIGKILL through the Docker API',
  lethal: true,
  oomKills: 0,

  async strike(target) {
    await target.kill();
  },

  landing(evidence) {
    const kill = evidence
      .docker('kill')
      // Podman does not say which signal it was (podman-events(1)): the exit code does.
      .find(({ attributes: { signal } }) => signal === undefined || ['9', 'SIGKILL', 'KILL'].includes(signal));
    if (kill === undefined) return { landed: false, why: 'the engine reported no SIGKILL' };
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    // 128 + 9 (docker run, exit status): it died of the signal and did not leave by itself.
    if (stopped?.exitCode !== 137)
      return { landed: false, why: `the container ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137` };
    if (stopped.oomKilled || evidence.docker('oom').length > 0)
      return { landed: false, why: 'the kernel killed for memory as well; 137 may be of that' };
    const what = kill.attributes.signal === undefined ? 'a kill' : 'SIGKILL';
    return { landed: true, proof: `the engine reported ${what} and exit 137, and no OOM` };
  },
};
