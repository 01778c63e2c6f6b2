import os from 'node:os';

/** A machine on which a limit is longer than this many times itself is not fit, and shall say so. */
const MOST = 20;

let slowness = 1;

/**
 * The machine of the engine takes so many times as long as one that limits are made for (lab/machine/slowness.ts). A process of the lab has one engine.
 * @param times 1: as one of them
 */
export function setSlowness(times: number): void {
  slowness = Math.max(1, times);
}

/** How many processes there are for each processor of this machine (proc_loadavg(5), of the last minute; 0 on Windows). At least 1. */
export const crowding = (load: number = (os.loadavg()[0] ?? 0) / os.availableParallelism()): number =>
  Math.max(1, load);

/** How many times as long as written the lab waits now: as slow as the engine's machine is, times as crowded as this one is. At least 1. */
export const pace = (load?: number): number => Math.min(MOST, slowness * crowding(load));
