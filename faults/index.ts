import type { Fault } from '../lab/fault.ts';
import { diskFull } from './disk-full.ts';
import { heapLimit } from './heap-limit.ts';
import { ioError } from './io-error.ts';
import { ioErrorStays } from './io-error-stays.ts';
import { killInRecovery } from './kill-in-recovery.ts';
import { killTwice } from './kill-twice.ts';
import { noDescriptors } from './no-descriptors.ts';
import { noDescriptorsStay } from './no-descriptors-stay.ts';
import { noSpace } from './no-space.ts';
import { noSpaceStays } from './no-space-stays.ts';
import { noSpaceThenKill } from './no-space-then-kill.ts';
import { none } from './none.ts';
import { oom } from './oom.ts';
import { powerCut } from './power-cut.ts';
import { quota } from './quota.ts';
import { readOnly } from './read-only.ts';
import { recreated } from './recreated.ts';
import { shortWrite } from './short-write.ts';
import { shortWriteStays } from './short-write-stays.ts';
import { sigkill } from './sigkill.ts';
import { sigterm } from './sigterm.ts';
import { sleep } from './sleep.ts';
import { sleepThenKill } from './sleep-then-kill.ts';
import { slowDisk } from './slow-disk.ts';
import { stop } from './stop.ts';
import { syncFails } from './sync-fails.ts';

/** Every fault, in the order of the matrix's columns. The command line and the reports go by this list. */
export const faults: readonly Fault[] = [
  sigkill,
  oom,
  heapLimit,
  killInRecovery,
  killTwice,
  sigterm,
  stop,
  recreated,
  sleep,
  sleepThenKill,
  diskFull,
  slowDisk,
  ioError,
  ioErrorStays,
  noSpace,
  noSpaceStays,
  noSpaceThenKill,
  quota,
  noDescriptors,
  noDescriptorsStay,
  readOnly,
  shortWrite,
  shortWriteStays,
  syncFails,
  powerCut,
  none,
];
