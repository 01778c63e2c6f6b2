import { CALL_FAILS, unfitUnlessWrite } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

/**
 * A disk that is full in the middle of a write, at a chosen call. libuv writes the rest of a short write by itself, and returns the short count where that
 * fails: who does not look at the count takes it for success.
 */
export const shortWriteStays: Fault = {
  name: 'short-write-stays',
  summary:
    'the held write writes a part of its bytes, and from there on every call in the state folder that takes room fails with ENOSPC, until the lab makes room',
  ...CALL_FAILS,
  sweep: 'from there on',
  unfit: unfitUnlessWrite,

  async strike(target) {
    await target.refuse('ENOSPC', 'folder');
    await target.shorten();
    await target.turnHadItsTime();
    target.note('taken away', { failed: (await target.allow()) ?? null });
  },

  landing(evidence) {
    const answered = evidence.gateOf('answered', 1).find(({ by }) => by === 'hold');
    const asked = evidence.gateOf('held', 1)[0]?.bytes ?? 0;
    if (answered === undefined || answered.result <= 0 || answered.result >= asked)
      return { landed: false, why: `the held write wrote ${answered?.result ?? 'none'} of ${asked} bytes` };
    const more = evidence.gateOf('answered', 1).filter(({ by }) => by === 'refusal').length;
    return {
      landed: true,
      proof: `the kernel wrote ${answered.result} of ${asked} bytes of ${answered.path} and returned that, and ${more} later calls failed with ENOSPC`,
    };
  },
};
