import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { engineProblem } from './lab-container.ts';
import { labels } from './labels.ts';

/** A named volume; a bind mount behaves differently on Docker Desktop. */
export interface LabVolume extends AsyncDisposable {
  name: string;
}

export async function makeVolume(engine: Engine, name: string, cell: string): Promise<LabVolume> {
  try {
    await engine.docker.createVolume({ Name: name, Labels: labels('volume', cell) });
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
