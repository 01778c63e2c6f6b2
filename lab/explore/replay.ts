import path from 'node:path';
import { Content } from './content.ts';
import { emptyInode, type FolderImage, type Inode, type InodeId, moveName, removeName } from './folder-image.ts';
import { type Bytes, inMemory } from './pages.ts';
import type { Effect, Step, WriteRecord } from './record.ts';
import { SnapshotMap } from './snapshot-map.ts';

type DataEffect = Extract<Effect, { kind: 'data' }>;
type InodeEffect = Extract<Effect, { kind: 'inode' }>;

/** A change of names that one call made, all of it or nothing. */
export interface NameChange {
  /** The folders whose entries it changed: a sync of one of them makes it durable. */
  readonly folders: readonly string[];
  readonly removed?: string;
  readonly added?: { readonly path: string; readonly id: InodeId };
}

/** What a step did, in the replay's own terms. */
export interface Applied {
  readonly names: readonly NameChange[];
  /** Inodes whose bytes or length it changed, with the ranges that were written. */
  readonly data: ReadonlyMap<InodeId, readonly { from: number; to: number }[]>;
  /** The inode that its path, or its descriptor, stood for. */
  readonly subject: InodeId | undefined;
  /** The names before it, and of the inodes those whose bytes or length it changed. */
  readonly before: FolderImage;
}

/**
 * When the data of a record is read: at once, so that an image can be read when the record is closed; or when somebody asks for the bytes, so that of a
 * folder only the hashes are in memory.
 */
export type Reading = 'at-once' | 'when-asked';

/** A record played again: the folder after each step, as every process would see it (what was written is in the page cache, synced or not). */
export class Replay {
  readonly #record: WriteRecord;
  readonly #reading: Reading;
  readonly #byIno = new Map<number, InodeId>();
  readonly #names = new SnapshotMap<string, InodeId>();
  readonly #inodes = new SnapshotMap<InodeId, Inode>();
  #lastId = 0;
  #next = 0;
  #last: { effect: DataEffect; bytes: Buffer } | undefined;
  /** What was asked for of the next step's write: its pages are those of the file after it. */
  #ahead: { step: Step; ino: number; content: Content } | undefined;

  constructor(record: WriteRecord, reading: Reading = 'at-once') {
    this.#record = record;
    this.#reading = reading;
    this.#apply(record.base);
  }

  get root(): string {
    return this.#record.root;
  }

  /** The step that comes next, from 0. */
  get index(): number {
    return this.#next;
  }

  get isOver(): boolean {
    return this.#next === this.#record.steps.length;
  }

