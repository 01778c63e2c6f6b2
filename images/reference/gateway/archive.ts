import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';
import { errnoOf } from './log.ts';
import { isRow, parseJson, type Row } from './rows.ts';
import { splitLines } from './transcripts.ts';

const FOLDER = 'archive';
const NAME = 'sessions.jsonl';

export interface ArchivedRow {
  readonly archivedAt: number;
  readonly reason: string;
  readonly key: string;
  readonly row: Row;
}

/** What is in the archive, for when the store is lost. */
export interface ArchiveContent {
  /** Up to which length a session's transcript was archived, by its id. */
  readonly bytesOf: ReadonlyMap<string, number>;
  /** Where its last whole line ends. */
  readonly endBytes: number;
}

/**
 * The rows that left the store, one a line. The store vouches for a length, as it does with transcripts: so a fold that is done
 * again archives no row twice.
 */
export class Archive {
  readonly #parent: string;
  readonly #disk: Disk;

  constructor(parent: string, disk: Disk) {
    this.#parent = parent;
    this.#disk = disk;
  }

  get #path(): string {
    return join(this.#parent, FOLDER, NAME);
  }

  /** Resolves with the new length, once data and name are durable. */
  async add(archived: readonly ArchivedRow[], vouchedBytes: number | undefined): Promise<number | undefined> {
    if (archived.length === 0) return vouchedBytes;
    const knownBytes = vouchedBytes ?? (await this.read()).endBytes;
    await this.#disk.makeFolder(join(this.#parent, FOLDER));
    const handle = await this.#disk.calls.open(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      const { size } = await handle.stat();
      // Shorter than vouched: somebody took what was in it away.
      const atBytes = Math.min(size, knownBytes);
      const content = Buffer.from(archived.map(formatLine).join(''));
      await writeAll(handle, content, atBytes);
      if (size > atBytes + content.length) await handle.truncate(atBytes + content.length);
      await handle.sync();
      // As long as no durable store vouches for a length, the attempt that made the file may have failed before it came to this.
      if (atBytes === 0 || vouchedBytes === undefined) await this.#disk.syncFolder(join(this.#parent, FOLDER));
      return atBytes + content.length;
    } finally {
      await handle.close();
    }
  }

  async read(): Promise<ArchiveContent> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return { bytesOf: new Map(), endBytes: 0 };
    }
    const lines = splitLines(bytes);
    const rows = lines.map(parseJson).filter(isRow);
    return {
      bytesOf: new Map(rows.map((row) => [row.sessionId, row.bytes])),
      endBytes: lines.reduce((sum, line) => sum + line.length, 0),
    };
  }
}

function formatLine({ archivedAt, reason, key, row }: ArchivedRow): string {
  return `${JSON.stringify({ archivedAt, reason, key, ...row })}\n`;
}
