import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, type Log } from './log.ts';
import { livenessOf } from './process-identity.ts';
import { newestAsideMs } from './recovery.ts';
import type { StoreFile } from './store-file.ts';
import { parseTempName, STORE_NAME, type TempName } from './temp-name.ts';

/** Why a file with a temp's name was left where it is. */
export type SpareReason =
  | 'store-missing'
  | 'store-unreadable'
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
  readonly spared: readonly { name: string; reason: SpareReason }[];
}

/**
 * Removes the temps of dead writers. Takes a file only if all of this is sure: its name is exactly of this gateway's form,
 * it is a regular file, older than the grace, its writer is dead, and the store stands without it. Logs each with its reason.
 */
export async function sweep(file: StoreFile, rules: SweepRules, log: Log): Promise<Swept> {
  const names = await file.names();
  const candidates = names.filter((name) => name.startsWith(`${STORE_NAME}.`) && name.endsWith('.tmp')).sort();
  const removed: string[] = [];
  const spared: { name: string; reason: SpareReason }[] = [];
  if (candidates.length === 0) return { removed, spared };
  const content = await file.read();
  const asideMs = newestAsideMs(names);
  for (const name of candidates) {
    const temp = parseTempName(name);
    const seen = await look(join(file.folder, name));
    if (seen === undefined) continue; // gone meanwhile: its writer has renamed it
    const reason = await reasonToSpare();
    const fields = { name, ageMs: Math.round(Date.now() - seen.mtimeMs), writer: temp?.writer };
    if (reason !== undefined) {
      spared.push({ name, reason });
      log('info', 'sweep-spared', { ...fields, reason });
    } else if (await remove(join(file.folder, name))) {
      removed.push(name);
      log('info', 'sweep-removed', { ...fields, bytes: seen.size, reason: 'its writer is dead' });
    }

    async function reasonToSpare(): Promise<SpareReason | undefined> {
      if (temp === undefined) return 'foreign-name';
      if (content.kind !== 'rows') return `store-${content.kind}`;
      if (rules.keep.has(name)) return 'kept-after-recovery';
      return seen && reasonOf(file, rules, temp, seen, asideMs);
    }
  }
  return { removed, spared };
}

type Seen = NonNullable<Awaited<ReturnType<typeof look>>>;

async function reasonOf(
  file: StoreFile,
  rules: SweepRules,
  temp: TempName,
  seen: Seen,
  asideMs: number | undefined,
): Promise<SpareReason | undefined> {
  if (!seen.isFile()) return 'not-a-regular-file';
  if (Date.now() - seen.mtimeMs <= rules.graceMs) return 'young';
  // Until somebody has looked at the corrupt store and taken it away, what was written before it may be wanted.
  if (asideMs !== undefined && seen.mtimeMs <= asideMs) return 'beside-a-corrupt-store';
  switch (await livenessOf(temp.writer, file.writer)) {
    case 'alive':
      return 'writer-alive';
    case 'unknown':
      return 'writer-unknown';
    case 'dead':
      return undefined;
  }
}

async function look(path: string) {
  return lstat(path).catch(unlessGone);
}

async function remove(path: string): Promise<boolean> {
  return (await unlink(path).then(() => true, unlessGone)) === true;
}

function unlessGone(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
