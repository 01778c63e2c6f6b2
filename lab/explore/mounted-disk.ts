import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import type { BlockLog, LogEntry } from '../machine/block-log.ts';
import type { DiskState } from '../machine/disk-states.ts';
import { MountNamespace } from '../machine/mount-namespace.ts';
import { describe, Problem } from '../problem.ts';
import { run } from '../process.ts';
import { Content } from './content.ts';
import type { FolderImage, Inode, InodeId } from './folder-image.ts';

const COPY_LIMIT_MS = 60_000;

/**
 * In a mount namespace of its own (unshare(1)): a tmpfs, and in it a disk is mounted through a loop device at a time. The kernel takes all of it away with
 * the last process in there, however that ends; it ends when its input does. Mounted as a machine mounts its disk: the kernel replays the journal (on a loop device that can only be read it refuses;
 * Documentation/admin-guide/ext4.rst, "noload").
 */
const HELPER = `
mount -t tmpfs -o mode=700 midwrite /mnt && mkdir /mnt/disk && echo ready || exit 1
while read -r what type options; do
  case $what in
    copy) if said=$(cp --sparse=always /mnt/flushed.img /mnt/now.img 2>&1); then echo ok; else echo failed $said; fi ;;
    mount)
      if [ "$type" = btrfs ]; then btrfs device scan --forget; fi
      if said=$(mount -t "$type" -o "loop,$options" /mnt/now.img /mnt/disk 2>&1); then echo ok; else echo failed $said; fi ;;
    unmount) if said=$(umount /mnt/disk 2>&1); then echo ok; else echo failed $said; fi ;;
  esac
done`;

/** A disk that was mounted: what one of its folders held, or why the kernel would not mount it. */
export type ReadDisk = { readonly image: FolderImage } | { readonly refused: string };

/** How a disk is mounted. */
export interface MountSpec {
  type: string;
  options: string;
}

/** Puts disks together from a log, and reads each through this host's kernel. Needs root. Nothing of it outlives the lab. */
export class MountedDisks implements AsyncDisposable {
  readonly #log: BlockLog;
  readonly #spec: MountSpec;
  readonly #namespace: MountNamespace;
  readonly #room: string;
  /** How much of the log is in the disk that the others are copied from. */
  #flushed = 0;

  private constructor(log: BlockLog, spec: MountSpec, namespace: MountNamespace) {
    this.#log = log;
    this.#spec = spec;
    this.#namespace = namespace;
    this.#room = namespace.path('/mnt');
  }

  /**
   * @param base the disk as it was before the first entry of the log
   * @throws Problem no-machine: nothing can be mounted here
   */
  static async open(base: string, log: BlockLog, spec: MountSpec): Promise<MountedDisks> {
    const namespace = await MountNamespace.start({
      program: HELPER,
      name: 'what mounts the disks',
      cannot: "disks can't be mounted here (as root, with loop devices)",
    });
    const disks = new MountedDisks(log, spec, namespace);
    const args = ['--sparse=always', base, `${disks.#room}/flushed.img`];
    try {
      await run({ file: 'cp', args, purpose: 'copying a disk', limitMs: COPY_LIMIT_MS });
    } catch (error) {
      // Else what mounts the disks would wait for its input for ever, and this process for it.
      await disks[Symbol.asyncDispose]();
      throw error;
    }
    return disks;
  }

  /**
   * The disk in that state, mounted and read. States come in the order of the log.
   * @param folder below the disk's root, without a slash at its beginning
   * @param root what that folder is called in the image
   */
  async read(state: DiskState, folder: string, root: string): Promise<ReadDisk> {
    if (state.flushed < this.#flushed) throw new Error('states come in the order of the log');
    const { entries } = this.#log;
    await this.#apply(`${this.#room}/flushed.img`, entries.slice(this.#flushed, state.flushed));
    this.#flushed = state.flushed;
    const why = await this.#ask('copy');
    if (why !== undefined) throw new Problem('no-space', `a disk of the log could not be copied: ${why}`);
    await this.#apply(
      `${this.#room}/now.img`,
      state.kept.map((index) => entries[index] as LogEntry),
    );
    const { type, options } = this.#spec;
    const refused = await this.#ask(`mount ${type} ${options}`);
    if (refused !== undefined) return { refused };
    const read = readOr(`${this.#room}/disk/${folder}`, root);
    const stuck = await this.#ask('unmount');
    if (stuck !== undefined) throw new Problem('no-machine', `a disk could not be unmounted: ${stuck}`);
    return read;
  }

  async #apply(file: string, entries: readonly LogEntry[]): Promise<void> {
    if (entries.length === 0) return;
    let fd = openSync(file, 'r+');
    try {
      for (const entry of entries) {
        if (entry.kind === 'write') writeAll(fd, this.#log.data(entry), entry.offset);
        if (entry.kind !== 'discard') continue;
        closeSync(fd);
        const where = ['--offset', String(entry.offset), '--length', String(entry.bytes)];
        const args = ['--punch-hole', ...where, file];
        await run({ file: 'fallocate', args, purpose: 'discarding a part of a disk', limitMs: COPY_LIMIT_MS });
        fd = openSync(file, 'r+');
      }
    } finally {
      closeSync(fd);
    }
  }

  /** @returns why it failed */
  async #ask(line: string): Promise<string | undefined> {
    const answer = await this.#namespace.ask(line);
    return answer === 'ok' ? undefined : answer.replace(/^failed /, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespace[Symbol.asyncDispose]();
  }
}

function writeAll(fd: number, bytes: Buffer, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

function readOr(folder: string, root: string): ReadDisk {
  try {
    return { image: readFolder(folder, root) };
  } catch (error) {
    return { refused: describe(error) };
  }
}

/** A folder as the explorer has them. */
export function readFolder(folder: string, root: string): FolderImage {
  const names = new Map<string, InodeId>();
  const inodes = new Map<InodeId, Inode>();
  const walk = (at: string, name: string) => {
    for (const entry of readdirSync(at)) {
      const [file, path] = [`${at}/${entry}`, `${name}/${entry}`];
      const inode = readInode(file);
      const id = names.size + 1;
      names.set(path, id);
      inodes.set(id, inode);
      if (inode.type === 'directory') walk(file, path);
    }
  };
  walk(folder, root);
  return { names, inodes };
}

function readInode(file: string): Inode {
  const stat = lstatSync(file);
  const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'other';
  return {
    type,
    mode: stat.mode & 0o7777,
    content: type === 'file' ? Content.of(readFileSync(file)) : Content.empty,
    ...(type === 'symlink' && { target: readlinkSync(file) }),
  };
}
