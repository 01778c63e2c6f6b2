import { fileURLToPath } from 'node:url';
import { extract } from 'tar';
import { folder } from './midwrite.ts';

/** A real run of three cells, as the midwrite of schema versions 1 wrote it (matrix.json, run.json and evidence.jsonl), in a folder that is gone after the test. */
export async function runOfVersion1(): Promise<AsyncDisposable & { path: string }> {
  const root = await folder();
  await extract({ file: fileURLToPath(new URL('run-of-version-1.tar.gz', import.meta.url)), cwd: root.path });
  return { path: `${root.path}/run`, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}
