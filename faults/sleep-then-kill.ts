import type { Fault } from '../lab/fault.ts';

/** Eight hours: a laptop's lid, closed overnight, and its battery empty in the morning. */
const SLEPT_MS = 8 * 60 * 60_000;

/** The engine keeps the signal for a frozen container and thaws it: not one instruction of the program runs before it is dead (signal(7): a fatal signal comes first). */
export const sleepThenKill: Fault = {
  name: 'sleep-then-kill',
  kind: 'sleeps',
  summary:
    'the container is frozen in the middle of the write, its files get 8 hours older, and it is killed without a thaw',
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    await target.freeze();
    await target.dockerEvent('pause');
    await target.ageState(SLEPT_MS, 'slept');
    await target.kill();
  },

  landing(evidence) {
    const [pause] = evidence.docker('pause');
    const [die] = evidence.docker('die');
    if (pause === undefined || die === undefined)
      return { landed: false, why: 'the engine did not report both the freeze and the end' };
    const went = evidence.of('gate').find(({ event }) => event.ev === 'released' && event.t >= pause.t);
    if (went !== undefined) return { landed: false, why: 'the held call went on after the freeze' };
    if (!evidence.of('aged').some((event) => event.why === 'slept'))
      return { landed: false, why: 'the files did not get older' };
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped?.exitCode !== 137)
      return { landed: false, why: `it ended with ${stopped?.exitCode ?? 'no exit code'} and not with 137` };
    return {
      landed: true,
      proof: `frozen, files 8 h older, and killed ${Math.round(die.t - pause.t)} ms after the freeze`,
    };
  },
};
