import {
  type Bytes,
  EMPTY,
  hashOf,
  inMemory,
  PAGE_BYTES,
  Page,
  partAt,
  partsOf,
  replaced,
  resized,
  type Source,
  type Tree,
} from './pages.ts';

/** The bytes of a file at one moment. It never changes: a write gives another one, which shares every page that is the same. */
export class Content {
  static #empty: Content | undefined;
  readonly size: number;
  readonly #tree: Tree;
  #digest: string | undefined;

  private constructor(tree: Tree) {
    this.size = tree.size;
    this.#tree = tree;
  }

  // Not when the class is made: `tsc` compiles a class that makes one of itself there to one that can't.
  static get empty(): Content {
    Content.#empty ??= new Content(EMPTY);
    return Content.#empty;
  }

  /** @param bytes as of `write` */
  static of(bytes: Uint8Array): Content {
    return Content.empty.write(0, bytes);
  }

  /** Names the bytes: two contents are equal if and only if their digests are. */
  get digest(): string {
    this.#digest ??= hashOf(`${this.size} ${this.#tree.digest}`);
    return this.#digest;
  }

  /** The bytes in order, in pieces that no copy was made of. */
  get pieces(): Iterable<Buffer> {
    const tree = this.#tree;
    return {
      *[Symbol.iterator]() {
        for (const page of partsOf(tree, 0)) yield page.bytes;
      },
    };
  }

  /** The same in larger pieces, each with the hash of its bytes. */
  get chunks(): Tree[] {
    return this.size === 0 ? [] : [...partsOf(this.#tree, 1)];
  }

  /**
   * Another content with these bytes at `offset`; a gap before them is full of zeros, as pwrite(2) leaves it.
   * @param bytes are not copied: nobody may change them from now on
   */
  write(offset: number, bytes: Uint8Array | Bytes): Content {
    const source =
      bytes instanceof Uint8Array ? inMemory(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) : bytes;
    return this.#replaced(offset, offset + bytes.length, {
      whole: ({ height, size }, at) => (height === 0 ? new Page(source, at - offset, at - offset + size) : undefined),
      bytes: (from, to) => source.read(from - offset, to - offset),
    });
  }

  /** Another content with the bytes of `other` from `from` to before `to` in the same place; what is whole is shared. */
  take(other: Content, from: number, to: number): Content {
    return this.#replaced(from, to, {
      whole: ({ height, size }, at) => {
        const there = partAt(other.#tree, at, height);
        return there.height === height && there.size === size ? there : undefined;
      },
      bytes: (start, end) => other.slice(start, end),
    });
  }

  #replaced(from: number, to: number, source: Source): Content {
    if (from === to) return this;
    const whole = this.truncate(Math.max(this.size, to));
    return new Content(replaced(whole.#tree, from, to, source));
  }

  /** Another content of this length: cut off, or with zeros at its end (truncate(2)). */
  truncate(size: number): Content {
    return size === this.size ? this : new Content(resized(this.#tree, size));
  }

  /** The bytes from `from` to before `to`. */
  slice(from: number, to: number): Buffer {
    const end = Math.min(to, this.size);
    const parts: Buffer[] = [];
    for (let at = from; at < end; ) {
      const inPage = at % PAGE_BYTES;
      const part = partAt(this.#tree, at, 0).bytes.subarray(inPage, inPage + end - at);
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** The bytes as UTF-8. */
  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.slice(0, this.size));
  }

  /** Whether the bytes of a text are in it. */
  includes(text: string): boolean {
    const wanted = Buffer.from(text);
    let tail = Buffer.alloc(0);
    for (const bytes of this.pieces) {
      const window = Buffer.concat([tail, bytes]);
      if (window.includes(wanted)) return true;
      tail = window.subarray(Math.max(0, window.length - wanted.length + 1));
    }
    return false;
  }
}
