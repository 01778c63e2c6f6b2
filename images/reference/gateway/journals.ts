import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import {
  formatLine,
  type JournalContent,
  JournalFile,
  type JournalRecord,
  journalName,
  type Predecessor,
  parseJournal,
  parseJournalName,
} from './journal.ts';
import type { Log } from './log.ts';
import type { StoreFile } from './store-file.ts';

/** A record that is not in the store. */
export interface Replayed {
  readonly generation: number;
  readonly record: JournalRecord;
}

export interface OpenedJournals {
  readonly journals: Journals;
  /** In the order in which they were acknowledged. */
  readonly replayed: readonly Replayed[];
  /** One of them was damaged: what could be read of it should get into the store now. */
  readonly isDamaged: boolean;
}

/** The journals of the folder: the newest one is appended to, the older ones wait to be folded. */
export class Journals {
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #log: Log;
  #current: JournalFile;
  /** Acknowledged bytes of the older generations that are there, by generation. */
  readonly #older: Map<number, number>;

  private constructor(folder: string, disk: Disk, log: Log, current: JournalFile, older: Map<number, number>) {
    this.#folder = folder;
    this.#disk = disk;
    this.#log = log;
    this.#current = current;
    this.#older = older;
  }

  /**
   * Reads all generations from `first` on: what is older is in the store. A torn end is cut off; a damaged file is copied aside
   * before anything else, and not appended to.
   */
  static async open(file: StoreFile, first: number, disk: Disk, log: Log): Promise<OpenedJournals> {
    const { folder } = file;
    const names = await file.names();
    const generations = generationsIn(names);
    const older = new Map(generations.map((generation) => [generation, 0]));
    const replayed: Replayed[] = [];
    let isDamaged = false;
    let current = new JournalFile(folder, first, disk, log, { sizeBytes: 0 });
    for (const { generation, bytes, content } of await readFrom(folder, generations, first)) {
      replayed.push(...content.records.map((record) => ({ generation, record })));
      older.set(generation, content.validBytes);
      current = new JournalFile(folder, generation, disk, log, { sizeBytes: content.validBytes });
      const fields = { name: journalName(generation), records: content.records.length };
      if (content.state === 'corrupt') {
        isDamaged = true;
        log('error', 'journal-corrupt', { ...fields, to: await keepAside(file, names, generation, bytes) });
        const after = { journal: generation, bytes: bytes.length };
        current = new JournalFile(folder, generation + 1, disk, log, { sizeBytes: 0, after });
      } else if (content.state === 'torn') {
        log('warn', 'journal-torn-tail', { ...fields, cutBytes: bytes.length - content.validBytes });
        await current.cutTail();
      } else log('info', 'journal-replayed', fields);
      if (generation !== generations.at(-1)) await current.close();
    }
    older.delete(current.generation);
    return { journals: new Journals(folder, disk, log, current, older), replayed, isDamaged };
  }

  /** Of the journal that is appended to. */
  get currentBytes(): number {
    return this.#current.sizeBytes;
  }

  /** Of everything that is not in the store. */
  get unfoldedBytes(): number {
    return this.#older.values().reduce((sum, bytes) => sum + bytes, this.#current.sizeBytes);
  }

  /** Durable when it resolves, with the generation that holds them. One call at a time: the caller sees to that. */
  async append(records: readonly JournalRecord[]): Promise<number> {
    if (this.#current.isSpoiled) await this.#next();
    await this.#current.append(records.map(formatLine));
    return this.#current.generation;
  }

  /** From here on turns go to a generation that no fold of the older ones touches; gives it. */
  async rotate(): Promise<number> {
    if (this.#current.sizeBytes > 0) await this.#next();
    return this.#current.generation;
  }

  async #next(): Promise<void> {
    const { generation, sizeBytes, after } = this.#current;
    await this.#current.close();
    let predecessor = after;
    if (sizeBytes === 0) {
      // Spoiled by its first append: else each turn that a full disk refuses could leave a file.
      await this.#disk.remove(join(this.#folder, journalName(generation)));
    } else {
      this.#older.set(generation, sizeBytes);
      predecessor = { journal: generation, bytes: sizeBytes };
    }
    const start = { sizeBytes: 0, ...(predecessor && { after: predecessor }) };
    this.#current = new JournalFile(this.#folder, generation + 1, this.#disk, this.#log, start);
  }

  /** The older ones are in the store now. */
  async removeBefore(generation: number): Promise<void> {
    for (const old of [...this.#older.keys()].filter((candidate) => candidate < generation)) {
      await this.#disk.remove(join(this.#folder, journalName(old)));
      this.#older.delete(old);
    }
  }

  close(): Promise<void> {
    return this.#current.close();
  }
}

/** The journal generations among these file names, oldest first. */
export function generationsIn(names: readonly string[]): number[] {
  return names
    .map(parseJournalName)
    .filter((generation) => generation !== undefined)
    .sort((a, b) => a - b);
}

interface ReadJournal {
  readonly generation: number;
  /** As far as the next generation says that it counts. */
  readonly bytes: Buffer;
  readonly content: JournalContent;
}

async function readFrom(folder: string, generations: readonly number[], first: number): Promise<ReadJournal[]> {
  const journals: ReadJournal[] = [];
  let after: Predecessor | undefined;
  // The newest first: each says how far the one before it counts.
  for (const generation of generations.filter((candidate) => candidate >= first).toReversed()) {
    const whole = await readFile(join(folder, journalName(generation)));
    const bytes = after?.journal === generation ? whole.subarray(0, after.bytes) : whole;
    const content = parseJournal(bytes);
    journals.unshift({ generation, bytes, content });
    after = content.after;
  }
  return journals;
}

async function keepAside(
  file: StoreFile,
  names: readonly string[],
  generation: number,
  bytes: Buffer,
): Promise<string> {
  const form = `${journalName(generation)}.corrupt-`;
  const there = names.find((name) => name.startsWith(form));
  if (there !== undefined) return there; // of a boot that did not get further
  const aside = `${form}${Date.now()}`;
  await file.writeBeside(aside, bytes);
  return aside;
}
