import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Archive, ArchiveContent } from './archive.ts';
import type { Disk } from './disk.ts';
import { generationsIn } from './journals.ts';
import { errnoOf, type Log } from './log.ts';
import { kindOf, type Row } from './rows.ts';
import { StateError } from './state-error.ts';
import { NEW_STORE, readContent, SCHEMA_VERSION, type Store, type StoreContent, type StoreFile } from './store-file.ts';
import { parseTempName, STORE_NAME } from './temp-name.ts';
import type { Transcripts } from './transcripts.ts';

const ASIDE_NAME = /^sessions\.json\.corrupt-(\d{1,15})$/;

/** A larger temp is kept, but not read: it would take the memory that the gateway needs to get up. */
const TEMP_LIMIT_BYTES = 256 * 1024 * 1024;

/** What a store is made of, and made again from. */
export interface StoreParts {
  readonly file: StoreFile;
  readonly transcripts: Transcripts;
  readonly archive: Archive;
  readonly disk: Disk;
}

export interface Loaded {
  readonly store: Store;
  /** Temps that this boot needed, or might have: no sweep of this process may take them. */
  readonly keep: ReadonlySet<string>;
  /** Where the store was made again: up to which length which session had been archived. */
  readonly archivedBytesOf: ReadonlyMap<string, number>;
}

/**
 * Loads the store, and loses nothing: an unreadable one is moved aside, and where there is none (any more) it is made again from
 * the newest complete temp and the transcripts. A crash at any point of this leaves a state from which it does the same again.
 */
export async function loadStore(parts: StoreParts, log: Log): Promise<Loaded> {
  const { file } = parts;
  const content = await file.read();
  if (content.kind === 'newer') throw newerSchema(file.path, content);
  if (content.kind === 'store') {
    const { rows, journal } = content.store;
    log('info', 'store-loaded', { sessions: rows.size, bytes: content.bytes, journal });
    return { store: content.store, keep: new Set(), archivedBytesOf: new Map() };
  }
  const names = await file.names();
  const temps = names.filter((name) => parseTempName(name) !== undefined);
  if (content.kind === 'unreadable') await moveAside(parts, names, content.reason, log);
  const { store, archivedBytesOf } = await makeAgain(parts, names, temps, content.kind, log);
  return { store, keep: new Set(temps), archivedBytesOf };
}

/** When the newest store that was moved aside was moved (ms since 1970); undefined where there is none. */
export function newestAsideMs(names: readonly string[]): number | undefined {
  const times = names.map((name) => ASIDE_NAME.exec(name)?.[1]).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.max(...times.map(Number));
}

function newerSchema(path: string, { schemaVersion, minReaderVersion }: StoreContent & { kind: 'newer' }): StateError {
  const has = `${path} has schema version ${schemaVersion} and asks for a reader of version ${minReaderVersion} or newer`;
  const advice = 'start the newer gateway that wrote it, or give this one another folder; nothing was changed';
  return new StateError('newer-schema', `${has}; this gateway reads version ${SCHEMA_VERSION}: ${advice}`);
}

async function moveAside({ file, disk }: StoreParts, names: readonly string[], reason: string, log: Log) {
  let atMs = Date.now();
  while (names.includes(asideName(atMs))) atMs += 1;
  await disk.calls.rename(file.path, join(file.folder, asideName(atMs)));
  await disk.syncFolder(file.folder);
  log('error', 'store-moved-aside', { reason, to: asideName(atMs) });
}

function asideName(atMs: number): string {
  return `${STORE_NAME}.corrupt-${atMs}`;
}

async function makeAgain(
  parts: StoreParts,
  names: readonly string[],
  temps: readonly string[],
  was: 'missing' | 'unreadable',
  log: Log,
): Promise<{ store: Store; archivedBytesOf: ReadonlyMap<string, number> }> {
  const { file, archive } = parts;
  const archived = await archive.read();
  const base = await newestComplete(file.folder, temps, log);
  const { rows, rebuilt } = await withTranscripts(parts, base?.store.rows ?? new Map(), archived, log);
  const journals = generationsIn(names);
  const isFresh = rows.size + archived.endBytes + journals.length === 0 && newestAsideMs(names) === undefined;
  if (was === 'missing' && isFresh) {
    await syncOwnName(parts);
    await file.replace(NEW_STORE); // from now on a store that is missing was lost
    log('info', 'store-fresh');
    return { store: NEW_STORE, archivedBytesOf: new Map() };
  }
  const journal = base?.store.journal ?? journals[0] ?? NEW_STORE.journal;
  const { rest } = base?.store ?? NEW_STORE;
  const store = { rows, journal, archiveBytes: archived.endBytes, removing: [], rest };
  await file.replace(store);
  const fields = { store: was, sessions: rows.size, rebuilt, temps: temps.length, journals: journals.length };
  if (base) log('warn', 'store-recovered', { from: base.name, ...fields });
  else log('error', 'store-rebuilt', fields);
  return { store, archivedBytesOf: archived.bytesOf };
}

/** The process that made the folder may have been killed before it synced the name of it. */
async function syncOwnName({ file, disk }: StoreParts): Promise<void> {
  await disk.syncFolder(dirname(file.folder)).catch((error: unknown) => {
    // It can't be read: then it was not this gateway that made the folder.
    if (errnoOf(error) !== 'EACCES') throw error;
  });
}

async function newestComplete(folder: string, temps: readonly string[], log: Log) {
  for (const { name, sizeBytes } of await newestFirst(folder, temps)) {
    const content = await readTemp(join(folder, name), sizeBytes);
    if (content.kind === 'store') return { name, store: content.store };
    log('warn', 'recovery-passed-over', {
      name,
      reason: 'reason' in content ? content.reason : `it is ${content.kind}`,
    });
  }
  return undefined;
}

async function readTemp(path: string, sizeBytes: number): Promise<StoreContent> {
  if (sizeBytes <= TEMP_LIMIT_BYTES) return readContent(path);
  return { kind: 'unreadable', reason: `it is larger than ${TEMP_LIMIT_BYTES} bytes` };
}

/** A temp may be older than the last fold: what the transcripts have beyond its rows was acknowledged too. */
async function withTranscripts(
  { transcripts }: StoreParts,
  before: ReadonlyMap<string, Row>,
  archived: ArchiveContent,
  log: Log,
): Promise<{ rows: Map<string, Row>; rebuilt: number }> {
  const isArchived = ({ sessionId, bytes }: Pick<Row, 'sessionId' | 'bytes'>) =>
    (archived.bytesOf.get(sessionId) ?? -1) >= bytes;
  const rows = new Map([...before].filter(([, row]) => !isArchived(row)));
  let rebuilt = 0;
  for await (const found of transcripts.scan()) {
    const { name } = found;
    if ('reason' in found) {
      log('warn', 'recovery-passed-over', { name, reason: found.reason });
      continue;
    }
    const known = rows.get(found.key);
    const isSame = known?.sessionId === found.row.sessionId;
    if (isArchived(found.row) || (isSame && found.row.bytes <= known.bytes)) continue;
    if (known && !isSame && known.updatedAt >= found.row.updatedAt) {
      log('warn', 'recovery-passed-over', { name, reason: 'a newer session has its key' });
      continue;
    }
    rows.set(found.key, { kind: kindOf(found.key), ...(isSame && known), ...found.row });
    rebuilt += 1;
  }
  return { rows, rebuilt };
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
