import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LabContainer } from '../docker/lab-container.ts';
import { makeVolume } from '../docker/volume.ts';
import type { Engine } from '../engine/engine.ts';
import { Gate } from '../gate/gate.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { packageFolder } from '../package-folder.ts';
import { WRITEGATE } from '../pod/pod.ts';
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

/**
 * Runs the programs one after the other, and records what each writes.
 * @param image one with Node and writegate
 * @param folder gets a record for each, in a folder of its name
 * @param slowMs each call takes so much longer
 */
export async function recordPrograms(
  engine: Engine,
  image: string,
  folder: string,
  { around, slowMs, signal }: { around: (program: string) => Around; slowMs: number; signal: AbortSignal },
): Promise<void> {
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  const label = `${path.basename(folder)}/programs`;
  await using volume = await makeVolume(engine, `${name}-state`, label);
  const program = ['node', '-e', readFileSync(SOURCE, 'utf8'), ...PROGRAMS];
  await using container = await LabContainer.start(engine, {
    cell: label,
    name: `${name}-system`,
    image,
    command: [WRITEGATE, 'run', '--state', ROOT, '--exit-on-eof', '--', ...program],
    env: {},
    volume: { name: volume.name, path: ROOT },
    network: 'none',
    memoryBytes: 256 * MiB,
    sharedMemoryBytes: MiB,
    pids: 64,
  });
  let writer: RecordWriter | undefined;
  const gate = new Gate(container.streams, {
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
    using record = new RecordWriter(path.join(folder, one), {
      system: one,
      version: 'program',
      workload: 'write',
      root: ROOT,
    });
    writer = record;
    const hooks = around(one);
    if (slowMs > 0) gate.send('slow', { ms: slowMs });
    await told(() => gate.send('record'), 'base');
    await hooks.begins(volume.name);
    await container.signal('SIGUSR1');
    await gate.waitForLog(wait(`${one} to have written`), `wrote ${one}`);
    await told(() => gate.send('end-record'), 'recorded');
    await hooks.ended();
    writer = undefined;
    if (slowMs > 0) gate.send('slow', { ms: 0 });
    // What the folder was in the end is read from its disk.
    record.add({ kind: 'end', entries: [] });
    if (record.failure !== undefined) throw record.failure;
    await container.signal('SIGUSR1');
  }
}
