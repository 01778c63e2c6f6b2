import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';
import { errnoOf, type Log } from './log.ts';
import { isObject, isSessionId, isTurn, parseJson, type Row, type Turn } from './rows.ts';

const FOLDER = 'transcripts';
const NEWLINE = 0x0a;
const FIRST_READ_BYTES = 64 * 1024;

/** Turns of one session that follow each other, and where the first of them goes. */
export interface Addition {
  readonly key: string;
  readonly row: Row;
  readonly turns: readonly Turn[];
  readonly offsetBytes: number;
}

/** What a transcript says by itself; `row` lacks what only the store knows. */
export type Found = { readonly name: string } & (
  | { readonly key: string; readonly row: Omit<Row, 'kind'> }
  | { readonly reason: string }
);

/** The first line of a transcript. It tells whose it is, should the store be lost. */
export function headerLine(key: string, { sessionId, createdAt }: Pick<Row, 'sessionId' | 'createdAt'>): Buffer {
  return Buffer.from(`${JSON.stringify({ key, sessionId, createdAt })}\n`);
}

/** Always the same bytes for the same turn: so a fold that is done again writes over what it wrote before. */
export function turnLine({ at, user, assistant }: Turn): Buffer {
  return Buffer.from(`${JSON.stringify({ at, user, assistant })}\n`);
}

/**
 * The histories, one file a session. The store's row vouches for a length; what lies behind it is of a fold that did not come to
 * its end, and is written again by the next one.
 */
export class Transcripts {
  readonly #parent: string;
  readonly #disk: Disk;
  readonly #log: Log;

  constructor(parent: string, disk: Disk, log: Log) {
    this.#parent = parent;
    this.#disk = disk;
    this.#log = log;
  }

  get #folder(): string {
    return join(this.#parent, FOLDER);
  }

  #path(sessionId: string): string {
    return join(this.#folder, `${sessionId}.jsonl`);
  }

  /** Durable when it returns: data and names. Done again it changes nothing. */
  async add(additions: readonly Addition[]): Promise<void> {
    if (additions.length === 0) return;
    await this.#disk.makeFolder(this.#folder);
    for (const addition of additions) await this.#addTo(addition);
    // Also where no file was made just now: the fold that made it may have been killed before it came to this.
    await this.#disk.syncFolder(this.#folder);
  }

  async #addTo({ key, row, turns, offsetBytes }: Addition): Promise<void> {
    const header = headerLine(key, row);
    const isFirst = offsetBytes <= header.length;
    const lines = [...(isFirst ? [header] : []), ...turns.map(turnLine)];
    let atBytes = isFirst ? 0 : offsetBytes;
    const handle = await this.#disk.calls.open(this.#path(row.sessionId), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = await handle.stat();
      if (!isFirst && (await readRange(handle, atBytes - 1, atBytes))[0] !== NEWLINE) {
        // Somebody cut it, or a journal with turns before these was damaged. A line's end keeps what follows the gap readable.
        this.#log('error', 'transcript-short', { sessionId: row.sessionId, bytes: size, vouchedBytes: atBytes });
        await writeAll(handle, header);
        lines.unshift(Buffer.from('\n'));
        atBytes -= 1;
      }
      const content = Buffer.concat(lines);
      await writeAll(handle, content, atBytes);
      if (size > atBytes + content.length) await handle.truncate(atBytes + content.length);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** The newest `limit` turns of the first `vouchedBytes`, oldest first; reads no more of the file than they need. */
  async readNewest(sessionId: string, vouchedBytes: number, limit: number): Promise<Turn[]> {
    if (limit <= 0 || vouchedBytes === 0) return [];
    let handle: FileHandle;
    try {
      handle = await open(this.#path(sessionId), constants.O_RDONLY);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      this.#log('warn', 'transcript-missing', { sessionId, vouchedBytes });
      return [];
    }
    try {
      for (let bytes = FIRST_READ_BYTES; ; bytes *= 4) {
        const from = Math.max(0, vouchedBytes - bytes);
        const lines = splitLines(await readRange(handle, from, vouchedBytes));
        // The first line is the header, or the end of a turn that begins before this range.
        if (from === 0 || lines.length > limit) return this.#parse(sessionId, lines.slice(1).slice(-limit));
      }
    } finally {
      await handle.close();
    }
  }

  #parse(sessionId: string, lines: readonly Buffer[]): Turn[] {
    const turns = lines.map(parseJson).filter(isTurn);
    const damaged = lines.length - turns.length;
    if (damaged > 0) this.#log('error', 'transcript-damaged', { sessionId, lines: damaged });
    return turns;
  }

  /** Reads them all, one after the other: for when the store is lost. */
  async *scan(): AsyncGenerator<Found> {
    for (const name of [...((await this.#names()) ?? [])].sort()) {
      const [, sessionId] = /^(.+)\.jsonl$/.exec(name) ?? [];
      if (sessionId === undefined || !isSessionId(sessionId)) yield { name, reason: 'not the name of a transcript' };
      else yield { name, ...parseTranscript(sessionId, await readFile(this.#path(sessionId))) };
    }
  }

  /** Undefined: nothing was ever folded. */
  async #names(): Promise<ReadonlySet<string> | undefined> {
    try {
      return new Set(await readdir(this.#folder));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return undefined;
    }
  }

  /** Removes those that are there; durable when it returns. */
  async remove(sessionIds: readonly string[]): Promise<void> {
    if (sessionIds.length === 0) return;
    const names = await this.#names();
    if (names === undefined) return;
    for (const sessionId of sessionIds)
      if (names.has(`${sessionId}.jsonl`)) await this.#disk.remove(this.#path(sessionId));
    // Also where none is there any more: the process that removed them may have been killed before it synced that.
    await this.#disk.syncFolder(this.#folder);
  }
}

function parseTranscript(
  sessionId: string,
  bytes: Buffer,
): { key: string; row: Omit<Row, 'kind'> } | { reason: string } {
  const lines = splitLines(bytes);
  const header = lines[0] && parseJson(lines[0]);
  if (!isObject(header) || typeof header.key !== 'string' || header.sessionId !== sessionId)
    return { reason: 'its first line does not say whose it is' };
  let turns = 0;
  let updatedAt = Number(header.createdAt);
  let vouched = 0;
  let end = 0;
  for (const line of lines) {
    end += line.length;
    const turn = parseJson(line);
    if (!isTurn(turn)) continue;
    turns += 1;
    updatedAt = turn.at;
    vouched = end;
  }
  if (turns === 0 || !Number.isFinite(header.createdAt)) return { reason: 'there is no whole turn in it' };
  return { key: header.key, row: { sessionId, createdAt: Number(header.createdAt), updatedAt, turns, bytes: vouched } };
}

/** Each with its newline; what follows the last newline is no line. */
export function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, to + 1));
    from = to + 1;
  }
  return lines;
}

async function readRange(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from);
  let done = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, from + done);
    done += bytesRead;
    if (bytesRead === 0 || done === buffer.length) return buffer.subarray(0, done);
  }
}
