import { createHash } from 'node:crypto';
import { type Aftermath, isYoung } from '../cell-id.ts';
import type { Moment } from '../evidence/event.ts';
import type { Entry } from '../sidecar/client.ts';
import { promisedFiles, type Store, storeEntryPath } from '../system.ts';
import type { Ground } from './ground.ts';
import type { Holds } from './holds.ts';
import { HOUR_MS } from './limits.ts';
import { plantsFor } from './plants.ts';
import { reach } from './waits.ts';

/** Larger files are listed and hashed, and their content is not kept. */
const KEEP_BYTES = 16 * 1024 * 1024;

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

  async snapshot(moment: Moment): Promise<void> {
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
    this.#at.recorder.snapshot(moment, entries);
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
    await reach(Date.now() + sweepEveryMs, this.#at.signal);
    return true;
  }
}