  /** The folder as it is now; it stays as it is. */
  get image(): FolderImage {
    return { names: this.#names.snapshot, inodes: this.#inodes.snapshot };
  }

  inode(id: InodeId): Inode | undefined {
    return this.#inodes.get(id);
  }

  /** Plays one more step. */
  step(): { step: Step; applied: Applied } {
    const step = this.#record.steps[this.#next];
    if (step === undefined) throw new Error('the record is over');
    this.#next += 1;
    const names = this.#names.snapshot;
    const { data, inodes } = this.#apply(step.op === 'rename' ? targetFirst(step.effects) : step.effects, step);
    const changes = this.#changesOf(step, names);
    return { step, applied: { names: changes, data, subject: this.#subjectOf(step), before: { names, inodes } } };
  }

  /** What the next step writes, at its place in its file, for a crash in its middle; undefined where it writes nothing. */
  get write(): { id: InodeId; offset: number; bytes: number; content: Content } | undefined {
    const step = this.#record.steps[this.#next];
    if (step?.op !== 'write') return undefined;
    const parts = step.effects.filter((effect): effect is DataEffect => effect.kind === 'data');
    const [first] = parts;
    const id = first === undefined ? undefined : this.#byIno.get(first.ino);
    if (first === undefined || id === undefined) return undefined;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    // The parts of one write follow each other in the file.
    const content = parts.reduce((whole, part) => whole.write(part.offset, this.#data(part)), Content.empty);
    this.#ahead = { step, ino: first.ino, content };
    return { id, offset: first.offset, bytes, content };
  }

  #data(effect: DataEffect): Bytes {
    if (this.#reading === 'at-once') return inMemory(this.#record.data(effect.at, effect.bytes));
    return { length: effect.bytes, read: (from, to) => this.#late(effect).subarray(from, to) };
  }

  /** Pages that follow each other are asked for one after the other. */
  #late(effect: DataEffect): Buffer {
    if (this.#last?.effect !== effect) this.#last = { effect, bytes: this.#record.data(effect.at, effect.bytes) };
    return this.#last.bytes;
  }

  /** @returns of each inode whose bytes or length changed, the ranges; and what it was before, if there was one */
  #apply(
    effects: readonly Effect[],
    step?: Step,
  ): { data: Map<InodeId, { from: number; to: number }[]>; inodes: Map<InodeId, Inode> } {
    const data = new Map<InodeId, { from: number; to: number }[]>();
    const inodes = new Map<InodeId, Inode>();
    const touch = (id: InodeId, old: Inode | undefined, from: number, to: number) => {
      const ranges = data.get(id);
      if (ranges === undefined && old !== undefined) inodes.set(id, old);
      data.set(id, [...(ranges ?? []), { from, to }]);
    };
    for (const effect of effects) {
      switch (effect.kind) {
        case 'name':
          this.#name(effect.path, effect.ino, step);
          break;
        case 'inode': {
          const id = this.#byIno.get(effect.ino) ?? this.#newInode(effect.ino);
          const old = this.#inodes.get(id);
          this.#describe(id, effect);
          if (step !== undefined && effect.type === 'file' && (old?.content.size ?? 0) !== effect.size)
            touch(id, old, effect.size, effect.size);
          break;
        }
        case 'data': {
          const id = this.#byIno.get(effect.ino) ?? this.#newInode(effect.ino);
          const inode = this.#inodes.get(id) ?? emptyInode('file', 0);
          const { offset, bytes } = effect;
          const ahead = this.#ahead?.step === step && this.#ahead?.ino === effect.ino ? this.#ahead.content : undefined;
          const content =
            ahead === undefined
              ? inode.content.write(offset, this.#data(effect))
              : inode.content.take(ahead, offset, offset + bytes);
          this.#inodes.own.set(id, { ...inode, content });
          touch(id, inode, offset, offset + bytes);
          break;
        }
      }
    }
    return { data, inodes };
  }

  #newInode(ino: number): InodeId {
    this.#lastId += 1;
    this.#byIno.set(ino, this.#lastId);
    this.#inodes.own.set(this.#lastId, emptyInode('other', 0));
    return this.#lastId;
  }

  #describe(id: InodeId, { type, mode, size, target }: InodeEffect): void {
    const old = this.#inodes.get(id);
    const content = type === 'file' ? (old?.content ?? Content.empty).truncate(size) : Content.empty;
    this.#inodes.own.set(id, { type, mode, content, ...(target !== undefined && { target }) });
  }

  #name(file: string, ino: number | null, step: Step | undefined): void {
    // The state folder itself is no name in it.
    if (file === this.#record.root) return;
    if (ino === null) {
      removeName(this.#names.own, file);
      return;
    }
    const old = this.#names.get(file);
    const known = this.#byIno.get(ino);
    // A number that a call has just made is a new file, whoever had the number before.
    const isMade = step !== undefined && old === undefined && MAKES.has(step.op);
    const id = known === undefined || isMade ? this.#newInode(ino) : known;
    if (old === id) return;
    const isMoved = step?.op === 'rename' && file === step.to && this.#names.get(step.path) === id;
    if (isMoved) moveName(this.#names.own, step.path, file, id);
    else this.#names.own.set(file, id);
  }

  #changesOf(step: Step, before: ReadonlyMap<string, InodeId>): NameChange[] {
    const changed = [step.path, ...(step.to === undefined ? [] : [step.to])].filter(
      (file) => before.get(file) !== this.#names.get(file),
    );
    if (changed.length === 0) return [];
    const folders = [...new Set(changed.map((file) => path.posix.dirname(file)))];
    const isGone = before.has(step.path) && !this.#names.has(step.path);
    const addedPath = step.to ?? step.path;
    const id = this.#names.get(addedPath);
    const added = id !== undefined && before.get(addedPath) !== id ? { path: addedPath, id } : undefined;
    return [{ folders, ...(isGone && { removed: step.path }), ...(added !== undefined && { added }) }];
  }

  #subjectOf(step: Step): InodeId | undefined {
    const told = step.effects.find((effect) => effect.kind === 'inode');
    return told?.kind === 'inode' ? this.#byIno.get(told.ino) : undefined;
  }
}

/** A folder that moves takes what is in it along: its new name comes before the loss of the old one. */
const targetFirst = (effects: readonly Effect[]) =>
  [...effects].sort(
    (a, b) => Number(a.kind === 'name' && a.ino === null) - Number(b.kind === 'name' && b.ino === null),
  );

const MAKES = new Set(['create', 'mkdir', 'symlink', 'mknod']);
