import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';
import { folder, midwrite } from './test/midwrite.ts';

test('a folder and those above it; one that is there stays', async () => {
  await using at = await folder();
  const deep = path.join(at.path, 'a/b/c');
  await makeFolder(deep);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
  await writeFile(path.join(at.path, 'file'), '');
  await expect(makeFolder(path.join(at.path, 'file/x'))).rejects.toThrow(/file/);
});

test.runIf(process.platform === 'linux')(
  'where the kernel lets nobody make one it gives up, before anything else is done',
  async () => {
    await expect(makeFolder('/proc/midwrite/x')).rejects.toThrow(/ENOENT/);
    const { exitCode, stderr } = await midwrite(['run', '--results', '/proc/midwrite']);
    expect(stderr).toMatch(/^midwrite: \/proc\/midwrite can't be written .*ENOENT/m);
    expect(exitCode).toBe(2);
  },
);
