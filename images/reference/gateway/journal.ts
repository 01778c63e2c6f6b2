import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Disk, writeAll } from './disk.ts';
import { errorFields, type Log } from './log.ts';
import { isCount, isObject, isRow, isTurn, parseJson, type Row, type Turn } from './rows.ts';
import { splitLines } from './transcripts.ts';

/** A turn, and its session's row as it is after it. */
export interface JournalRecord {
  readonly key: string;
  readonly row: Row;
  readonly turn: Turn;
}

/** How far the generation before this one counts: what lies behind that was refused and could not be cut back. */
export interface Predecessor {
  readonly journal: number;
  readonly bytes: number;
}

export interface JournalContent {
  readonly records: readonly JournalRecord[];
  readonly after?: Predecessor;
  /** Where the last valid record ends. */
  readonly validBytes: number;
  /** `torn`: only its end is no whole record, which nobody was told is kept. `corrupt`: a record was damaged later. */
  readonly state: 'whole' | 'torn' | 'corrupt';
}

/** `sessions.journal.<generation>` */
export function journalName(generation: number): string {
  return `sessions.journal.${generation}`;
}

export function parseJournalName(name: string): number | undefined {
  const [, digits] = /^sessions\.journal\.([1-9]\d{0,14})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** `<crc32 of the JSON, 8 hex digits> <JSON>\n` */
export function formatLine(value: JournalRecord | { readonly after: Predecessor }): string {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

export function parseJournal(bytes: Buffer): JournalContent {
  const records: JournalRecord[] = [];
  let after: Predecessor | undefined;
  let endBytes = 0;
  let validBytes = 0;
  let damaged = 0;
  for (const line of splitLines(bytes)) {
    endBytes += line.length;
    const value = parseLine(line);
    if (isRecord(value)) records.push(value);
    else if (isPredecessor(value)) after = value.after;
    else {
      damaged += 1;
      continue;
    }
    validBytes = endBytes;
  }
  // A write that was cut short has no line's end; a whole line that is wrong was right when it was acknowledged.
  const state = damaged > 0 ? 'corrupt' : validBytes < bytes.length ? 'torn' : 'whole';
  return { records, ...(after && { after }), validBytes, state };
}

function parseLine(line: Buffer): unknown {
  const json = line.subarray(9, -1);
  const checksum = line.subarray(0, 9).toString('latin1');
  return checksum === `${crc32(json).toString(16).padStart(8, '0')} ` ? parseJson(json) : undefined;
}

function isRecord(value: unknown): value is JournalRecord {
  return isObject(value) && typeof value.key === 'string' && isRow(value.row) && isTurn(value.turn);
}

function isPredecessor(value: unknown): value is { after: Predecessor } {
  return isObject(value) && isObject(value.after) && isCount(value.after.journal) && isCount(value.after.bytes);
}

/** One generation, open for appending. Its file is made by the first append. */
export class JournalFile {
  readonly generation: number;
  readonly after: Predecessor | undefined;
  readonly #path: string;
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #log: Log;
  #sizeBytes: number;
  #handle: FileHandle | undefined;
  #isNameDurable = false;
  #isSpoiled = false;

  /** `sizeBytes`: what counts of a file that is there already. */
  constructor(
    folder: string,
    generation: number,
    disk: Disk,
    log: Log,
    start: { sizeBytes: number; after?: Predecessor },
  ) {
    this.generation = generation;
    this.#folder = folder;
    this.#path = join(folder, journalName(generation));
    this.#disk = disk;
    this.#log = log;
    this.#sizeBytes = start.sizeBytes;
    this.after = start.after;
  }

  /** Of what was acknowledged. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether nothing more may be acknowledged on this file. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  /** Durable when it resolves: data and name. When it rejects nothing of it counts, and nothing of it is left if that can be helped. */
  async append(lines: readonly string[]): Promise<void> {
    this.#handle ??= await this.#open();
    const head = this.#sizeBytes === 0 && this.after ? formatLine({ after: this.after }) : '';
    const content = Buffer.from(head + lines.join(''));
    try {
      await writeAll(this.#handle, content, this.#sizeBytes);
    } catch (error) {
      await this.#cutBack(this.#handle);
      throw error;
    }
    try {
      await this.#handle.datasync();
      if (!this.#isNameDurable) await this.#disk.syncFolder(this.#folder);
    } catch (error) {
      // After a failed sync the kernel may take what it lost for written: the next sync of this file would prove nothing.
      this.#isSpoiled = true;
      await this.#cutBack(this.#handle);
      throw error;
    }
    this.#isNameDurable = true;
    this.#sizeBytes += content.length;
  }

  async #open(): Promise<FileHandle> {
    const isNew = this.#sizeBytes === 0;
    return this.#disk.calls.open(this.#path, constants.O_WRONLY | (isNew ? constants.O_CREAT : 0), 0o600);
  }

  async #cutBack(handle: FileHandle): Promise<void> {
    try {
      await handle.truncate(this.#sizeBytes);
    } catch (error) {
      this.#isSpoiled = true;
      const fields = { generation: this.generation, countedBytes: this.#sizeBytes, ...errorFields(error) };
      this.#log('error', 'journal-not-cut-back', fields);
    }
  }

  /** Takes away what does not count. */
  async cutTail(): Promise<void> {
    this.#handle ??= await this.#open();
    await this.#handle.truncate(this.#sizeBytes);
    await this.#handle.datasync();
  }

  /** Nothing is lost by a failed close: what counts is synced. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch((error: unknown) => this.#log('warn', 'journal-not-closed', errorFields(error)));
  }
}
