import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf, Failure } from './failure.ts';

/** All pieces in stock together. */
const STOCK_LIMIT_BYTES = 256 * 1024 * 1024;

/** One name of a state folder, as it is to be. */
export interface RestoreEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  /** Of a file: the SHA-256 of each of its pieces, base64url, in order. */
  readonly pieces: readonly string[];
  /** Of a link. */
  readonly target: string | undefined;
  /** Of a name that an earlier entry has already: a second name of the same file. */
  readonly sameAs: string | undefined;
}

/** Pieces of files, by their hashes: a folder is restored many times, and most of it is the same every time. */
export class Stock {
  readonly #pieces = new Map<string, Buffer>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(piece: Buffer): void {
    const name = createHash('sha256').update(piece).digest('base64url');
    if (this.#pieces.has(name)) return;
    if (this.#bytes + piece.length > STOCK_LIMIT_BYTES)
      throw new Failure('too-large', `more than ${STOCK_LIMIT_BYTES} bytes in stock; empty it first`);
    this.#pieces.set(name, piece);
    this.#bytes += piece.length;
  }

  empty(): void {
    this.#pieces.clear();
    this.#bytes = 0;
  }

  get(name: string): Buffer {
    const piece = this.#pieces.get(name);
    if (piece === undefined) throw new Failure('bad-request', `the piece ${name} is not in stock`);
    return piece;
  }
}

/**
 * Makes everything below `root` what `entries` say, and nothing else. Folders come before what is in them.
 * @param ageMs how old every file and folder is then
 */
export function restore(root: string, entries: readonly RestoreEntry[], stock: Stock, ageMs: number): number {
  const at = (Date.now() - ageMs) / 1000;
  try {
    for (const name of fs.readdirSync(root, { encoding: 'buffer' }))
      fs.rmSync(Buffer.concat([Buffer.from(`${root}/`), name]), { recursive: true, force: true });
    for (const entry of entries) restoreOne(entry, stock);
    // From the inside out: what is made in a folder makes the folder young again.
    for (const { path, type, mode } of entries.toReversed()) {
      if (type === 'directory') fs.chmodSync(path, mode);
      fs.lutimesSync(path, at, at);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('file-system', `can't restore ${root}: ${reason}`, { errno: errnoOf(error) }, error);
  }
  return entries.length;
}

function restoreOne({ path, type, mode, pieces, target, sameAs }: RestoreEntry, stock: Stock): void {
  if (sameAs !== undefined) {
    fs.linkSync(sameAs, path);
    return;
  }
  switch (type) {
    case 'directory':
      // Its own mode comes last: it may forbid what is to be made in it.
      fs.mkdirSync(path, { mode: 0o700 });
      return;
    case 'symlink':
      fs.symlinkSync(target ?? '', path);
      return;
    case 'file': {
      const fd = fs.openSync(path, 'wx', 0o600);
      try {
        for (const name of pieces) {
          const piece = stock.get(name);
          for (let done = 0; done < piece.length; ) done += fs.writeSync(fd, piece, done);
        }
        fs.fchmodSync(fd, mode);
      } finally {
        fs.closeSync(fd);
      }
    }
  }
}

/** Is a path below the root, and written as the kernel writes it? */
export const isInside = (root: string, path: string): boolean => path.startsWith(`${root}/`) && join(path) === path;
