import { hash } from 'node:crypto';

/** Bytes are kept in pieces of this size: two versions of a file share what they have in common. */
const CHUNK_BYTES = 64 * 1024;
/** What a file system writes at once: a write is torn at these (getconf PAGESIZE). */
export const PAGE_BYTES = 4096;

/** A piece of a file, never changed. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly hash: string;
}

const chunkOf = (bytes: Buffer): Chunk => ({ bytes, hash: hash('sha256', bytes, 'base64url') });
/** A file is made longer before it is filled: that must not cost its length again. */
const ZEROS = chunkOf(Buffer.alloc(CHUNK_BYTES));

/** The bytes of a file at one moment. It never changes: a write gives another one, which shares every piece that is the same. */
export class Content {
  static readonly empty = new Content(0, []);
  readonly size: number;
  readonly chunks: readonly Chunk[];
  #digest: string | undefined;

  private constructor(size: number, chunks: readonly Chunk[]) {
    this.size = size;
    this.chunks = chunks;
  }

  static of(bytes: Uint8Array): Content {
    return Content.empty.write(0, bytes);
  }

  /** Names the bytes: two contents are equal if and only if their digests are. */
  get digest(): string {
    this.#digest ??= hash('sha256', `${this.size} ${this.chunks.map((chunk) => chunk.hash).join(' ')}`, 'base64url');
    return this.#digest;
  }

  /** Another content with these bytes at `offset`; a gap before them is full of zeros, as pwrite(2) leaves it. */
  write(offset: number, bytes: Uint8Array): Content {
    if (bytes.length === 0) return this;
    const size = Math.max(this.size, offset + bytes.length);
    const chunks = this.#resized(size);
    const end = offset + bytes.length;
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / CHUNK_BYTES);
      const inChunk = at - index * CHUNK_BYTES;
      const count = Math.min(CHUNK_BYTES - inChunk, end - at);
      const changed = Buffer.from((chunks[index] as Chunk).bytes);
      changed.set(bytes.subarray(at - offset, at - offset + count), inChunk);
      chunks[index] = chunkOf(changed);
      at += count;
    }
    return new Content(size, chunks);
  }

  /** Another content with the bytes of `other` from `from` to before `to` in the same place; whole pieces are shared and not copied. */
  take(other: Content, from: number, to: number): Content {
    const size = Math.max(this.size, to);
    const chunks = this.#resized(size);
    const rest: [number, number][] = [];
    for (let at = from; at < to; ) {
      const index = Math.floor(at / CHUNK_BYTES);
      const end = Math.min(to, (index + 1) * CHUNK_BYTES);
      const theirs = other.chunks[index];
      const isWhole = at === index * CHUNK_BYTES && theirs?.bytes.length === end - at;
      if (isWhole && chunks[index]?.bytes.length === end - at) chunks[index] = theirs;
      else rest.push([at, end]);
      at = end;
    }
    return rest.reduce((content, [at, end]) => content.write(at, other.slice(at, end)), new Content(size, chunks));
  }

  /** Another content of this length: cut off, or with zeros at its end (truncate(2)). */
  truncate(size: number): Content {
    return size === this.size ? this : new Content(size, this.#resized(size));
  }

  #resized(size: number): Chunk[] {
    const count = Math.ceil(size / CHUNK_BYTES);
    const chunks = this.chunks.slice(0, count);
    const lengthOf = (index: number) => Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES);
    for (let index = Math.max(0, chunks.length - 1); index < count; index += 1) {
      const old = chunks[index];
      const length = lengthOf(index);
      if (old?.bytes.length === length) continue;
      if (old === undefined && length === CHUNK_BYTES) {
        chunks[index] = ZEROS;
        continue;
      }
      const bytes = Buffer.alloc(length);
      old?.bytes.copy(bytes, 0, 0, length);
      chunks[index] = chunkOf(bytes);
    }
    return chunks;
  }

  /** The bytes from `from` to before `to`. */
  slice(from: number, to: number): Buffer {
    const end = Math.min(to, this.size);
    const parts: Buffer[] = [];
    for (let at = from; at < end; ) {
      const index = Math.floor(at / CHUNK_BYTES);
      const inChunk = at - index * CHUNK_BYTES;
      const part = (this.chunks[index] as Chunk).bytes.subarray(inChunk, inChunk + end - at);
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** The bytes as UTF-8, without a second copy of them. */
  text(): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const parts = this.chunks.map((chunk) => decoder.decode(chunk.bytes, { stream: true }));
    return parts.join('') + decoder.decode();
  }

  /** Whether the bytes of a text are in it. */
  includes(text: string): boolean {
    const wanted = Buffer.from(text);
    let tail = Buffer.alloc(0);
    return this.chunks.some(({ bytes }) => {
      const window = Buffer.concat([tail, bytes]);
      tail = window.subarray(Math.max(0, window.length - wanted.length + 1));
      return window.includes(wanted);
    });
  }
}
