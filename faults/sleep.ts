import type { Fault } from '../lab/fault.ts';

/** Eight hours: a laptop's lid, closed overnight. */
const SLEPT_MS = 8 * 60 * 60_000;

/**
 * A sleep as a system's files see it: every process is frozen, the files get older, everything goes on. A frozen container is not a sleeping
 * laptop: monotonic clocks go on, the wall clock does not jump, and timers do not fire at once on waking. The files' own times are set back, which no
 * sleep does: a program that remembers one finds it changed, and may refuse what it was at.
 */
export const sleep: Fault = {
  name: 'sleep',
  kind: 'sleeps',
  summary: 'the container is frozen in the middle of the write, its files get 8 hours older, then it goes on',
  lethal: false,
  oomKills: 0,

  async strike(target) {
    await target.freeze();
    await target.dockerEvent('pause');
    await target.ageState(SLEPT_MS, 'slept');
    await target.meanwhile();
    await target.thaw();
    await target.dockerEvent('unpause');
    // Who gets the processor first after a sleep is not said: the system's own sweep may come by before the thread that writes.
    await target.othersGoOn();
    await target.release();
    await target.turnEnded();
  },

  landing(evidence) {
    const pause = evidence.docker('pause')[0];
    const unpause = evidence.docker('unpause')[0];
    if (pause === undefined || unpause === undefined)
      return { landed: false, why: 'the engine did not report both the freeze and the thaw' };
    const released = evidence.of('gate').find((event) => event.event.ev === 'released');
    if (released === undefined) return { landed: false, why: 'the held call never went on' };
    if (released.event.t < unpause.t && released.t < pause.t)
      return { landed: false, why: 'the held call went on before the freeze' };
    const aged = evidence.of('aged').some((event) => event.why === 'slept');
    if (!aged) return { landed: false, why: 'the files did not get older' };
    return {
      landed: true,
      proof: `frozen for ${Math.round(unpause.t - pause.t)} ms, files 8 h older, and the held call went on after the thaw`,
    };
  },
};
