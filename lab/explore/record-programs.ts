import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LabContainer, type Streams } from '../docker/lab-container.ts';
import { makeVolume } from '../docker/volume.ts';
import type { Engine } from '../engine/engine.ts';
import { Gate } from '../gate/gate.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { LoggedDisk, LoggedVolume } from '../machine/logged-disk.ts';
import { packageFolder } from '../package-folder.ts';
import { WRITEGATE } from '../pod/pod.ts';
import { within } from '../wait.ts';
import { RecordWriter } from './record-file.ts';

const SOURCE = path.join(packageFolder, 'images/machine/programs.cjs');
/** On an emulated machine beside much else. */
const STEP_LIMIT_MS = 180_000;
const MiB = 1024 * 1024;
const ROOT = '/state';

/** Small programs, each of which writes in one of the ways in which programs do (images/machine/programs.cjs). */
export const PROGRAMS = [
  ...['replace', 'replace-no-file-sync', 'replace-no-folder-sync', 'replace-no-sync'],
  ...['append', 'append-synced', 'in-place', 'rewrite', 'rename-folder', 'two-files'],
  ...['sqlite-wal', 'sqlite-rollback'],
] as const;

/** What is done right before a record begins and right after it has ended; the volume has the state folder. */
export interface Around {
  begins(volume: string): Promise<void>;
  ended(): Promise<void>;
}

/** Where the programs run: writegate with them as its child. */
export interface ProgramHost {
  readonly streams: Streams;
  /** The state folder, as they know it. */
  readonly root: string;
  readonly volume: string;
  /** Tells writegate's child to go on. */
  goOn(): Promise<void>;
}

/** What writegate is told to run, below `root`. */
export const programsUnder = (root: string, writegate: string, node: string): string[] => [
  ...[writegate, 'run', '--state', root, '--exit-on-eof', '--'],
  ...[node, '-e', readFileSync(SOURCE, 'utf8'), root, ...PROGRAMS],
];

/**
 * Records what each of the programs writes, one after the other.
 * @param folder gets a record for each, in a folder of its name
 * @param slowMs each call takes so much longer
 */
export async function recordPrograms(
  host: ProgramHost,
  folder: string,
  { around, slowMs, signal }: { around: (program: string) => Around; slowMs: number; signal: AbortSignal },
): Promise<void> {
  let writer: RecordWriter | undefined;
  const gate = new Gate(host.streams, {
    event: (event) => writer?.event(event),
    log: () => undefined,
    garbage: () => undefined,
  });
  const wait = (what: string) => ({ name: what, limitMs: STEP_LIMIT_MS, signal });
  const told = async (send: () => void, ev: GateEvent['ev']) => {
    const from = gate.events.length;
    send();
    await gate.waitForKind(wait(`writegate's "${ev}"`), ev, from);
  };
  for (const one of PROGRAMS) {
    await gate.waitForLog(wait(`${one} to be ready`), `ready ${one}`);
    const header = { system: one, version: 'program', workload: 'write', root: host.root };
    using record = new RecordWriter(path.join(folder, one), header);
    writer = record;
    const hooks = around(one);
    if (slowMs > 0) gate.send('slow', { ms: slowMs });
    await told(() => gate.send('record'), 'base');
    await hooks.begins(host.volume);
    await host.goOn();
    await gate.waitForLog(wait(`${one} to have written`), `wrote ${one}`);
    await told(() => gate.send('end-record'), 'recorded');
    await hooks.ended();
    writer = undefined;
    if (slowMs > 0) gate.send('slow', { ms: 0 });
    // What the folder was in the end is read from its disk.
    record.add({ kind: 'end', entries: [] });
    if (record.failure !== undefined) throw record.failure;
    await host.goOn();
  }
  await within(wait('the programs to end'), gate.ended);
}

/** Runs `use` with the programs in a container of the lab's. @param image one with Node and writegate */
export async function inContainer(
  engine: Engine,
  image: string,
  label: string,
  use: (host: ProgramHost) => Promise<void>,
): Promise<void> {
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  await using volume = await makeVolume(engine, `${name}-state`, label);
  await using container = await LabContainer.start(engine, {
    cell: label,
    name: `${name}-system`,
    image,
    command: programsUnder(ROOT, WRITEGATE, 'node'),
    env: {},
    volume: { name: volume.name, path: ROOT },
    network: 'none',
    memoryBytes: 256 * MiB,
    sharedMemoryBytes: MiB,
    pids: 64,
  });
  const goOn = async () => void (await container.signal('SIGUSR1'));
  await use({ streams: container.streams, root: ROOT, volume: volume.name, goOn });
}

/** Runs `use` with the programs on a disk of this host's own, in no container. @param writegate the program, on this host */
export async function onDisk(
  disk: LoggedDisk,
  volume: LoggedVolume,
  writegate: string,
  use: (host: ProgramHost) => Promise<void>,
): Promise<void> {
  const inside = ['--mount', '--net', '--target', String(disk.pid), '--', 'setpriv', '--pdeathsig', 'KILL'];
  const program = programsUnder(disk.rootOf(volume), writegate, process.execPath);
  const child = spawn('nsenter', [...inside, ...program], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { stdin, stdout, stderr } = child;
  try {
    const goOn = async () => void child.kill('SIGUSR1');
    await use({ streams: { stdin, stdout, stderr }, root: disk.rootOf(volume), volume, goOn });
  } finally {
    stdin.end();
    await within({ name: 'the programs to end', limitMs: STEP_LIMIT_MS }, ended);
  }
}
