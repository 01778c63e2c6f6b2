import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { FileCalls } from '../gateway/disk.ts';

/** A file or folder, whatever it is called at the moment. */
interface Inode {
  readonly isFolder: boolean;
  /** What is on the disk whatever happens: its content at its last sync. */
  durable: Buffer;
  path: string;
  /** Its content when it lost its last name. */
  last?: Buffer;
}

/** A change of names in one folder that no sync of that folder has made durable yet. */
interface NameChange {
  readonly folder: string;
  readonly removed: readonly string[];
  readonly added?: { readonly path: string; readonly inode: Inode };
}

/** What of an unsynced file is there after a power loss: nothing, all, a half, or the length without the data. */
export type DataFate = 'durable' | 'current' | 'half' | 'zeros';

export interface PowerLoss {
  readonly keepsNames: (index: number, count: number) => boolean;
  readonly data: () => DataFate;
}

/**
 * The real file calls on a folder, with a book of what is durable: before each call that changes something, and in the middle of
 * each write, `onPoint` can take a picture of what a crash or a power loss would leave there.
 */
export class CrashDisk {
  readonly points: string[] = [];
  readonly #root: string;
  readonly #onPoint: (label: string) => void;
  readonly #inodes = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  readonly #handles: FileHandle[] = [];
  #changes: NameChange[] = [];

