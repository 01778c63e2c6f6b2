import type { Fault } from '../lab/fault.ts';

const MiB = 1024 * 1024;
/** One page: the next write of more is cut short, and the one after it fails (write(2): "fewer bytes may be written"). */
const LEFT_BYTES = 4096;

/** The disk of the state folder is full while the write takes place, and has room again after it. */
export const diskFull: Fault = {
  name: 'disk-full',
  kind: 'disk',
  summary:
    'the disk of the state folder (a tmpfs of 64 MiB) is filled but for 4096 bytes in the middle of the write, and emptied after it',
  lethal: false,
  mayRefuse: true,
  failsCalls: true,
  diskBytes: 64 * MiB,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    target.note('filled', await target.fillDisk(LEFT_BYTES));
    await target.release();
    await target.turnEnded();
    // What it writes after the answer meets the full disk too.
    await target.quiet();
    target.note('emptied', await target.freeDisk());
  },

  landing(evidence) {
    const filled = evidence.of('strike').find((event) => event.step === 'filled');
    const emptied = evidence.of('strike').find((event) => event.step === 'emptied');
    const released = evidence.of('gate').find((event) => event.event.ev === 'released');
    if (filled === undefined || emptied === undefined)
      return { landed: false, why: 'the disk was not filled and emptied again' };
    if (released === undefined) return { landed: false, why: 'the held call never went on' };
    if (released.t < filled.t || released.t > emptied.t)
      return { landed: false, why: 'the held call did not go on while the disk was full' };
    const before = Number(filled.facts.freeBytes);
    if (!(before <= LEFT_BYTES)) return { landed: false, why: `${before} bytes were free: the disk was not full` };
    return {
      landed: true,
      proof: `${before} bytes were free when the held call went on, ${String(emptied.facts.freeBytes)} when the system was quiet again`,
    };
  },
};
