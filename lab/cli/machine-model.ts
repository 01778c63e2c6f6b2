import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { slowed } from '../cell/slowed.ts';
import { modelOnMachine } from '../explore/model-on-machine.ts';
import type { Subject } from '../explore/record-workload.ts';
import { connectTo } from '../machine/connect.ts';
import { machineKind } from '../machine/kind.ts';
import { makeFolder } from '../make-folder.ts';
import { releaseNamed } from '../plan.ts';
import { ExitCode } from '../problem.ts';
import { buildImagesOf } from '../run.ts';
import { interrupted } from './interrupt.ts';

/** The reference gateway, and its mutants that leave out a sync. */
const SUBJECTS = [undefined, 'no-file-sync', 'rename-before-sync', 'no-directory-sync'] as const;

export interface MachineModelOptions {
  fileSystem?: string;
  results: string;
}

const say = (line: string) => console.error(`model: ${line}`);

/** Compares the explorer's model of power losses with what they really leave on a machine of the lab's own. Exits 1 if the model lacks something. */
export async function machineModelCommand({ fileSystem, results }: MachineModelOptions): Promise<ExitCode> {
  const kind = machineKind({ ...(fileSystem !== undefined && { fileSystem }) });
  const asked = { fileSystem: kind.fileSystem, blockLog: true };
  const engine = await connectTo('machine', undefined, { say, signal: interrupted }, asked);
  const subjects: { name: string; subject: Subject }[] = [];
  for (const defect of SUBJECTS) {
    const release = await releaseNamed('reference', defect);
    const images = await buildImagesOf(engine, release, { say, signal: interrupted });
    const subject = {
      release: slowed(release, engine.slowness ?? 1),
      images,
      memoryBytes: release.memory.defaultBytes,
    };
    subjects.push({ name: defect ?? 'reference', subject });
  }
  const image = subjects[0]?.subject.images.system ?? '';
  const stamp = `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;
  const folder = path.resolve(results, `model-${stamp}-${kind.fileSystem}`);
  await makeFolder(folder);
  const writes = await modelOnMachine(engine, folder, { image, subjects }, { signal: interrupted, say });
  const told = writes.map((one) => ({ ...one, reached: one.reached.size, between: one.between.size }));
  const whole = { fileSystem: kind.fileSystem, kernel: engine.facts.kernel, release: kind.release, writes: told };
  await writeFile(path.join(folder, 'model.json'), `${JSON.stringify(whole, null, 2)}\n`);
  const outside = writes.reduce((sum, one) => sum + one.outside.length, 0);
  const real = writes.reduce((sum, one) => sum + one.real, 0);
  console.log(
    `${kind.fileSystem} (${engine.facts.kernel}): ${real} real states, of which the model lacks ${outside}. ${path.relative(process.cwd(), folder)}/model.json`,
  );
  return outside === 0 ? ExitCode.sound : ExitCode.unexpectedViolation;
}