  /** What is there already counts as durable. */
  constructor(root: string, onPoint: (label: string) => void = () => undefined) {
    this.#root = root;
    this.#onPoint = onPoint;
    for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name));
      if (entry.name === 'gateway.lock') continue;
      const durable = entry.isDirectory() ? Buffer.alloc(0) : fs.readFileSync(join(root, path));
      const inode = { isFolder: entry.isDirectory(), durable, path };
      this.#inodes.set(path, inode);
      this.#durable.set(path, inode);
    }
  }

  /** The calls of one process on this disk, until it is killed: then they never come to an end. */
  process(): { readonly calls: FileCalls; readonly kill: () => void } {
    const life: Life = { isOver: false };
    const calls: FileCalls = {
      open: async (path, flags, mode) => {
        if (life.isOver) return never();
        const name = this.#nameOf(path);
        if (flags & fs.constants.O_DIRECTORY) return this.#spyFolder(this.#track(await open(path, flags)), name, life);
        const known = this.#inodes.get(name);
        if (known === undefined && flags & fs.constants.O_CREAT) await this.#point(`create ${name}`, life);
        else if (flags & fs.constants.O_TRUNC) await this.#point(`empty ${name}`, life);
        const opened = this.#track(await open(path, flags, mode));
        const inode = known ?? { isFolder: false, durable: Buffer.alloc(0), path: name };
        if (known === undefined) this.#link(inode);
        return this.#spyFile(opened, inode, life);
      },
      rename: async (from, to) => {
        const [source, target] = [this.#nameOf(from), this.#nameOf(to)];
        await this.#point(`rename ${source} ${target}`, life);
        const inode = this.#inodes.get(source);
        this.#forget(target);
        fs.renameSync(from, to); // at once: another call's picture must not come between this and the book
        if (inode === undefined) throw new Error(`renamed what it does not know: ${source}`);
        this.#inodes.delete(source);
        inode.path = target;
        this.#link(inode, [source]);
      },
      unlink: async (path) => {
        const name = this.#nameOf(path);
        if (fs.existsSync(path)) await this.#point(`unlink ${name}`, life);
        this.#forget(name);
        fs.unlinkSync(path);
        this.#inodes.delete(name);
        this.#changes.push({ folder: dirname(name), removed: [name] });
      },
      mkdir: async (path, options) => {
        const name = this.#nameOf(path);
        if (!fs.existsSync(path)) await this.#point(`mkdir ${name}`, life);
        const made = fs.mkdirSync(path, options);
        if (made !== undefined) this.#link({ isFolder: true, durable: Buffer.alloc(0), path: name });
        return made;
      },
    };
    return {
      calls,
      kill: () => {
        life.isOver = true;
      },
    };
  }

  #nameOf(path: string): string {
    return relative(this.#root, path) || '.';
  }

  #track(handle: FileHandle): FileHandle {
    this.#handles.push(handle);
    return handle;
  }

  /** Calls this file by another name, as if it had always been called so. */
  rewriteName(from: string, to: string): void {
    const renamed = (path: string) => (path === from ? to : path);
    fs.renameSync(join(this.#root, from), join(this.#root, to));
    for (const names of [this.#inodes, this.#durable]) {
      const inode = names.get(from);
      if (inode === undefined) continue;
      names.delete(from);
      names.set(to, inode);
      inode.path = to;
    }
    this.#changes = this.#changes.map(({ folder, removed, added }) => {
      return {
        folder,
        removed: removed.map(renamed),
        ...(added && { added: { ...added, path: renamed(added.path) } }),
      };
    });
  }

  /** Closes what killed processes have left open. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles) await handle.close().catch(() => undefined);
  }

  /** Before the call that it names. */
  async #point(label: string, life: Life): Promise<void> {
    if (life.isOver) return never();
    this.points.push(label);
    this.#onPoint(label);
    if (life.isOver) return never();
  }

  #link(inode: Inode, removed: readonly string[] = []): void {
    this.#inodes.set(inode.path, inode);
    this.#changes.push({ folder: dirname(inode.path), removed, added: { path: inode.path, inode } });
  }

  #forget(name: string): void {
    const inode = this.#inodes.get(name);
    if (inode !== undefined) inode.last = this.#contentOf(inode);
  }

  #contentOf(inode: Inode): Buffer {
    return inode.last ?? fs.readFileSync(join(this.#root, inode.path));
  }

  #spyFolder(handle: FileHandle, name: string, life: Life): FileHandle {
    const sync = handle.sync.bind(handle);
    return Object.assign(handle, {
      sync: async () => {
        await this.#point(`sync folder ${name}`, life);
        await sync();
        const isOfIt = ({ folder }: NameChange) => folder === name;
        apply(this.#durable, this.#changes.filter(isOfIt));
        this.#changes = this.#changes.filter((change) => !isOfIt(change));
      },
    });
  }

  #spyFile(handle: FileHandle, inode: Inode, life: Life): FileHandle {
    const [write, sync, datasync] = [handle.write.bind(handle), handle.sync.bind(handle), handle.datasync.bind(handle)];
    const truncate = handle.truncate.bind(handle);
    const synced = (real: () => Promise<void>) => async () => {
      await this.#point(`sync ${inode.path}`, life);
      await real();
      inode.durable = fs.readFileSync(`/proc/self/fd/${handle.fd}`);
    };
    return Object.assign(handle, {
      write: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        await this.#point(`write ${inode.path}`, life);
        await write(buffer, offset, Math.floor(length / 2), position);
        this.#onPoint(`half a write ${inode.path}`);
        if (life.isOver) return never();
        return write(buffer, offset, length, position);
      },
      truncate: async (length: number) => {
        await this.#point(`truncate ${inode.path}`, life);
        await truncate(length);
      },
      sync: synced(sync),
      datasync: synced(datasync),
    });
  }

  /** Copies what is there when the process dies now. */
  copyTo(target: string): void {
    fs.cpSync(this.#root, target, { recursive: true, filter: (path) => !path.endsWith('gateway.lock') });
  }

  /** Makes what is there when the power fails now. */
  powerLossTo(target: string, { keepsNames, data }: PowerLoss): void {
    const names = new Map(this.#durable);
    const { length } = this.#changes;
    apply(
      names,
      this.#changes.filter((_, index) => keepsNames(index, length)),
    );
    const isWhole = (path: string): boolean =>
      path === '.' || (names.get(path)?.isFolder === true && isWhole(dirname(path)));
    for (const [path, inode] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!isWhole(dirname(path))) continue;
      if (inode.isFolder) fs.mkdirSync(join(target, path), { recursive: true });
      else fs.writeFileSync(join(target, path), contentAfter(data(), inode.durable, this.#contentOf(inode)));
    }
  }
}

interface Life {
  isOver: boolean;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function apply(names: Map<string, Inode>, changes: readonly NameChange[]): void {
  for (const { removed, added } of changes) {
    for (const path of removed) names.delete(path);
    if (added) names.set(added.path, added.inode);
  }
}

function contentAfter(fate: DataFate, durable: Buffer, current: Buffer): Buffer {
  switch (fate) {
    case 'durable':
      return durable;
    case 'current':
      return current;
    case 'half':
      return current.subarray(0, Math.floor((durable.length + current.length) / 2));
    case 'zeros':
      return Buffer.concat([durable, Buffer.alloc(Math.max(0, current.length - durable.length))]);
  }
}
