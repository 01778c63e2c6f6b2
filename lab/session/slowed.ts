import type { Release } from '../system.ts';

/** What a system is quiet for, where nothing else is known of it, in ms. */
export const QUIET_MS = 250;
/** Code that is made at run time is emulated at about half the speed of other code, and a first boot reads a cold disk. */
const MARGIN = 3;

/**
 * A release on a machine that is so many times as slow as those that its promises were made for: every time that can turn into a verdict is longer by
 * that much, and the evidence says so. What it promises of bytes, rows and files stays.
 * @param slowness 1: as it is
 */
export function slowed(release: Release, slowness: number): Release {
  if (slowness <= 1) return release;
  const { promises } = release;
  const limit = (ms: number) => Math.round(ms * slowness * MARGIN);
  const time = (ms: number) => Math.round(ms * slowness);
  return {
    ...release,
    quietMs: time(release.quietMs ?? QUIET_MS),
    promises: {
      ...promises,
      readyWithinMs: limit(promises.readyWithinMs),
      serveWithinMs: limit(promises.serveWithinMs),
      sweepWithinMs: time(promises.sweepWithinMs),
      ...(promises.sweepEveryMs !== undefined && { sweepEveryMs: time(promises.sweepEveryMs) }),
    },
    notes: [
      ...(release.notes ?? []),
      `the machine takes ${slowness} times as long as its host (measured when the run began): limits are ${Math.round(slowness * MARGIN * 10) / 10} times as long, and quiet times ${slowness} times`,
    ],
  };
}
