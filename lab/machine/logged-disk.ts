import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describe, Problem } from '../problem.ts';
import { within } from '../wait.ts';
import { FILE_SYSTEMS, type FileSystem } from './kind.ts';

const LIMIT_MS = 60_000;
/** XFS is made on no less than 300 MiB. */
const SIZE = '1G';

/**
 * In a mount namespace and a network namespace of its own: a disk in memory, made anew, that QEMU's storage daemon exports as a file with its filter
 * `blklogwrites` above it, and this host's kernel mounts through a loop device: what that writes and flushes is written down. `sync` makes all of it
 * durable; between `busy` and `idle` everything is made durable again and again, at any moment. The kernel takes all of it away with the last process in
 * there; it ends when its input does.
 */
const HELPER = `
type=$1 options=$2; shift 2
mount -t tmpfs -o mode=755 midwrite /mnt && cd /mnt && mkdir disk || exit 1
truncate -s ${SIZE} state.img && "$@" state.img >&2 && cp --sparse=always state.img base.img || exit 1
: >state.log; : >state.fuse
size=$(stat -c %s state.img)
qemu-storage-daemon --blockdev driver=file,node-name=file,filename=state.img,cache.no-flush=on,discard=unmap \\
  --blockdev driver=file,node-name=log,filename=state.log,cache.no-flush=on \\
  --blockdev driver=blklogwrites,node-name=state,file=file,log=log,log-sector-size=512 \\
  --export type=fuse,id=state,node-name=state,mountpoint=/mnt/state.fuse,writable=on </dev/null >/dev/null 2>&1 &
daemon=$!
until [ "$(stat -c %s state.fuse)" = "$size" ]; do kill -0 $daemon || exit 1; done
if [ "$type" = btrfs ]; then btrfs device scan --forget; fi
mount -t "$type" -o "loop,$options" state.fuse disk && mkdir -p disk/synced/_data disk/writeback/_data && sync -f disk && echo ready || exit 1
busy=
while read -r what; do
  case $what in
    sync) sync -f disk; echo ok ;;
    busy) (while :; do sync -f disk; done) & busy=$!; echo ok ;;
    idle) kill $busy; wait $busy; echo ok ;;
  esac
done
if [ -n "$busy" ]; then kill $busy; fi
umount disk; kill $daemon; wait`;

/** Its folders, each laid out as an engine's volume is. */
export type LoggedVolume = 'synced' | 'writeback';

type Helper = ChildProcessByStdio<Writable, Readable, Readable>;

/** A disk whose every write and flush is written down, mounted by this host's kernel. Needs root, loop devices and FUSE. Nothing of it outlives the lab. */
export class LoggedDisk implements AsyncDisposable {
  readonly fileSystem: FileSystem;
  readonly #child: Helper;
  readonly #lines: AsyncIterator<string>;

  private constructor(fileSystem: FileSystem, child: Helper, lines: AsyncIterator<string>) {
    this.fileSystem = fileSystem;
    this.#child = child;
    this.#lines = lines;
  }

  /** @throws Problem no-machine: what it needs is not here */
  static async open(fileSystem: FileSystem): Promise<LoggedDisk> {
    const { type, options, program, args } = FILE_SYSTEMS[fileSystem];
    const inside = ['bash', '-c', HELPER, 'logged-disk', type, options, program, ...args];
    const child = spawn('unshare', ['--mount', '--net', '--propagation', 'private', ...inside], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-2_000);
    });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = Promise.race([lines.next(), failed]).catch((error: unknown) => ({ value: describe(error) }));
    const { value } = await within({ name: 'a disk with a log to be mounted', limitMs: LIMIT_MS }, first);
    if (value === 'ready') return new LoggedDisk(fileSystem, child, lines);
    child.kill('SIGKILL');
    throw new Problem(
      'no-machine',
      `no disk with a log can be made here (as root, with qemu-storage-daemon, FUSE and loop devices): ${said.trim() || value}`,
    );
  }

  /** Whose mounts and network a program must have that writes to it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** A state folder on it, for a program in there. */
  rootOf(volume: LoggedVolume): string {
    return `/mnt/disk/${volume}/_data`;
  }

  /** Where this host finds what is kept of it. */
  get files(): { base: string; log: string } {
    const folder = `/proc/${this.pid}/root/mnt`;
    return { base: `${folder}/base.img`, log: `${folder}/state.log` };
  }

  async ask(what: 'sync' | 'busy' | 'idle'): Promise<void> {
    this.#child.stdin.write(`${what}\n`);
    const { value } = await within({ name: `the disk with a log to ${what}`, limitMs: LIMIT_MS }, this.#lines.next());
    if (value !== 'ok') throw new Problem('no-machine', `the disk with a log ended in the middle of "${what}"`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await within({ name: 'the disk with a log to be unmounted', limitMs: LIMIT_MS }, ended);
  }
}
