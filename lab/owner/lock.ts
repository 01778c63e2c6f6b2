import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, Problem } from '../problem.ts';
import { until } from '../wait.ts';
import { decodeOwner, encodeOwner, liveness, self } from './owner.ts';

/**
 * Keeps two labs on one machine out of each other's way while `file` exists. A lock whose owner is dead is taken over, so a lab that was
 * killed holds up nobody.
 * @throws Problem limit-passed, with who holds it
 */
export async function lock(file: string, limitMs: number): Promise<AsyncDisposable> {
  await mkdir(path.dirname(file), { recursive: true });
  await until({ name: `another lab to let go of ${file}`, limitMs, everyMs: 200 }, async (note) => {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(encodeOwner(self()));
      await handle.close();
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        throw new Problem(
          'results-unwritable',
          `the lock ${file} can't be created. Check the permissions of its folder.`,
          {
            cause: error,
          },
        );
      }
    }
    const owner = decodeOwner(await readFile(file, 'utf8').catch(() => ''));
    // An empty lock is one that is just being written, or whose writer died in between: its age decides, through the limit of this wait.
    if (owner !== undefined && liveness(owner) !== 'alive') await rm(file, { force: true });
    else
      note(
        `it is held by ${owner === undefined ? 'a process that has not written its name; remove the file if none runs' : `process ${owner.pid}`}`,
      );
    return undefined;
  });
  return {
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true });
    },
  };
}
