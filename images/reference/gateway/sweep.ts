import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { errnoOf, type Log } from './log.ts';
import { inParallel } from './parallel.ts';
import { type Liveness, livenessOf, type ProcessIdentity } from './process-identity.ts';
import { newestAsideMs } from './recovery.ts';
import type { StoreFile } from './store-file.ts';
import { parseTempName, STORE_NAME } from './temp-name.ts';

const AT_ONCE = 32;

/** Why a file with a temp's name was left where it is. */
export type SpareReason =
  | 'store-missing'
  | 'store-unreadable'
  | 'store-newer'
  | 'kept-after-recovery'
  | 'beside-a-corrupt-store'
  | 'foreign-name'
  | 'not-a-regular-file'
  | 'young'
  | 'writer-alive'
  | 'writer-unknown';

export interface SweepRules {
  readonly graceMs: number;
  /** Names that are never taken. */
  readonly keep: ReadonlySet<string>;
}

export interface Swept {
  readonly removed: readonly string[];
  readonly spared: readonly { readonly name: string; readonly reason: SpareReason }[];
}

/**
 * Removes the temps of dead writers. Takes a file only if all of this is sure: its name is exactly of this gateway's form,
 * it is a regular file, older than the grace, its writer is dead, and the store stands without it. Logs each with its reason.
 * No temp is read, however large it is.
 */
export async function sweep(file: StoreFile, rules: SweepRules, disk: Disk, log: Log): Promise<Swept> {
  const takesAll = disk.defects.has('sweep-everything');
  const names = await file.names();
  const candidates = names.filter((name) => name.endsWith('.tmp') && (takesAll || name.startsWith(`${STORE_NAME}.`)));
  const removed: string[] = [];
  const spared: { name: string; reason: SpareReason }[] = [];
  if (candidates.length === 0) return { removed, spared };
  const content = await file.read();
  const asideMs = newestAsideMs(names);
  const liveness = livenessCache(file.writer);
  await inParallel(candidates.sort(), AT_ONCE, async (name) => {
    const path = join(file.folder, name);
    const seen = await look(path);
    if (seen === undefined) return; // gone meanwhile: its writer has renamed it
    const writer = parseTempName(name)?.writer;
    const fields = { name, ageMs: Math.round(Date.now() - seen.mtimeMs), writer };
    const reason = await reasonToSpare(name, seen, writer);
    if (reason !== undefined) {
      spared.push({ name, reason });
      log('info', 'sweep-spared', { ...fields, reason });
    } else if (await disk.remove(path)) {
      removed.push(name);
      log('info', 'sweep-removed', { ...fields, bytes: seen.size, reason: 'its writer is dead' });
    }
  });
  return { removed, spared };

  async function reasonToSpare(name: string, seen: Stats, writer: ProcessIdentity | undefined) {
    if (writer === undefined && !takesAll) return 'foreign-name';
    if (!disk.defects.has('sweep-when-store-is-corrupt')) {
      const reason = reasonOfStore(name, seen);
      if (reason !== undefined) return reason;
    }
    if (!seen.isFile()) return 'not-a-regular-file';
    if (Date.now() - seen.mtimeMs <= rules.graceMs) return 'young';
    if (writer === undefined || disk.defects.has('sweep-by-age-only')) return undefined;
    const state = await liveness(writer);
    return state === 'dead' ? undefined : (`writer-${state}` as const);
  }

  /** A temp may be the only copy of something as long as the store is not in order. */
  function reasonOfStore(name: string, seen: Stats): SpareReason | undefined {
    if (content.kind !== 'store') return `store-${content.kind}`;
    if (rules.keep.has(name)) return 'kept-after-recovery';
    // Until somebody has looked at the corrupt store and taken it away, what was written before it may be wanted.
    return asideMs !== undefined && seen.mtimeMs <= asideMs ? 'beside-a-corrupt-store' : undefined;
  }
}

/** Thousands of temps have few writers. */
function livenessCache(self: ProcessIdentity): (who: ProcessIdentity) => Promise<Liveness> {
  const known = new Map<string, Promise<Liveness>>();
  return (who) => {
    const name = `${who.boot}.${who.pid}.${who.startTicks}`;
    const liveness = known.get(name) ?? livenessOf(who, self);
    known.set(name, liveness);
    return liveness;
  };
}

async function look(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  });
}
