import { constants } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncFolder, writeAll } from './atomic-write.ts';
import type { Defect } from './defects.ts';
import { errnoOf } from './log.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { parseRows, type Rows } from './rows.ts';
import { formatTempName, STORE_NAME } from './temp-name.ts';

/** What a store, or a temp that may become one, turns out to be. */
export type StoreContent =
  | { readonly kind: 'rows'; readonly rows: Rows; readonly bytes: Buffer }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What reading fails with when it is this file that can't be read; anything else (EIO, no memory) is the machine's. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'ENXIO', 'ERR_FS_FILE_TOO_LARGE']);

/** `sessions.json` in its folder: the only one that writes there. */
export class StoreFile {
  readonly folder: string;
  readonly writer: ProcessIdentity;
  readonly #defects: ReadonlySet<Defect>;
  #serial = 0;

  constructor(folder: string, writer: ProcessIdentity, defects: ReadonlySet<Defect> = new Set()) {
    this.folder = folder;
    this.writer = writer;
    this.#defects = defects;
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

  /** Durable when it returns. On failure the old content stands. One call at a time: the caller sees to that. */
  async replace(content: Uint8Array): Promise<void> {
    if (this.#defects.has('write-in-place')) return writeInPlace(this.path, content);
    this.#serial += 1;
    const tempName = formatTempName({ writer: this.writer, serial: this.#serial });
    await replaceFile(this.folder, STORE_NAME, tempName, content);
  }
}

/** Reads and checks a file of rows. A system error that says nothing about the file is thrown. */
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
  const rows = parseRows(bytes);
  return typeof rows === 'string' ? { kind: 'unreadable', reason: rows } : { kind: 'rows', rows, bytes };
}

/** The defect `write-in-place`; it syncs as the right way does, so that it is wrong in one thing only. */
async function writeInPlace(path: string, content: Uint8Array): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    await writeAll(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(join(path, '..'));
}
