import { createHash } from 'node:crypto';
import { type Aftermath, isYoung } from '../cell-id.ts';
import type { Moment } from '../evidence/event.ts';
import { crowding } from '../pace.ts';
import { Problem } from '../problem.ts';
import type { Entry } from '../sidecar/client.ts';
import { promisedFiles, type Store, storeEntryPath } from '../system.ts';
import type { Ground } from './ground.ts';
import type { Holds } from './holds.ts';
import { ARM_LIMIT_MS, HOUR_MS } from './limits.ts';
import { plantsFor } from './plants.ts';
import { reach } from './waits.ts';

/** Larger files are listed and hashed, and their content is not kept. */
const KEEP_BYTES = 16 * 1024 * 1024;
/** Looks when the system has just got ready, and may still have something to do. At the others nothing runs, or it was waited for. */
const WHILE_IT_RUNS: ReadonlySet<Moment> = new Set(['booted', 'rebooted']);
/** A system that never leaves its folder alone is looked at all the same. */
const MOST_LOOKS = 10;

/** The state folder: looks at it, and what is done to it while the system is stopped. */
export class Folder {
  readonly #at: Ground;
  readonly #holds: Holds;

  constructor(ground: Ground, holds: Holds) {
    this.#at = ground;
    this.#holds = holds;
  }

  /** Puts the files into the empty state folder that are there before the first boot. */
  async configure(): Promise<void> {
    const files = this.#at.release.boot.files;
    if (files.length === 0) return;
    await this.#at.pod.sidecar.plant(files.map((file) => ({ ...file, ageMs: 0 })));
    await this.snapshot('configured');
  }

  /**
   * Looks at it. A look takes its time, and one at files that are being written shows some as they were before and some as they are after: what moves from
   * one file to another seems to be in neither. So where the system runs on its own, it is repeated while the system changed something meanwhile.
   */
  async snapshot(moment: Moment): Promise<void> {
    for (let look = 1; ; look += 1) {
      const before = await this.#changesUpTo(moment);
      const entries = await this.#entries();
      const isSteady = before === undefined || (await this.#changesUpTo(moment)) === before;
      if (!isSteady && look < MOST_LOOKS) continue;
      this.#at.recorder.snapshot(moment, entries);
      return;
    }
  }

  /** How many calls that change the folder were seen; undefined: nothing runs that nobody waited for. */
  async #changesUpTo(moment: Moment): Promise<number | undefined> {
    if (!WHILE_IT_RUNS.has(moment) || this.#at.release.lifecycle !== 'server') return undefined;
    const { gate } = this.#at.pod;
    try {
      await gate.caughtUp(ARM_LIMIT_MS);
    } catch (error) {
      if (error instanceof Problem && error.code === 'system-died') return undefined;
      throw error;
    }
    return gate.events.filter(({ ev }) => ev === 'op').length;
  }

  async #entries(): Promise<Entry[]> {
    const { root, store, temps } = this.#at.release.promises;
    const keep = [
      ...promisedFiles(this.#at.release.promises),
      ...temps,
      ...(this.#holds.tempPattern === undefined ? [] : [this.#holds.tempPattern]),
    ];
    const entries = await this.#at.pod.sidecar.snapshot(root, keep, KEEP_BYTES);
    if (store.format === 'sqlite') {
      const file = entries.find((entry) => entry.path === store.path);
      if (file !== undefined) entries.push(await this.#rows(store, file));
    }
    return entries;
  }

  /** What is in a database, as an entry of its own: the bytes of its files say nothing of what a process after a crash would read. */
  async #rows(store: Store, file: Entry): Promise<Entry> {
    const content = Buffer.from(await this.#at.pod.sidecar.database(store.path));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return {
      ...file,
      path: storeEntryPath(store),
      size: content.length,
      sha256,
      contentBase64: content.toString('base64'),
    };
  }

  /**
   * What the lab does to the stopped system before the boot: replaces its container or ages its state, and puts in what a sweep must leave alone.
   * @param isTempPlanted also a young temp; the next ageing makes it old
   */
  async prepare(aftermath: Aftermath, isTempPlanted = true): Promise<void> {
    const { root, sweepGraceMs } = this.#at.release.promises;
    if (aftermath === 'new-container') await this.#at.pod.replace();
    if (!isYoung(aftermath)) {
      const byMs = sweepGraceMs + HOUR_MS;
      await this.#at.pod.sidecar.age(root, byMs);
      this.#at.recorder.record({ type: 'aged', byMs, why: 'aftermath' });
    }
    const seen = isTempPlanted ? this.#at.pod.gate.events : [];
    const plants = plantsFor(this.#at.release.promises, aftermath, seen);
    await this.#at.pod.sidecar.plant(plants.map(({ role: _, ...plant }) => plant));
    this.#at.recorder.record({
      type: 'planted',
      files: plants.map(({ role, path: file, ageMs }) => ({ role, path: file, ageMs })),
    });
  }

  /**
   * Makes everything older than the grace under the system that runs, and lets the time of its repeated sweep pass. False: it promises none.
   */
  async outlive(): Promise<boolean> {
    const { root, sweepGraceMs, sweepEveryMs } = this.#at.release.promises;
    if (sweepEveryMs === undefined) return false;
    await this.#at.pod.sidecar.age(root, sweepGraceMs + HOUR_MS);
    this.#at.recorder.record({ type: 'aged', byMs: sweepGraceMs + HOUR_MS, why: 'outlived' });
    await reach(Date.now() + sweepEveryMs * crowding(), this.#at.signal);
    return true;
  }
}
