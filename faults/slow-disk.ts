import type { Fault } from '../lab/fault.ts';

/** A disk that is worn out or shared, or a network's: what a call on it may take. */
const CALL_MS = 100;

export const slowDisk: Fault = {
  name: 'slow-disk',
  kind: 'disk',
  summary: `from the held call on, each call on the state folder takes ${CALL_MS} ms longer, until the write is through`,
  lethal: false,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    await target.slow(CALL_MS);
    await target.release();
    await target.turnEnded();
    // What it writes after the answer takes its time too.
    await target.quiet();
    await target.slow(0);
  },

  landing(evidence) {
    const released = evidence.gateOf('released', 1)[0];
    const slow = evidence.gateOf('slow', 1)[0];
    const slowed = evidence.gateOf('slowed', 1)[0];
    if (released === undefined || slow === undefined || slowed === undefined)
      return { landed: false, why: 'the disk was not made slow and fast again around the held call' };
    if (released.seq < slow.seq || released.seq > slowed.seq)
      return { landed: false, why: 'the held call did not go on while the disk was slow' };
    if (slowed.calls === 0) return { landed: false, why: 'no call was made while the disk was slow' };
    return { landed: true, proof: `${slowed.calls} calls took ${slow.ms} ms longer each` };
  },
};
