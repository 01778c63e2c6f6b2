import type { Fault } from '../lab/fault.ts';
import { diskFull } from './disk-full.ts';
import { none } from './none.ts';
import { oom } from './oom.ts';
import { powerCut } from './power-cut.ts';
import { sigkill } from './sigkill.ts';
import { sleep } from './sleep.ts';

/** Every fault, in the order of the matrix's columns. The command line and the reports go by this list. */
export const faults: readonly Fault[] = [sigkill, oom, sleep, diskFull, powerCut, none];
