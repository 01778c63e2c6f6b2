import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import type { Machine } from '../engine/machine.ts';
import { type BlockRecording, type LoggedWrites, recordBlocks, writesOf } from '../machine/block-recording.ts';
import { logFiles, machineFolders } from '../machine/folders.ts';
import { LoggedDisk } from '../machine/logged-disk.ts';
import type { FileSystem } from '../machine-kind.ts';
import { Problem } from '../problem.ts';
import { type Workload, workloads } from '../workload/workload.ts';
import { type AgainstKernel, againstKernel } from './against-kernel.ts';
import { RealStates } from './real-states.ts';
import { openRecord } from './record-file.ts';
import { type Around, inContainer, onDisk, recordPrograms } from './record-programs.ts';
import { recordWorkload, type Subject } from './record-workload.ts';

/** Hundredths of a second between two times that the kernel writes by itself, and how long each call takes then. */
const WRITEBACK_CENTISECONDS = 1;
const SLOWED_MS = 10;
/** Subsets of what no flush had made durable, between two flushes: three kinds of so many each. */
const SAMPLED = 3;

/** A write, and what power failures in it and behind it really left. */
export interface WriteOnDisk extends AgainstKernel {
  /** Of the program or the system. */
  readonly name: string;
  /** The kernel wrote by itself meanwhile, and not only where it was asked to. */
  readonly writeback: boolean;
  readonly calls: number;
  readonly refused: readonly { origin: string; why: string }[];
  readonly tookMs: number;
}

/** A record, and the part of the disk's log that belongs to it. */
interface Recorded {
  name: string;
  folder: string;
  writeback: boolean;
  blocks: BlockRecording;
}

/** Where writes go, and what is done with them. */
export interface ModelOptions {
  signal: AbortSignal;
  say(line: string): void;
}

/**
 * Records writes on a machine whose disk has a log, and compares every folder that a power failure leaves there with what the model says: of small programs
 * and of systems, each with the kernel's own writeback off and on.
 * @param what `image`: one with Node and writegate
 * @throws Problem no-machine: it has no block log
 */
export async function modelOnMachine(
  engine: Engine,
  folder: string,
  what: { image: string; subjects: readonly { name: string; subject: Subject }[] },
  options: ModelOptions,
): Promise<WriteOnDisk[]> {
  const machine = loggedMachine(engine);
  const { signal, say } = options;
  const recorded: Recorded[] = [];
  const writes = writesOf(machine, machineFolders());
  for (const writeback of [false, true]) {
    if (writeback) await machine.ask(['writeback', String(WRITEBACK_CENTISECONDS)]);
    const into = path.join(folder, writeback ? 'writeback' : 'synced');
    const around = (name: string) => aroundOf(writes, { name, folder: path.join(into, name), writeback }, recorded);
    say(`recording small programs${writeback ? ', with writeback' : ''}`);
    const label = `${path.basename(folder)}/${path.basename(into)}`;
    await inContainer(engine, what.image, `${label}-programs`, (host) =>
      recordPrograms(host, into, { around, slowMs: writeback ? SLOWED_MS : 0, signal }),
    );
    for (const { name, subject } of what.subjects) {
      say(`recording a turn of ${name}${writeback ? ', with writeback' : ''}`);
      const [turn] = workloads;
      if (turn === undefined) throw new Error('there are workloads');
      await recordWorkload(engine, subject, turn, path.join(into, name), `${label}-${name}`, signal, {
        around: around(name),
      });
    }
  }
  return compareAll(logFiles(machineFolders()), machine.up.kind.fileSystem, recorded, say);
}

/**
 * The same of the small programs alone, on a disk that this host's own kernel mounts: no machine is needed. In place of the kernel's writeback everything is
 * made durable at any moment.
 * @param writegate the program, on this host
 */
export async function modelOnHost(
  fileSystem: FileSystem,
  folder: string,
  writegate: string,
  { signal, say }: ModelOptions,
): Promise<WriteOnDisk[]> {
  await using disk = await LoggedDisk.open(fileSystem);
  const recorded: Recorded[] = [];
  const clockUs = async () => (performance.timeOrigin + performance.now()) * 1000;
  const writes = { log: disk.files.log, sync: () => disk.ask('sync'), clockUs };
  for (const writeback of [false, true]) {
    const into = path.join(folder, writeback ? 'writeback' : 'synced');
    const around = (name: string): Around => {
      const plain = aroundOf(writes, { name, folder: path.join(into, name), writeback }, recorded);
      if (!writeback) return plain;
      return {
        async begins(volume) {
          await plain.begins(volume);
          await disk.ask('busy');
        },
        async ended() {
          await disk.ask('idle');
          await plain.ended();
        },
      };
    };
    await onDisk(disk, writeback ? 'writeback' : 'synced', writegate, (host) =>
      recordPrograms(host, into, { around, slowMs: SLOWED_MS, signal }),
    );
  }
  // Until it is done the disk must be there.
  return await compareAll(disk.files, fileSystem, recorded, say);
}

/**
 * @throws Problem no-machine; bad-usage: the workload does not begin in a warm system, where what was before can be made durable
 */
export function loggedMachine({ machine }: Engine, workload?: Workload): Machine {
  if (workload !== undefined && workload.begins !== 'warm')
    throw new Problem(
      'bad-usage',
      `${workload.name} begins with a boot: --power block-log is for turn, two-turns and stop.`,
    );
  if (machine?.up.blockLog === true) return machine;
  throw new Problem(
    'no-machine',
    'the writes of this engine’s disk are not written down: `npx midwrite machine up --block-log`.',
  );
}

/** Records the part of the disk's log that belongs to a write. */
export function aroundOf<Of extends object>(
  writes: LoggedWrites,
  what: Of,
  recorded: (Of & { blocks: BlockRecording })[],
): Around {
  let end: (() => Promise<BlockRecording>) | undefined;
  return {
    async begins(volume) {
      end = await recordBlocks(writes, volume);
    },
    async ended() {
      if (end === undefined) throw new Error('it did not begin');
      recorded.push({ ...what, blocks: await end() });
    },
  };
}

async function compareAll(
  files: { base: string; log: string },
  fileSystem: FileSystem,
  recorded: readonly Recorded[],
  say: (line: string) => void,
): Promise<WriteOnDisk[]> {
  const upTo = Math.max(...recorded.map(({ blocks }) => blocks.to));
  await using states = await RealStates.open(files, fileSystem, upTo);
  const all: WriteOnDisk[] = [];
  for (const { name, folder, writeback, blocks } of recorded) {
    using open = openRecord(folder);
    const { record } = open;
    const emptied = record.sharedMemory ?? new Set<string>();
    const read = await states.of(blocks, { root: record.root, emptied, sampled: SAMPLED });
    const against = againstKernel(record, read.states);
    const { refused, tookMs } = read;
    all.push({ name, writeback, calls: record.steps.length, ...against, refused, tookMs });
    const { real, distinct, ofModel, reached, between, outside } = against;
    say(
      `${name}${writeback ? ', writeback' : ''}: ${real} real states read in ${(tookMs / 1000).toFixed(1)} s, ${distinct} distinct; ` +
        `${reached.size} of ${ofModel} that the model tries, ${between.size} between them, ${outside.length} outside, ${refused.length} not read`,
    );
  }
  return all;
}
