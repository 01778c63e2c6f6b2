import { BlockLog } from '../machine/block-log.ts';
import type { BlockRecording } from '../machine/block-recording.ts';
import { diskStates } from '../machine/disk-states.ts';
import { FILE_SYSTEMS, type FileSystem } from '../machine-kind.ts';
import type { RealState } from './against-kernel.ts';
import { Content } from './content.ts';
import type { FolderImage } from './folder-image.ts';
import { MountedDisks } from './mounted-disk.ts';

/** What a log's states came to. */
export interface ReadStates {
  readonly states: readonly RealState[];
  /** Disks that this host's kernel did not mount, or could not read. */
  readonly refused: readonly { origin: string; why: string }[];
  readonly tookMs: number;
}

/** Reads what power failures left, recording after recording, each through this host's kernel. */
export class RealStates implements AsyncDisposable {
  readonly #log: BlockLog;
  readonly #disks: MountedDisks;

  private constructor(log: BlockLog, disks: MountedDisks) {
    this.#log = log;
    this.#disks = disks;
  }

  /** @param upTo so much of the log, in bytes: the machine may go on writing */
  static async open(files: { base: string; log: string }, fileSystem: FileSystem, upTo: number): Promise<RealStates> {
    const log = new BlockLog(files.log, upTo);
    const { type, options } = FILE_SYSTEMS[fileSystem];
    const disks = await MountedDisks.open(files.base, log, { type, options }).catch((error: unknown) => {
      log[Symbol.dispose]();
      throw error;
    });
    return new RealStates(log, disks);
  }

  /**
   * @param recording those that are read later come later in the log
   * @param root what the state folder is called in the record
   * @param emptied files whose bytes are no part of what a crash leaves
   * @param sampled how many subsets of what was not flushed are tried between two flushes
   */
  async of(
    { volume, from, to, clock }: BlockRecording,
    { root, emptied, sampled }: { root: string; emptied: ReadonlySet<string>; sampled: number },
  ): Promise<ReadStates> {
    const began = performance.now();
    const { entries } = this.#log;
    const upTo = (bytes: number) => entries.filter(({ end }) => end <= bytes).length;
    const range = { from: upTo(from), to: upTo(to), sampled, seed: from };
    const states: RealState[] = [];
    const refused: { origin: string; why: string }[] = [];
    for (const state of diskStates(entries, range)) {
      const lost = state.at - state.flushed - state.kept.length;
      const origin = `${state.kind} at request ${state.at - range.from} of ${range.to - range.from}${state.kind === 'subset' ? `, ${lost} lost` : ''}`;
      const read = await this.#disks.read(state, `${volume}/_data`, root);
      if ('refused' in read) {
        refused.push({ origin, why: read.refused });
        continue;
      }
      const last = state.at === range.from ? undefined : entries[state.at - 1];
      const { from: least, to: most } = clock.during(last, state.at < range.to ? entries[state.at] : undefined);
      states.push({ image: withoutBytes(read.image, emptied), from: least, to: most, origin });
    }
    return { states, refused, tookMs: performance.now() - began };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log[Symbol.dispose]();
    await this.#disks[Symbol.asyncDispose]();
  }
}

function withoutBytes(image: FolderImage, files: ReadonlySet<string>): FolderImage {
  if (files.size === 0) return image;
  const inodes = new Map(image.inodes);
  for (const file of files) {
    const id = image.names.get(file);
    const inode = id === undefined ? undefined : inodes.get(id);
    if (id !== undefined && inode !== undefined) inodes.set(id, { ...inode, content: Content.empty });
  }
  return { names: image.names, inodes };
}
