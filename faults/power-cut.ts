import type { Fault } from '../lab/fault.ts';

/**
 * The power of the machine is cut while the call is held, and a kernel that knows nothing of it mounts the disk. What the first kernel had not been made to
 * write is gone: its timers are off there (docs/machines.md), so that this is what a failure just after the call leaves, however slow the machine is.
 */
export const powerCut: Fault = {
  name: 'power-cut',
  summary:
    "the power of a machine of the lab's own is cut in the middle of the write, with no flush; a fresh kernel replays the journal of the disk",
  lethal: true,
  cutsPower: true,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    target.note('cut', await target.cutPower());
  },

  landing(evidence) {
    const cut = evidence.of('strike').find((event) => event.step === 'cut')?.facts;
    if (cut === undefined) return { landed: false, why: 'the power was not cut' };
    if (evidence.docker('kill').length > 0 || evidence.docker('oom').length > 0)
      return { landed: false, why: 'the system was killed as well: it may have ended of that' };
    if (cut.bootBefore === '' || cut.bootBefore === cut.bootAfter)
      return { landed: false, why: 'the machine runs the same kernel as before: it was not switched off' };
    const [written, left] = [Number(cut.witnessBytes), Number(cut.witnessLeftBytes)];
    if (!(written > 0)) return { landed: false, why: 'the file that was to be lost was never written' };
    if (!(left < written))
      return {
        landed: false,
        why: `a file of ${written} bytes that was never synced is there whole: the disk had been flushed, and nothing was lost`,
      };
    return {
      landed: true,
      proof: `the machine ended and a fresh kernel ${cut.kernel} mounted its ${cut.fileSystem}; of ${written} bytes that were never synced ${left < 0 ? 'not even the name is there' : `${left} are there`}`,
    };
  },
};
