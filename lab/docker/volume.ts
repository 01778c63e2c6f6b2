import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { engineProblem } from './lab-container.ts';
import { labels } from './labels.ts';

/** A named volume; a bind mount behaves differently on Docker Desktop. */
export interface LabVolume extends AsyncDisposable {
  name: string;
}

/**
 * @param sizeBytes a disk of this size, which can be filled without harm to the engine's: a tmpfs, as Docker's `local` driver mounts it
 */
export async function makeVolume(engine: Engine, name: string, cell: string, sizeBytes?: number): Promise<LabVolume> {
  const disk =
    sizeBytes === undefined
      ? {}
      : { DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: `size=${sizeBytes},mode=0755,uid=1000,gid=1000` } };
  try {
    await engine.docker.createVolume({ Name: name, Labels: labels('volume', cell), ...disk });
  } catch (error) {
    throw engineProblem(`the volume ${name} could not be made`, error);
  }
  return {
    name,
    async [Symbol.asyncDispose]() {
      try {
        await engine.docker.getVolume(name).remove({ force: true });
      } catch (error) {
        if (errorCode(error) === 404) return;
        throw new Problem('cleanup-failed', `the volume ${name} could not be removed: ${describe(error)}`, {
          cause: error,
        });
      }
    },
  };
}
