import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from './atomic-write.ts';
import type { FilesOptions } from './command-line.ts';
import type { Config } from './config.ts';
import type { Defect } from './defects.ts';
import { Disk } from './disk.ts';
import { errnoOf } from './log.ts';
import { isObject } from './rows.ts';
import { STORE_NAME } from './temp-name.ts';

const INDEX_NAME = 'index.json';
const COPIES = 'backups';
/** A prefix of its own: what another program made in the folder is not for it to remove. */
const TEMP_PREFIX = `${INDEX_NAME}.rebuild-`;

/** Does `index …` or `backup …`, on the folder of a gateway that is stopped; resolves with what to print. */
export async function runFilesCommand(
  { stateDir, graceMs }: Config,
  options: FilesOptions,
  defects: ReadonlySet<Defect>,
): Promise<string> {
  const disk = new Disk(defects);
  switch (options.action) {
    case 'rebuild':
      return printed({ entries: await rebuildIndex(disk, stateDir, graceMs) });
    case 'show':
      return printed({ entries: (await readIndex(stateDir)).length });
    case 'create': {
      const copy = join(stateDir, COPIES, new Date().toISOString().replaceAll(':', '-'), STORE_NAME);
      await putCopy(disk, join(stateDir, STORE_NAME), copy);
      return printed({ copy });
    }
    case 'restore': {
      await putCopy(disk, join(options.copy, STORE_NAME), options.target);
      return printed({ target: options.target });
    }
  }
}

const printed = (what: unknown): string => `${JSON.stringify(what)}\n`;

/** The sessions' keys, for whoever looks for one. A crash leaves a temp, which the next run removes when it is older than the grace. */
async function rebuildIndex(disk: Disk, folder: string, graceMs: number): Promise<number> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMP_PREFIX)) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > graceMs) await disk.remove(join(folder, name));
  }
  const store: unknown = JSON.parse(await readFile(join(folder, STORE_NAME), 'utf8'));
  if (!isObject(store) || !isObject(store.sessions)) throw new Error(`${join(folder, STORE_NAME)} is no store`);
  const keys = Object.keys(store.sessions);
  const content = Buffer.from(JSON.stringify(keys));
  const temp = `${TEMP_PREFIX}${randomUUID()}.tmp`;
  const index = join(folder, INDEX_NAME);
  if (disk.defects.has('index-is-moved-aside')) await disk.calls.rename(index, `${index}.old`).catch(() => undefined);
  await replaceFile(disk, folder, INDEX_NAME, temp, content);
  return keys.length;
}

/** None where there is no index. */
async function readIndex(folder: string): Promise<unknown[]> {
  try {
    const keys: unknown = JSON.parse(await readFile(join(folder, INDEX_NAME), 'utf8'));
    return Array.isArray(keys) ? keys : [];
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return [];
  }
}

/** Copies a file to a place that is not there yet. It is on the disk, by its name, when this returns. */
async function putCopy(disk: Disk, from: string, to: string): Promise<void> {
  await disk.makeFolder(dirname(to));
  const temp = `${basename(to)}.${randomUUID()}.tmp`;
  await replaceFile(disk, dirname(to), basename(to), temp, await readFile(from));
}
