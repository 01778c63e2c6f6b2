import type { Machine } from '../engine/machine.ts';
import { type MachineFolders, stateLog } from './folders.ts';
import { LogClock } from './log-clock.ts';

/** A part of the log of the state disk's writes: what was written while something ran on a volume, and all of its writeback. */
export interface BlockRecording {
  readonly volume: string;
  /** Lengths of the log in bytes: all of it before, and all of it at the end. */
  readonly from: number;
  readonly to: number;
  readonly clock: LogClock;
}

/** A disk whose writes are written down. */
export interface LoggedWrites {
  /** Where the log is. */
  readonly log: string;
  /** Makes everything durable that was written to it. */
  sync(): Promise<void>;
  /** What time it is there, in microseconds since 1970. */
  clockUs(): Promise<number>;
}

/** The state disk of a machine that has a block log. */
export const writesOf = (machine: Machine, folders: MachineFolders): LoggedWrites => ({
  log: stateLog(folders),
  sync: async () => void (await machine.ask(['sync-state'])),
  clockUs: async () => Number((await machine.ask(['clock'])).get('us')),
});

/**
 * Begins such a part: first everything is made durable that was written before. What it gives ends it: everything is made durable again, so that the log
 * has the kernel's own way of writing what was never synced.
 */
export async function recordBlocks(writes: LoggedWrites, volume: string): Promise<() => Promise<BlockRecording>> {
  await writes.sync();
  const clock = new LogClock(writes.log);
  try {
    await clock.ask(writes.clockUs);
  } catch (error) {
    clock.stop();
    throw error;
  }
  const from = clock.size;
  return async () => {
    using _ = clock;
    await writes.sync();
    await clock.ask(writes.clockUs);
    return { volume, from, to: clock.size, clock };
  };
}
