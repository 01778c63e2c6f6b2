import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './problem.ts';

/**
 * Makes a folder and those above it, one by one. `mkdir` of Node with `recursive` never returns where the kernel says that a folder is not there although it
 * is (in /proc, mkdir(2) gives ENOENT): it goes back and forth between the two.
 * @throws what mkdir(2) or stat(2) said
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !(await isThere(at)); at = path.dirname(at)) missing.push(at);
  for (const one of missing.reverse()) {
    await mkdir(one).catch((error: unknown) => {
      // Somebody else was faster.
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  }
}

/**
 * Tries whether a folder can be written to, or made: in it, or in the nearest one above it that is there. Leaves nothing.
 * @throws what the kernel said
 */
export async function tryFolder(folder: string): Promise<void> {
  let at = path.resolve(folder);
  while (!(await isThere(at))) at = path.dirname(at);
  await rmdir(await mkdtemp(path.join(at, '.midwrite-')));
}

async function isThere(folder: string): Promise<boolean> {
  try {
    const facts = await stat(folder);
    if (facts.isDirectory()) return true;
    throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
