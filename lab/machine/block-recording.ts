import { type MachineFolders, stateLog } from './folders.ts';
import { LogClock } from './log-clock.ts';
import type { Machine } from './machine.ts';

/** A part of the log of the state disk's writes: what was written while something ran on a volume, and all of its writeback. */
export interface BlockRecording {
  readonly volume: string;
  /** Lengths of the log in bytes: all of it before, and all of it at the end. */
  readonly from: number;
  readonly to: number;
  readonly clock: LogClock;
}

/**
 * Begins such a part: first everything is made durable that was written before. What it gives ends it: everything is made durable again, so that the log
 * has the kernel's own way of writing what was never synced.
 */
export async function recordBlocks(
  machine: Machine,
  folders: MachineFolders,
  volume: string,
): Promise<() => Promise<BlockRecording>> {
  await machine.ask(['sync-state']);
  const clock = new LogClock(stateLog(folders));
  try {
    await clock.ask(machine);
  } catch (error) {
    clock.stop();
    throw error;
  }
  const from = clock.size;
  return async () => {
    using _ = clock;
    await machine.ask(['sync-state']);
    await clock.ask(machine);
    return { volume, from, to: clock.size, clock };
  };
}
