import { constants } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './atomic-write.ts';
import { type Disk, writeAll } from './disk.ts';
import { errnoOf } from './log.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { isCount, isObject, isRow, isSessionId, type Row, type Rows } from './rows.ts';
import { formatTempName, STORE_NAME } from './temp-name.ts';

/** The schema that this gateway writes, and the oldest and newest `minReaderVersion` that it can read. */
export const SCHEMA_VERSION = 1;

/** What `sessions.json` says. */
export interface Store {
  readonly rows: Rows;
  /** The first journal generation that is not folded into the rows. */
  readonly journal: number;
  /** The vouched length of the archive; undefined: not known, what is there counts. */
  readonly archiveBytes?: number;
  /** Deleted sessions whose transcripts may still be there. */
  readonly removing: readonly string[];
  /** The schema's version and the fields of newer versions: kept as they are. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export const NEW_STORE: Store = {
  rows: new Map(),
  journal: 1,
  archiveBytes: 0,
  removing: [],
  rest: { schemaVersion: SCHEMA_VERSION, minReaderVersion: SCHEMA_VERSION },
};

/** What a store, or a temp that may become one, turns out to be. */
export type StoreContent =
  | { readonly kind: 'store'; readonly store: Store; readonly bytes: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'newer'; readonly schemaVersion: unknown; readonly minReaderVersion: number };

/**
 * What reading fails with when it is this file that can't be read; anything else (EIO, no memory) is the machine's. Without the
 * permission it is still a good store, for somebody else: that is not for this gateway to move away.
 */
const UNREADABLE = new Set(['EISDIR', 'ELOOP', 'ENXIO', 'ERR_FS_FILE_TOO_LARGE']);

/** `sessions.json` in its folder: the only one that writes there. */
export class StoreFile {
  readonly folder: string;
  readonly writer: ProcessIdentity;
  readonly #disk: Disk;
  #serial = 0;

  constructor(folder: string, writer: ProcessIdentity, disk: Disk) {
    this.folder = folder;
    this.writer = writer;
    this.#disk = disk;
  }

  get path(): string {
    return join(this.folder, STORE_NAME);
  }

  read(): Promise<StoreContent> {
    return readContent(this.path);
  }

  names(): Promise<string[]> {
    return readdir(this.folder);
  }

  /** Durable when it returns. On failure the old store stands. One call at a time: the caller sees to that. */
  async replace(store: Store): Promise<void> {
    const content = formatStore(store);
    if (this.#disk.defects.has('backup-overwritten-before-the-store-is-safe')) {
      await copyFile(this.path, `${this.path}.bak`);
      return writeInPlace(this.#disk, this.folder, content);
    }
    if (this.#disk.defects.has('write-in-place')) return writeInPlace(this.#disk, this.folder, content);
    await this.writeBeside(STORE_NAME, content);
  }

  /** The same for another file of the folder. */
  async writeBeside(name: string, content: Uint8Array): Promise<void> {
    this.#serial += 1;
    const ownName = formatTempName({ writer: this.writer, serial: this.#serial });
    const tempName = this.#disk.defects.has('fixed-temp-name') ? `${STORE_NAME}.tmp` : ownName;
    await replaceFile(this.#disk, this.folder, name, tempName, content);
  }
}

/** One row a line, so that a person can read it and `diff` can compare it. */
export function formatStore({ rows, journal, archiveBytes, removing, rest }: Store): Buffer {
  const head = JSON.stringify({ ...rest, journal, archiveBytes, removing }).slice(0, -1);
  const lines = Array.from(rows, ([key, row]) => `${JSON.stringify(key)}:${JSON.stringify(row)}`);
  return Buffer.from(`${head},"sessions":{\n${lines.join(',\n')}\n}}\n`);
}

/** Reads and checks a store. A system error that says nothing about the file is thrown. */
export async function readContent(path: string): Promise<StoreContent> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT') return { kind: 'missing' };
    if (UNREADABLE.has(errno)) return { kind: 'unreadable', reason: `it can't be read: ${errno}` };
    throw error;
  }
  return parseStore(bytes);
}

/** Rows and fields that it does not know stay as they are. */
export function parseStore(bytes: Uint8Array): StoreContent {
  const unreadable = (reason: string) => ({ kind: 'unreadable', reason }) as const;
  if (bytes.length === 0) return unreadable('it is empty');
  let value: unknown;
  try {
    // fatal: a replaced character would be a silent change of a key
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return unreadable(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) return unreadable('it is not a JSON object');
  const { sessions, journal, archiveBytes, removing = [], ...rest } = value;
  const { minReaderVersion, schemaVersion } = rest;
  // Before anything else: what a newer version calls by these names need not be what this one does.
  if (isCount(minReaderVersion) && minReaderVersion > SCHEMA_VERSION) {
    return { kind: 'newer', schemaVersion, minReaderVersion };
  }
  if (!isCount(schemaVersion) || !isCount(minReaderVersion)) return unreadable('it has no schema version');
  if (!isCount(journal)) return unreadable('"journal" is not a generation');
  if (archiveBytes !== undefined && !isCount(archiveBytes)) return unreadable('"archiveBytes" is not a length');
  if (!isNames(removing)) return unreadable('"removing" is not a list of session ids');
  if (!isObject(sessions)) return unreadable('"sessions" is not a JSON object');
  const wrong = Object.entries(sessions).find(([, row]) => !isRow(row));
  if (wrong !== undefined) return unreadable(`the row of ${JSON.stringify(wrong[0].slice(0, 256))} is no session row`);
  const rows = new Map(Object.entries(sessions) as [string, Row][]);
  const store = { rows, journal, ...(archiveBytes !== undefined && { archiveBytes }), removing, rest };
  return { kind: 'store', store, bytes: bytes.length };
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && isSessionId(name));
}

/** The defects `write-in-place` and `backup-overwritten-before-the-store-is-safe`; it syncs as the right way does, so that it is wrong in one thing only. */
async function writeInPlace(disk: Disk, folder: string, content: Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
  const handle = await disk.calls.open(join(folder, STORE_NAME), flags, 0o600);
  try {
    await writeAll(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await disk.syncFolder(folder);
}
