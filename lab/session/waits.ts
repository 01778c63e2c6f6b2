import type { DriveResult } from '../drive.ts';
import { Problem } from '../problem.ts';
import { until } from '../wait.ts';
import type { Boots } from './boots.ts';
import type { Ground } from './ground.ts';
import { ARM_LIMIT_MS } from './limits.ts';
import { QUIET_MS } from './slowed.ts';

/** OpenClaw 2026.4.24 installs its plugins' packages into its folder once it is ready, for half a minute and more. */
const QUIET_LIMIT_MS = 120_000;

/** How long a sweep is watched that has nothing to take: what it must leave alone lies there. */
const NOTHING_TO_SWEEP_MS = 2_000;

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
   * @param temps what a sweep would take: no more time passes than until the system has removed all of it. Absent: all of the time passes
   */
  async sweepTime(temps?: readonly string[]): Promise<void> {
    const { promises } = this.#at.release;
    const [{ readyAt }, { signal }] = [this.#boots, this.#at];
    const whole = readyAt + promises.sweepWithinMs;
    if (temps === undefined) return reach(whole, signal);
    await reach(Math.min(whole, readyAt + NOTHING_TO_SWEEP_MS), signal);
    await reach(whole, signal, () => this.#areRemoved(temps));
  }

  async #areRemoved(files: readonly string[]): Promise<boolean> {
    if (files.length === 0) return true;
    const { pod, release } = this.#at;
    const asked = new Set(pod.gate.events.flatMap((one) => (one.ev === 'op' && one.op === 'unlink' ? [one.path] : [])));
    if (!files.every((file) => asked.has(file))) return false;
    // A call can fail, and be made again later.
    const entries = await pod.sidecar.snapshot(release.promises.root, [], 0);
    const there = new Set(entries.flatMap(({ path, gone }) => (gone === true ? [] : [path])));
    return files.every((file) => !there.has(file));
  }
}

/**
 * Waits until the clock shows a time (ms since 1970) that the system has for something.
 * @param isOver or it has done that before
 */
export async function reach(
  timeMs: number,
  signal?: AbortSignal,
  isOver: () => Promise<boolean> = async () => false,
): Promise<void> {
  const limitMs = Math.max(0, timeMs - Date.now()) + ARM_LIMIT_MS;
  await until({ name: "the sweep's time to pass", limitMs, ...(signal === undefined ? {} : { signal }) }, async () =>
    Date.now() >= timeMs || (await isOver()) ? true : undefined,
  );
}
