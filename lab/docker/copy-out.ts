import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import type { Engine } from '../engine/engine.ts';
import { engineProblem } from './lab-container.ts';
import { labels } from './labels.ts';

/** Copies a file out of an image, into a folder of the host. The container for it never starts. */
export async function copyOut(engine: Engine, image: string, file: string, into: string): Promise<string> {
  const container = await engine.docker
    .createContainer({ Image: image, Cmd: ['none'], NetworkDisabled: true, Labels: labels('container', 'copy-out') })
    .catch((error: unknown) => {
      throw engineProblem(`${file} could not be copied out of ${image}`, error);
    });
  const name = path.posix.basename(file);
  try {
    const isTheFile = (entry: string, { type }: { type?: unknown }) => entry === name && type === 'File';
    await pipeline(
      await container.getArchive({ path: file }),
      extract({ cwd: into, strict: true, filter: (entry, about) => isTheFile(entry, about as { type?: unknown }) }),
    );
  } finally {
    await container.remove({ force: true });
  }
  return path.join(into, name);
}
