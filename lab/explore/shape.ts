import path from 'node:path';
import type { Roles } from '../crash-point/places.ts';
import type { Content } from './content.ts';
import { type FolderImage, type Inode, type InodeId, inodeAt, isBelow } from './folder-image.ts';
import { PAGE_BYTES } from './pages.ts';
import type { WriteRecord } from './record.ts';
import { rolesOf } from './record-roles.ts';
import { Replay } from './replay.ts';

/*
 * What a recovery can tell of a crash state, without the bytes: which files an unfinished update has left, by their roles, what of each is there, and how far
 * the other files have come meanwhile. (Pathfinder, arXiv 2503.01390, OOPSLA 2025, takes crash states together by the update behaviour that they cut.)
 * Where no update is under way, the files are compared with the folder before the whole record and after it; where one is, with the folder as it was when
 * the update began and when it was over. So a store that is replaced six times is replaced once, and each page of a journalled transaction counts.
 */

/** The state folder before and after an update, or before and after the whole record. */
interface Frame {
  readonly before: FolderImage;
  readonly after: FolderImage;
}

/** Tells the shapes of a record's states. */
export class Shapes {
  readonly #root: string;
  readonly #steps: FolderImage[] = [];
  /** By step: the update that is under way there. */
  readonly #updates: Frame[] = [];
  readonly #whole: Frame;
  readonly #versions = new Set<string>();
  readonly #roles: Roles;
  readonly #endsInZeros = new WeakMap<Content, boolean>();

  constructor(record: WriteRecord) {
    this.#root = record.root;
    this.#roles = rolesOf(record);
    const replay = new Replay(record, 'when-asked');
    this.#steps.push(replay.image);
    while (replay.index < record.steps.length) {
      replay.step();
      this.#steps.push(replay.image);
    }
    const [first] = this.#steps;
    const last = this.#steps.at(-1);
    if (first === undefined || last === undefined) throw new Error('a record has a beginning');
    this.#whole = { before: first, after: last };
    this.#findVersions(record);
    this.#findUpdates();
  }

  /**
   * Contents that were a whole version of a file, by their digests: after a call that wrote it, or, of one that is renamed later, when it was renamed.
   */
  get versions(): ReadonlySet<string> {
    return this.#versions;
  }

  #findVersions({ steps }: WriteRecord): void {
    const renamed = new Set<InodeId>();
    for (const [index, { op, path: file }] of steps.entries()) {
      const id = op === 'rename' ? this.#steps[index]?.names.get(file) : undefined;
      if (id !== undefined) renamed.add(id);
    }
    const seen = new Set<Inode>();
    for (const [index, { names, inodes }] of this.#steps.entries()) {
      const step = steps[index];
      const moving = step?.op === 'rename' ? names.get(step.path) : undefined;
      for (const [id, inode] of inodes) {
        if (inode.type !== 'file' || (renamed.has(id) && id !== moving) || seen.has(inode)) continue;
        seen.add(inode);
        this.#versions.add(inode.content.digest);
      }
    }
  }

  #findUpdates(): void {
    const left = this.#steps.map((image) => this.#leftOf(image).join('\n'));
    for (let begin = 0; begin < left.length; ) {
      let end = begin;
      while (left[end + 1] === left[begin]) end += 1;
      const frame = { before: this.#step(begin), after: this.#step(end) };
      for (let step = begin; step <= end; step += 1) this.#updates.push(frame);
      begin = end + 1;
    }
  }

  #step(index: number): FolderImage {
    return this.#steps[index] ?? this.#whole.after;
  }

  /** What is there neither before the record nor after it: what an unfinished update has left. A folder of its own is one thing, with what is in it. */
  #leftOf({ names }: FolderImage): string[] {
    return [...names.keys()].filter((file) => this.#isLeft(file) && !this.#isLeft(path.posix.dirname(file))).sort();
  }

  /** Of what an update has left in a state, the roles: what can be too young for a sweep, or old enough. */
  leftovers(image: FolderImage): string {
    return this.#setOf(this.#leftOf(image).map((file) => this.#roles(file)));
  }

  /** @param step that the crash point comes before, or is in */
  of(image: FolderImage, step: number): string {
    const isUnderWay = this.#leftOf(image).length > 0;
    const frame = isUnderWay ? (this.#updates[step] ?? this.#whole) : this.#whole;
    const files = new Set([...image.names.keys(), ...frame.before.names.keys(), ...frame.after.names.keys()]);
    const told: string[] = [];
    for (const file of files) {
      const what = this.#tell(file, image, frame);
      if (what !== undefined) told.push(`${this.#roles(file)} ${what}`);
    }
    return this.#setOf(told);
  }

  /** Undefined: the file is as it was before. */
  #tell(file: string, image: FolderImage, { before, after }: Frame): string | undefined {
    const inode = inodeAt(image, file);
    const old = inodeAt(before, file);
    if (this.#isLeft(file)) return inode === undefined ? undefined : this.#tellLeft(file, inode, image);
    if (inode === undefined) return old === undefined ? undefined : 'is gone';
    if (inode === old || isSame(inode, old)) return undefined;
    if (isSame(inode, inodeAt(after, file))) return 'is the new one';
    if (old !== undefined && inode.type !== old.type) return `is a ${inode.type}`;
    return this.#isInPart(inode) && this.#isZeroAtEnd(inode.content)
      ? 'in part, with zeros at its end'
      : this.#extent(inode);
  }

  #tellLeft(file: string, inode: Inode, { names }: FolderImage): string | undefined {
    if (this.#isLeft(path.posix.dirname(file))) return undefined;
    if (inode.type !== 'directory') return `left, ${this.#extent(inode)}`;
    const isEmpty = ![...names.keys()].some((other) => isBelow(other, file));
    return `left, a folder ${isEmpty ? 'with nothing in it' : 'with what is in it'}`;
  }

  /** Before the record and after it there is none of that name. The state folder itself is in no image. */
  #isLeft(file: string): boolean {
    return file !== this.#root && !this.#whole.before.names.has(file) && !this.#whole.after.names.has(file);
  }

  #isInPart({ type, content }: Inode): boolean {
    return type === 'file' && content.size > 0 && !this.#versions.has(content.digest);
  }

  #extent({ type, content }: Inode): string {
    if (type !== 'file') return type;
    if (content.size === 0) return 'empty';
    return this.#versions.has(content.digest) ? 'whole' : 'in part';
  }

  #isZeroAtEnd(content: Content): boolean {
    const known = this.#endsInZeros.get(content);
    if (known !== undefined) return known;
    const end = content.slice(Math.max(0, content.size - PAGE_BYTES), content.size);
    const isZero = end.every((byte) => byte === 0);
    this.#endsInZeros.set(content, isZero);
    return isZero;
  }

  /** Two files of one role that tell the same are told once. */
  #setOf(told: readonly string[]): string {
    return [...new Set(told)].sort().join('; ');
  }
}

/** Equal for whoever reads it. */
function isSame(one: Inode, other: Inode | undefined): boolean {
  if (other === undefined || one.type !== other.type || one.mode !== other.mode) return false;
  return one.type === 'file' ? one.content.digest === other.content.digest : one.target === other.target;
}
