import type { DriveResult } from '../drive.ts';
import { Problem } from '../problem.ts';
import { until } from '../wait.ts';
import type { Boots } from './boots.ts';
import type { Ground } from './ground.ts';
import { ARM_LIMIT_MS } from './limits.ts';
import { QUIET_MS } from './slowed.ts';

/** OpenClaw 2026.4.24 installs its plugins' packages into its folder once it is ready, for half a minute and more. */
const QUIET_LIMIT_MS = 120_000;

/** What the lab waits for: a system that has nothing more to write, a time that its sweep has. */
export class Waits {
  readonly #at: Ground;
  readonly #boots: Boots;

  constructor(ground: Ground, boots: Boots) {
    this.#at = ground;
    this.#boots = boots;
  }

  /** Waits until nothing of a boot is still to come, which would be taken for a write's. Of a command nothing has run yet. */
  async bootSettled(): Promise<void> {
    if (this.#at.release.lifecycle === 'server') await this.quiet();
  }

  /** Waits until nothing of a write is still to come. A command that ended and left no process has nothing more to write. */
  async settled(write: DriveResult): Promise<void> {
    if (this.#at.release.lifecycle === 'server' || write.left !== 0) await this.quiet();
    else
      await this.#at.pod.gate.caughtUp(ARM_LIMIT_MS).catch((error: unknown) => {
        // A container that is gone has nothing more to say.
        if (!(error instanceof Problem) || error.code !== 'system-died') throw error;
      });
  }

  /** Waits until the system has left its state folder alone for a while: what it still had to write is written. */
  async quiet(quietMs = this.#at.release.quietMs ?? QUIET_MS): Promise<void> {
    const gate = this.#at.pod.gate;
    let count = -1;
    let since = 0;
    await until(
      {
        name: 'the system to leave its state folder alone',
        limitMs: QUIET_LIMIT_MS + quietMs,
        signal: this.#at.signal,
        everyMs: 25,
      },
      async (note) => {
        const now = gate.events.filter((event) => event.ev === 'op').length;
        if (now !== count) {
          count = now;
          since = performance.now();
        }
        note(`its last change was ${gate.events.findLast((event) => event.ev === 'op')?.path ?? 'none'}`);
        return performance.now() - since >= quietMs || undefined;
      },
    );
  }

  /**
   * Lets the time pass that the system's own sweep has after it was ready.
   * @param mostMs no more of it than this
   */
  async sweepTime(mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { promises } = this.#at.release;
    await reach(this.#boots.readyAt + Math.min(promises.sweepWithinMs, mostMs), this.#at.signal);
  }
}

/** Waits until the clock shows a time (ms since 1970) that the system has for something. */
export async function reach(timeMs: number, signal?: AbortSignal): Promise<void> {
  const limitMs = Math.max(0, timeMs - Date.now()) + ARM_LIMIT_MS;
  await until({ name: "the sweep's time to pass", limitMs, ...(signal === undefined ? {} : { signal }) }, async () =>
    Date.now() >= timeMs ? true : undefined,
  );
}
