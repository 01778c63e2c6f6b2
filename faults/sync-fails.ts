import { CALL_FAILS, failedCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

/**
 * What Linux does when writeback fails: fsync says so once, and the pages count as clean from then on (fsync(2), "Errors"; the PostgreSQL project's case of
 * 2018). Later reads see the old data once the page is dropped: here at once, which CuttleFS (ATC 2020) saw of btrfs, and of ext4 and xfs after a while.
 */
export const syncFails: Fault = {
  name: 'sync-fails',
  summary:
    'the held fsync returns EIO and what was not synced is lost: the file is what it was when it was synced last, and the retry succeeds and means nothing',
  ...CALL_FAILS,
  sweep: 'once',
  firstCommands: ['track'],
  unfit: ({ op }) => (op === 'sync' ? undefined : `${op} is no sync`),

  async strike(target) {
    await target.fail('EIO', 'unsynced');
    await target.turnHadItsTime();
  },

  landing(evidence) {
    const failed = failedCall(evidence, 'EIO');
    if ('landed' in failed) return failed;
    const { call } = failed;
    if (call.lostBytes === undefined) return { landed: false, why: 'what was not synced was not taken away' };
    return {
      landed: true,
      proof: `${call.syscall} of ${call.path} returned EIO, and ${call.lostBytes} bytes that were not synced are gone`,
    };
  },
};
