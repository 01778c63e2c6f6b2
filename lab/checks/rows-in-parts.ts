/*
 * The rows of a large JSON store, some of them at a time, so that neither its text nor all of its rows are in memory at once. It is cut at commas between
 * rows, found by counting brackets outside of strings. That all of it is JSON is said by JSON.parse alone, of each part and of what is around the rows:
 * where those are JSON, so is the whole.
 */

/** So much of the rows is parsed at once, at least. */
const PART_BYTES = 64 * 1024;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
/** No other control character is in JSON, inside of a string or outside: a file that ends in zeros is read no further. */
const SPACE = 0x20;
const WHITE = [0x09, 0x0a, 0x0d];
/** A character is `\u0000` at the longest. */
const MOST_BYTES_OF_CHAR = 6;

/** What to do with the rows. */
export interface RowReader {
  /** The object with the rows begins. Of two under one key the last one counts. */
  begin(): void;
  /** Some more of them, at least one. */
  take(rows: Record<string, unknown>): void;
}

/**
 * @param pieces the bytes of the document, in order
 * @param rowsAt the key under which the document has the object with the rows; absent: the document is that object
 * @returns the document without any row
 * @throws SyntaxError it is no JSON
 */
export function readRows(pieces: Iterable<Uint8Array>, rowsAt: string | undefined, reader: RowReader): unknown {
  const rowDepth = rowsAt === undefined ? 1 : 2;
  const around: Uint8Array[] = [];
  const key = new LastString(rowsAt);
  let rows: Rows | undefined;
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  for (const piece of pieces) {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] as number;
      if (byte < SPACE && !WHITE.includes(byte)) throw new SyntaxError(`there is a byte ${byte}`);
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
        if (depth === 1 && rows === undefined) key.add(byte);
        continue;
      }
      switch (byte) {
        case QUOTE:
          isInString = true;
          if (depth === 1 && rows === undefined) key.begin();
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          depth += 1;
          if (depth === rowDepth && byte === OPEN_OBJECT && key.isWanted) {
            around.push(piece.subarray(from, at + 1));
            from = at + 1;
            rows = new Rows(reader);
          }
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          if (rows !== undefined && depth === rowDepth) {
            rows.add(piece.subarray(from, at));
            rows.parse(true);
            from = at;
            rows = undefined;
          }
          depth -= 1;
          break;
        case COMMA:
          if (rows !== undefined && depth === rowDepth && rows.bytes + at - from >= PART_BYTES) {
            rows.add(piece.subarray(from, at));
            rows.parse(false);
            from = at + 1;
          }
          break;
      }
    }
    if (rows === undefined) around.push(piece.subarray(from));
    else rows.add(piece.subarray(from));
  }
  return JSON.parse(textOf(around));
}

// As text, since what is no UTF-8 is replaced there, as it is for a system that reads it.
const textOf = (pieces: readonly Uint8Array[]) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(pieces));

/** The last string that is no part of anything but the document: before an object it is its key. */
class LastString {
  readonly #wanted: string | undefined;
  readonly #most: number;
  #bytes: number[] = [];

  /** @param wanted absent: any key is */
  constructor(wanted: string | undefined) {
    this.#wanted = wanted;
    this.#most = (wanted ?? '').length * MOST_BYTES_OF_CHAR + '""'.length;
  }

  begin(): void {
    this.#bytes = [QUOTE];
  }

  /** What is longer than the one that is wanted need not be kept. */
  add(byte: number): void {
    if (this.#bytes.length <= this.#most) this.#bytes.push(byte);
  }

  get isWanted(): boolean {
    if (this.#wanted === undefined) return true;
    const { length } = this.#bytes;
    return length > 0 && length <= this.#most && JSON.parse(textOf([Buffer.from(this.#bytes)])) === this.#wanted;
  }
}

/** What is between the braces of the object with the rows. */
class Rows {
  readonly #reader: RowReader;
  #pieces: Uint8Array[] = [];
  #isFirst = true;
  /** So much is not parsed yet. */
  bytes = 0;

  constructor(reader: RowReader) {
    this.#reader = reader;
    reader.begin();
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  /** Rows are parsed that a comma is behind, or, of the last ones, the end of the object. */
  parse(isLast: boolean): void {
    const rows = JSON.parse(`{${textOf(this.#pieces)}}`) as Record<string, unknown>;
    const isNone = Object.keys(rows).length === 0;
    if (isNone && !(this.#isFirst && isLast)) throw new SyntaxError('there is a comma and no row');
    if (!isNone) this.#reader.take(rows);
    this.#isFirst = false;
    this.#pieces = [];
    this.bytes = 0;
  }
}
