import { writeFile } from 'node:fs/promises';
import { release as kernelRelease } from 'node:os';
import path from 'node:path';
import { mutants } from '../../images/index.ts';
import { writegateImage } from '../../images/writegate/recipe.ts';
import { copyOut } from '../docker/copy-out.ts';
import { modelOnHost, modelOnMachine, type WriteOnDisk } from '../explore/model-on-machine.ts';
import type { Subject } from '../explore/record-workload.ts';
import { ensureImage } from '../image/build.ts';
import { connectTo } from '../machine/connect.ts';
import type { Place } from '../machine/place.ts';
import { type FileSystem, machineKind } from '../machine-kind.ts';
import { makeFolder } from '../make-folder.ts';
import { scratch } from '../owner/scratch.ts';
import { releaseNamed } from '../plan/named.ts';
import { WRITEGATE } from '../pod/pod.ts';
import { ExitCode } from '../problem.ts';
import { buildImagesOf } from '../run/images.ts';
import { slowed } from '../session/slowed.ts';
import { stamp } from '../stamp.ts';
import { interrupted } from './interrupt.ts';

/** The mutants that leave out a sync, each before the right one of it. */
const unsynced = mutants.flatMap(({ mutant }) => (mutant?.caughtBy === 'synced' ? [mutant] : []));

export interface MachineModelOptions {
  fileSystem?: string;
  results: string;
  on?: Place;
}

const say = (line: string) => console.error(`model: ${line}`);

/**
 * Compares the explorer's model of power losses with what they really leave: on a machine of the lab's own, or on a disk of this host's. Exits 1 if the
 * model lacks something.
 */
export async function machineModelCommand({ fileSystem, results, on }: MachineModelOptions): Promise<ExitCode> {
  const kind = machineKind({ ...(fileSystem !== undefined && { fileSystem }) });
  const folder = path.resolve(results, `model-${stamp()}-${kind.fileSystem}`);
  await makeFolder(folder);
  const { kernel, writes } =
    on === 'engine' ? await onHost(kind.fileSystem, folder) : await onMachine(kind.fileSystem, folder);
  const told = writes.map((one) => ({ ...one, reached: one.reached.size, between: one.between.size }));
  const whole = { fileSystem: kind.fileSystem, kernel, writes: told };
  await writeFile(path.join(folder, 'model.json'), `${JSON.stringify(whole, null, 2)}\n`);
  const sum = (of: (one: WriteOnDisk) => number) => writes.reduce((all, one) => all + of(one), 0);
  const outside = sum((one) => one.outside.length);
  const refused = sum((one) => one.refused.length);
  console.log(
    `${kind.fileSystem} (${kernel}): ${sum((one) => one.real)} disks read, ${(sum((one) => one.real) / (sum((one) => one.tookMs) / 1000)).toFixed(0)} a second; ` +
      `${sum((one) => one.reached.size)} of the ${sum((one) => one.ofModel)} folders that the model tries were there, ${sum((one) => one.between.size)} that it allows ` +
      `and does not try, ${outside} that it does not allow; ${refused} could not be read. ${path.relative(process.cwd(), folder)}/model.json`,
  );
  for (const { name, outside: these } of writes)
    for (const { origin, why } of these) console.log(`✗ ${name}: ${origin}: ${why}`);
  return outside + refused === 0 ? ExitCode.sound : ExitCode.unexpectedViolation;
}

type Found = { kernel: string; writes: WriteOnDisk[] };

async function onMachine(fileSystem: FileSystem, folder: string): Promise<Found> {
  const engine = await connectTo('machine', undefined, { say, signal: interrupted }, { fileSystem, blockLog: true });
  const subjects: { name: string; subject: Subject }[] = [];
  const right = unsynced[0]?.of ?? '';
  for (const [name, defect] of [
    [right, undefined],
    ...unsynced.map(({ defect: one }) => [one, one] as const),
  ] as const) {
    const broken = await releaseNamed(right, defect);
    const images = await buildImagesOf(engine, broken, { say, signal: interrupted });
    const release = slowed(broken, engine.slowness ?? 1);
    subjects.push({ name, subject: { release, images, memoryBytes: release.memory.defaultBytes } });
  }
  const image = subjects[0]?.subject.images.system ?? '';
  const writes = await modelOnMachine(engine, folder, { image, subjects }, { signal: interrupted, say });
  return { kernel: engine.facts.kernel, writes };
}

async function onHost(fileSystem: FileSystem, folder: string): Promise<Found> {
  const engine = await connectTo('engine', undefined, { say, signal: interrupted });
  const image = await ensureImage(engine, writegateImage, { say, signal: interrupted });
  await using own = await scratch('model');
  const writegate = await copyOut(engine, image, WRITEGATE, own.path);
  return {
    kernel: kernelRelease(),
    writes: await modelOnHost(fileSystem, folder, writegate, { signal: interrupted, say }),
  };
}
