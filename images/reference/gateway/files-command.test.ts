import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FilesOptions } from './command-line.ts';
import { readConfig } from './config.ts';
import type { Defect } from './defects.ts';
import { runFilesCommand } from './files-command.ts';

const STORE = JSON.stringify({ sessions: { a: {}, b: {} } });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'midwrite-files-'));
  await writeFile(join(folder, 'sessions.json'), STORE);
});
afterEach(() => rm(folder, { recursive: true }));

const run = async (options: FilesOptions, ...defects: Defect[]): Promise<unknown> =>
  JSON.parse(await runFilesCommand(readConfig({ STATE_DIR: folder }, undefined), options, new Set(defects)));

test('an index that is made anew is shown; where there is none, it has no entries', async () => {
  expect(await run({ action: 'show' })).toEqual({ entries: 0 });
  expect(await run({ action: 'rebuild' })).toEqual({ entries: 2 });
  expect(await run({ action: 'show' })).toEqual({ entries: 2 });
});

test('what an earlier run left is removed when it is old, and nothing of others', async () => {
  const names = ['index.json.rebuild-1.tmp', 'index.json.rebuild-2.tmp', 'index.json.mine.tmp'];
  for (const name of names) await writeFile(join(folder, name), 'x');
  for (const name of names.filter((one) => !one.includes('-2'))) await utimes(join(folder, name), 0, 0);
  await run({ action: 'rebuild' });
  expect((await readdir(folder)).sort()).toEqual([
    'index.json',
    'index.json.mine.tmp',
    'index.json.rebuild-2.tmp',
    'sessions.json',
  ]);
});

test('the defect leaves the old index beside the new one', async () => {
  for (const _ of ['first', 'again']) await run({ action: 'rebuild' }, 'index-is-moved-aside');
  expect(await readdir(folder)).toContain('index.json.old');
});

test('a copy of the store, and its way back to a place that is not there', async () => {
  const { copy } = (await run({ action: 'create' })) as { copy: string };
  const target = join(folder, 'made/by-it/sessions.json');
  await run({ action: 'restore', copy: join(copy, '..'), target });
  expect(await readFile(target, 'utf8')).toBe(STORE);
});

test('no store is no index', async () => {
  await writeFile(join(folder, 'sessions.json'), '[]');
  await expect(run({ action: 'rebuild' })).rejects.toThrow('is no store');
});
