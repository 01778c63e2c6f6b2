import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from './atomic-write.ts';
import { errnoOf, type Log } from './log.ts';
import type { Rows } from './rows.ts';
import { readContent, type StoreContent, type StoreFile } from './store-file.ts';
import { parseTempName, STORE_NAME } from './temp-name.ts';

const ASIDE_NAME = /^sessions\.json\.corrupt-(\d{1,15})$/;

/** A larger temp is kept, but not read: it would take the memory that the gateway needs to get up. */
const TEMP_LIMIT_BYTES = 256 * 1024 * 1024;

export interface Loaded {
  readonly rows: Rows;
  /** Temps that this boot needed, or might have: no sweep of this process may take them. */
  readonly keep: ReadonlySet<string>;
}

/**
 * Loads the store, and loses nothing: an unreadable one is moved aside, and where there is none (any more) the newest
 * complete temp is copied into its place. A crash at any point of this leaves a state from which it does the same again.
 */
export async function loadStore(file: StoreFile, log: Log): Promise<Loaded> {
  const content = await file.read();
  if (content.kind === 'rows') {
    log('info', 'store-loaded', { sessions: content.rows.size, bytes: content.bytes.length });
    return { rows: content.rows, keep: new Set() };
  }
  const temps = (await file.names()).filter((name) => parseTempName(name) !== undefined);
  if (content.kind === 'unreadable') await moveAside(file, content.reason, log);
  return { rows: await recover(file, temps, content.kind, log), keep: new Set(temps) };
}

/** When the newest store that was moved aside was moved (ms since 1970); undefined where there is none. */
export function newestAsideMs(names: readonly string[]): number | undefined {
  const times = names.map((name) => ASIDE_NAME.exec(name)?.[1]).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.max(...times.map(Number));
}

async function moveAside(file: StoreFile, reason: string, log: Log): Promise<void> {
  const names = new Set(await file.names());
  let atMs = Date.now();
  while (names.has(asideName(atMs))) atMs += 1;
  await rename(file.path, join(file.folder, asideName(atMs)));
  await syncFolder(file.folder);
  log('error', 'store-moved-aside', { reason, to: asideName(atMs) });
}

function asideName(atMs: number): string {
  return `${STORE_NAME}.corrupt-${atMs}`;
}

async function recover(file: StoreFile, temps: readonly string[], was: string, log: Log): Promise<Rows> {
  for (const { name, sizeBytes } of await newestFirst(file.folder, temps)) {
    const content = await readTemp(join(file.folder, name), sizeBytes);
    if (content.kind !== 'rows') {
      log('warn', 'recovery-passed-over', { name, reason: content.kind === 'missing' ? 'it is gone' : content.reason });
      continue;
    }
    await file.replace(content.bytes);
    log('warn', 'store-recovered', { from: name, store: was, sessions: content.rows.size, temps: temps.length });
    return content.rows;
  }
  const isFresh = was === 'missing' && temps.length === 0;
  log(isFresh ? 'info' : 'error', isFresh ? 'store-fresh' : 'store-lost', { store: was, temps: temps.length });
  return new Map();
}

async function readTemp(path: string, sizeBytes: number): Promise<StoreContent> {
  if (sizeBytes <= TEMP_LIMIT_BYTES) return readContent(path);
  return { kind: 'unreadable', reason: `it is larger than ${TEMP_LIMIT_BYTES} bytes` };
}

interface DatedTemp {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly serial: number;
}

/** Regular files only: a symlink with a temp's name may point to anything. */
async function newestFirst(folder: string, names: readonly string[]): Promise<DatedTemp[]> {
  const dated: DatedTemp[] = [];
  for (const name of names) {
    try {
      const stat = await lstat(join(folder, name), { bigint: true });
      const serial = parseTempName(name)?.serial ?? 0;
      if (stat.isFile()) dated.push({ name, sizeBytes: Number(stat.size), mtimeNs: stat.mtimeNs, serial });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return dated.sort((a, b) => (a.mtimeNs === b.mtimeNs ? b.serial - a.serial : a.mtimeNs < b.mtimeNs ? 1 : -1));
}
