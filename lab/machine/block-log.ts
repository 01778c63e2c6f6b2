import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Problem } from '../problem.ts';

/*
 * The log of what was written to a disk, in the format of the kernel's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst; the structs
 * are in drivers/md/dm-log-writes.c), as QEMU's filter `blklogwrites` writes it on the host. The first sector is the head; then, for each request, a sector
 * that says what it was, and behind it the sectors that were written. All numbers are little-endian.
 */
const MAGIC = 0x6a736677736872n;
const VERSION = 1n;
const FLUSH = 1n;
const FUA = 2n;
const DISCARD = 4n;
const KNOWN = FLUSH | FUA | DISCARD;

/** One request to the disk, in the order in which they were over. */
export interface LogEntry {
  readonly kind: 'write' | 'flush' | 'discard';
  /** A write that is on the disk when it is over, whatever is flushed (FUA). */
  readonly isDurable: boolean;
  /** Where on the disk, in bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** Of a write: where its bytes are in the log. */
  readonly at: number;
  /** Behind its last byte in the log: it is whole when the log is as long. */
  readonly end: number;
}

/** A log that is read; its file stays open. */
export class BlockLog implements Disposable {
  readonly entries: readonly LogEntry[];
  readonly #file: string;
  readonly #fd: number;

  /**
   * @param upTo so many bytes of it; absent: all
   * @throws Problem bad-results: it is no such log
   */
  constructor(file: string, upTo?: number) {
    this.#file = file;
    this.#fd = openSync(file, 'r');
    try {
      this.entries = this.#readAll(upTo);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** The bytes that a write put on the disk. */
  data({ at, bytes }: LogEntry): Buffer {
    return this.#read(at, bytes);
  }

  #readAll(upTo: number | undefined): LogEntry[] {
    const size = upTo ?? fstatSync(this.#fd).size;
    if (size === 0) return [];
    const head = this.#read(0, 28);
    if (head.readBigUInt64LE(0) !== MAGIC || head.readBigUInt64LE(8) !== VERSION)
      throw this.#bad('it does not begin as one of dm-log-writes, version 1');
    const sector = head.readUInt32LE(24);
    if (sector < 512 || size % sector !== 0) throw this.#bad(`it is not made of sectors of ${sector} bytes`);
    const entries: LogEntry[] = [];
    for (let at = sector; at < size; ) {
      const entry = this.#entry(at, sector, size);
      entries.push(entry);
      at = entry.end;
    }
    return entries;
  }

  #entry(at: number, sector: number, size: number): LogEntry {
    const told = this.#read(at, 32);
    const [from, count, flags, dataBytes] = [0, 8, 16, 24].map((offset) => told.readBigUInt64LE(offset)) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    if ((flags & ~KNOWN) !== 0n || dataBytes !== 0n) throw this.#bad(`the entry at byte ${at} has unknown flags`);
    const bytes = Number(count) * sector;
    const isDiscard = (flags & DISCARD) !== 0n;
    const end = at + sector + (isDiscard ? 0 : bytes);
    if (end > size) throw this.#bad(`the entry at byte ${at} is cut short`);
    return {
      kind: isDiscard ? 'discard' : bytes === 0 ? 'flush' : 'write',
      isDurable: (flags & FUA) !== 0n,
      offset: Number(from) * sector,
      bytes,
      at: at + sector,
      end,
    };
  }

  #read(at: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    for (let done = 0; done < bytes; ) {
      const read = readSync(this.#fd, buffer, done, bytes - done, at + done);
      if (read === 0) throw this.#bad(`it ends before byte ${at + bytes}`);
      done += read;
    }
    return buffer;
  }

  #bad(why: string): Problem {
    return new Problem('bad-results', `${this.#file} is no log of a disk's writes: ${why}.`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
