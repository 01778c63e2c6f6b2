import { hash } from 'node:crypto';

/*
 * The bytes of a file as a tree of its pages (a Merkle tree): versions of the file share each page that is the same and what is known of it, and a version
 * with another page costs that page and the branches above it, however large the file is.
 */

/** What a file system writes at once: a write is torn at these (getconf PAGESIZE). */
export const PAGE_BYTES = 4096;
const PARTS_IN_BRANCH = 16;

/** A page or a branch, never changed. */
export interface Tree {
  /** Of a page 0. */
  readonly height: number;
  readonly parts: readonly Tree[];
  readonly size: number;
  /** Names the bytes: trees of one height are equal if and only if their digests are. */
  readonly digest: string;
  /** SHA-256 of the bytes, base64url. */
  readonly hash: string;
  readonly bytes: Buffer;
}

export const hashOf = (bytes: Buffer | string): string => hash('sha256', bytes, 'base64url');

/** Where bytes are: in memory, or where they are read from when somebody asks. They never change. */
export interface Bytes {
  readonly length: number;
  read(from: number, to: number): Buffer;
}

export const inMemory = (bytes: Buffer): Bytes => ({
  length: bytes.length,
  read: (from, to) => bytes.subarray(from, to),
});

/** The last page of a file may be shorter than the others. */
export class Page implements Tree {
  readonly height = 0;
  readonly parts: readonly Tree[] = [];
  readonly size: number;
  readonly #bytes: Bytes;
  readonly #from: number;
  #hash: string | undefined;

  constructor(bytes: Bytes, from = 0, to = bytes.length) {
    this.size = to - from;
    this.#bytes = bytes;
    this.#from = from;
  }

  get bytes(): Buffer {
    return this.#bytes.read(this.#from, this.#from + this.size);
  }

  get hash(): string {
    this.#hash ??= hashOf(this.bytes);
    return this.#hash;
  }

  get digest(): string {
    return this.hash;
  }
}

/** Parts of one height that follow each other. All but the last branch of a file are full. */
class Branch implements Tree {
  readonly height: number;
  readonly parts: readonly Tree[];
  readonly size: number;
  #digest: string | undefined;
  #hash: string | undefined;

  constructor(height: number, parts: readonly Tree[]) {
    this.height = height;
    this.parts = parts;
    this.size = parts.reduce((sum, part) => sum + part.size, 0);
  }

  get digest(): string {
    this.#digest ??= hashOf(this.parts.map((part) => part.digest).join(' '));
    return this.#digest;
  }

  get hash(): string {
    this.#hash ??= hashOf(this.bytes);
    return this.#hash;
  }

  get bytes(): Buffer {
    return Buffer.concat([...partsOf(this, 0)].map((page) => page.bytes));
  }
}

/** No bytes at all. */
export const EMPTY: Tree = new Page(inMemory(Buffer.alloc(0)));

/** The parts of that height, in order; a tree that is lower is one itself. */
export function* partsOf(tree: Tree, height: number): Generator<Tree> {
  if (tree.height <= height) yield tree;
  else for (const part of tree.parts) yield* partsOf(part, height);
}

/** The part of that height that has the byte at that place, which is before the tree's end. Of a lower tree it is the tree itself. */
export function partAt(tree: Tree, at: number, height: number): Tree {
  if (tree.height <= height) return tree;
  const span = spanOf(tree.height - 1);
  return partAt(tree.parts[Math.floor(at / span)] ?? EMPTY, at % span, height);
}

/** The most bytes of a tree of that height. */
const spanOf = (height: number): number => PAGE_BYTES * PARTS_IN_BRANCH ** height;

/** Cut off, or with zeros at its end, and no higher than it must be: equal bytes are equal trees. */
export function resized(tree: Tree, size: number): Tree {
  let height = 0;
  while (spanOf(height) < size) height += 1;
  let old = tree;
  while (old.height > height) old = old.parts[0] ?? EMPTY;
  while (old.height < height) old = new Branch(old.height + 1, [old]);
  return filled(old, height, size);
}

/** A file is made longer before it is filled: that must not cost its length again. */
const ZEROS: Tree[] = [new Page(inMemory(Buffer.alloc(PAGE_BYTES)))];

function zeros(height: number): Tree {
  ZEROS[height] ??= new Branch(
    height,
    Array.from({ length: PARTS_IN_BRANCH }, () => zeros(height - 1)),
  );
  return ZEROS[height];
}

function filled(old: Tree, height: number, size: number): Tree {
  if (old.size === size) return old;
  if (old.size === 0 && size === spanOf(height)) return zeros(height);
  if (height === 0) {
    const bytes = Buffer.alloc(size);
    old.bytes.copy(bytes);
    return new Page(inMemory(bytes));
  }
  const span = spanOf(height - 1);
  const parts = Array.from({ length: Math.ceil(size / span) }, (_, index) =>
    filled(old.parts[index] ?? EMPTY, height - 1, Math.min(span, size - index * span)),
  );
  return new Branch(height, parts);
}

/** Where the bytes of a tree are had from. */
export interface Source {
  /** What is there under `part`; undefined: no tree that could stand in its place as it is. */
  whole(part: Tree, at: number): Tree | undefined;
  bytes(from: number, to: number): Buffer;
}

/** With the bytes of `source` from `from` to before `to`. @param at where the tree begins */
export function replaced(tree: Tree, from: number, to: number, source: Source, at = 0): Tree {
  const [start, end] = [Math.max(at, from), Math.min(at + tree.size, to)];
  if (start >= end) return tree;
  const whole = end - start === tree.size ? source.whole(tree, at) : undefined;
  if (whole !== undefined) return whole;
  if (tree.height > 0) {
    const span = spanOf(tree.height - 1);
    const parts = tree.parts.map((part, index) => replaced(part, from, to, source, at + index * span));
    return new Branch(tree.height, parts);
  }
  const bytes = Buffer.from(tree.bytes);
  bytes.set(source.bytes(start, end), start - at);
  return new Page(inMemory(bytes));
}
