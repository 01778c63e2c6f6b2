import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { decodeOwner, encodeOwner, liveness, self } from './owner.ts';

/** The one folder on the host in which a lab keeps anything that is not a result. */
export function scratchRoot(): string {
  return path.join(tmpdir(), `midwrite-${userInfo().uid}`);
}

export interface Scratch extends AsyncDisposable {
  path: string;
}

/** A folder that is gone when its user is done, or at the next start of a lab if its user was killed. */
export async function scratch(purpose: string): Promise<Scratch> {
  const root = scratchRoot();
  await mkdir(root, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(root, `${encodeOwner(self())}-${purpose}-`));
  return {
    path: folder,
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Takes away the scratch folders of labs that are dead. Returns how many. */
export async function sweepScratch(): Promise<number> {
  const root = scratchRoot();
  let swept = 0;
  for (const name of await readdir(root).catch(() => [])) {
    const owner = decodeOwner(name.split('-')[0] ?? '');
    if (owner === undefined || liveness(owner) === 'alive') continue;
    await rm(path.join(root, name), { recursive: true, force: true });
    swept += 1;
  }
  return swept;
}
