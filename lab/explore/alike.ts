import { hash } from 'node:crypto';
import type { GateEvent } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import { type Promises, promisedFiles } from '../system.ts';
import { descriptionOf, type FolderImage, type Inode } from './folder-image.ts';
import type { Turn } from './record.ts';
import { countedPart } from './wal.ts';

/*
 * A program does the same on two folders that differ only in what it never looks into. So one of them is booted for both (the pruning by what recovery
 * reads of Jaaru, ASPLOS 2021, here by whole files). What a boot opens is seen (writegate --opens); what it learns from a listing or stat(2) is not: names,
 * kinds, modes and whether a file is empty must be the same, and a length is taken to decide nothing. That is tried: the one of them that differs most in
 * length is booted too, and where it comes to anything else, so is each of them.
 * What a write-ahead log of SQLite's has behind its last commit is passed over by whoever opens the database (wal.ts), so it tells no two states apart either.
 */

/**
 * The files that a system looked into, from its first boot on a state to its end: those that it opened, changed, moved or linked. One that it only listed,
 * looked at or took away is not among them.
 */
export class LookedInto {
  readonly #files = new Set<string>();
  /** With all that was in them. */
  readonly #moved = new Set<string>();
  #everything = false;

  take(event: GateEvent): void {
    switch (event.ev) {
      case 'opened':
        if (event.path === null) this.#everything = true;
        else this.#files.add(event.path);
        return;
      case 'unknown-path':
        this.#everything = true;
        return;
      case 'op':
        if (event.op === 'unlink') return;
        for (const file of [event.path, ...(event.to === undefined ? [] : [event.to])])
          (event.op === 'rename' ? this.#moved : this.#files).add(file);
        return;
    }
  }

  /** What another one looked into, too. */
  add(other: LookedInto): void {
    for (const file of other.#files) this.#files.add(file);
    for (const file of other.#moved) this.#moved.add(file);
    this.#everything ||= other.#everything;
  }

  /** Plain data. */
  toJSON(): { files: string[]; moved: string[]; everything: boolean } {
    return { files: [...this.#files], moved: [...this.#moved], everything: this.#everything };
  }

  static from({ files, moved, everything }: ReturnType<LookedInto['toJSON']>): LookedInto {
    const looked = new LookedInto();
    for (const file of files) looked.#files.add(file);
    for (const file of moved) looked.#moved.add(file);
    looked.#everything = everything;
    return looked;
  }

  has(file: string): boolean {
    if (this.#everything || this.#files.has(file)) return true;
    if (this.#moved.size === 0) return false;
    for (let above = file; above !== ''; above = above.slice(0, above.lastIndexOf('/')))
      if (this.#moved.has(above)) return true;
    return false;
  }
}

/** One name of a state. */
interface Look {
  readonly file: string;
  /** All that there is to tell of it. */
  readonly whole: string;
  /** What is there to tell for somebody who does not look into it. Absent: no two states may differ in it. */
  readonly outline?: string;
}

/** A state, as far as two can be told apart. */
export interface StateLook {
  readonly looks: readonly Look[];
  /** What else is judged: the turns that were acknowledged. */
  readonly about: string;
  /** Of all files. */
  readonly bytes: number;
}

/** The turns that a state must not lose, as a part of its look. */
export const namesOf = (turns: readonly Turn[]): string =>
  turns.map((turn) => `${turn.name} ${turn.acknowledged}`).join('\n');

const EXECUTABLE = 0o111;

/** Makes the looks of states; those of one file that many states share are made once. */
export class Looks {
  readonly #known = new WeakMap<Inode, Map<string, Look>>();
  readonly #isJudged: (file: string) => boolean;

  constructor(promises: Promises) {
    const { store } = promises;
    // Of a system that is asked what it holds, its own files are judged by nobody else.
    const judged = promisedFiles({ ...promises, watched: [] });
    const beside = store.format === 'sqlite' ? [`${store.path}-*`] : [];
    this.#isJudged = (file) => fitsPattern(file, [...judged, ...beside]);
  }

  of({ names, inodes }: FolderImage, about: string): StateLook {
    const looks: Look[] = [];
    let bytes = 0;
    for (const [file, id] of names) {
      const inode = inodes.get(id);
      if (inode === undefined) continue;
      looks.push(this.#look(file, inode));
      bytes += inode.content.size;
    }
    return { looks, about, bytes };
  }

  #look(file: string, inode: Inode): Look {
    const known = this.#known.get(inode) ?? new Map<string, Look>();
    this.#known.set(inode, known);
    let look = known.get(file);
    if (look === undefined) {
      const { type, mode, content } = inode;
      const counted = countedPart(file, content);
      const whole = `${file}\0${descriptionOf(counted === content ? inode : { ...inode, content: counted })}`;
      // The kernel opens what is executed, and nobody is told.
      const hasOutline = type === 'file' && content.size > 0 && (mode & EXECUTABLE) === 0 && !this.#isJudged(file);
      look = { file, whole, ...(hasOutline && { outline: `${file}\0a file ${mode.toString(8)} that is not empty` }) };
      known.set(file, look);
    }
    return look;
  }
}

/** Names what of a state somebody knows who looked into these files: two with one key are one for him. */
export function keyOf({ looks, about }: StateLook, isLookedInto: (file: string) => boolean): string {
  const lines = looks.map(({ file, whole, outline }) =>
    outline === undefined || isLookedInto(file) ? whole : outline,
  );
  return hash('sha256', `${about}\n${lines.sort().join('\n')}`, 'base64url');
}
