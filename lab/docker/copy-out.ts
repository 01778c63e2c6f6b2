import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Engine } from '../engine/engine.ts';
import { run } from '../process.ts';
import { engineProblem } from './lab-container.ts';
import { labels } from './labels.ts';

const LIMIT_MS = 60_000;

/** Copies a file out of an image, into a folder of the host. The container for it never starts. */
export async function copyOut(engine: Engine, image: string, file: string, into: string): Promise<string> {
  const container = await engine.docker
    .createContainer({ Image: image, Cmd: ['none'], NetworkDisabled: true, Labels: labels('container', 'copy-out') })
    .catch((error: unknown) => {
      throw engineProblem(`${file} could not be copied out of ${image}`, error);
    });
  const archive = path.join(into, 'copied.tar');
  try {
    await pipeline(await container.getArchive({ path: file }), createWriteStream(archive));
  } finally {
    await container.remove({ force: true });
  }
  const args = ['-x', '-f', archive, '-C', into];
  await run({ file: 'tar', args, purpose: `copying ${file} out of an image`, limitMs: LIMIT_MS });
  await rm(archive);
  return path.join(into, path.posix.basename(file));
}
