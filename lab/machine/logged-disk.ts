import { FILE_SYSTEMS, type FileSystem } from '../machine-kind.ts';
import { Problem } from '../problem.ts';
import { MountNamespace } from './mount-namespace.ts';

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

/** A disk whose every write and flush is written down, mounted by this host's kernel. Needs root, loop devices and FUSE. Nothing of it outlives the lab. */
export class LoggedDisk implements AsyncDisposable {
  readonly fileSystem: FileSystem;
  readonly #namespace: MountNamespace;

  private constructor(fileSystem: FileSystem, namespace: MountNamespace) {
    this.fileSystem = fileSystem;
    this.#namespace = namespace;
  }

  /** @throws Problem no-machine: what it needs is not here */
  static async open(fileSystem: FileSystem): Promise<LoggedDisk> {
    const { type, options, program, args } = FILE_SYSTEMS[fileSystem];
    const namespace = await MountNamespace.start({
      program: HELPER,
      args: [type, options, program, ...args],
      ownNetwork: true,
      name: 'the disk with a log',
      cannot: 'no disk with a log can be made here (as root, with qemu-storage-daemon, FUSE and loop devices)',
    });
    return new LoggedDisk(fileSystem, namespace);
  }

  /** Whose mounts and network a program must have that writes to it. */
  get pid(): number {
    return this.#namespace.pid;
  }

  /** A state folder on it, for a program in there. */
  rootOf(volume: LoggedVolume): string {
    return `/mnt/disk/${volume}/_data`;
  }

  /** Where this host finds what is kept of it. */
  get files(): { base: string; log: string } {
    return { base: this.#namespace.path('/mnt/base.img'), log: this.#namespace.path('/mnt/state.log') };
  }

  async ask(what: 'sync' | 'busy' | 'idle'): Promise<void> {
    const answer = await this.#namespace.ask(what);
    if (answer !== 'ok') throw new Problem('no-machine', `the disk with a log failed to ${what}: ${answer}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespace[Symbol.asyncDispose]();
  }
}
