import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageFolder } from '../package-folder.ts';
import { folder } from '../test/midwrite.ts';
import { evidenceFolder } from './project.ts';

test('the evidence goes into the project, from any folder of it', async () => {
  await using at = await folder();
  await mkdir(path.join(at.path, 'test/deep'), { recursive: true });
  expect(() => evidenceFolder(path.join(at.path, 'test/deep'))).toThrow(
    /no package\.json in .*deep or above it.*npm init -y.*results: 'results'/,
  );
  await writeFile(path.join(at.path, 'package.json'), '{}');
  expect(evidenceFolder(path.join(at.path, 'test/deep'))).toBe(path.join(at.path, 'node_modules/.midwrite'));
  expect(() => evidenceFolder(at.path, {})).toThrow(/run this file with Vitest/);
});

test('without an engine a test file says what is missing, and leaves nothing', async () => {
  await using at = await folder();
  const lab = path.join(packageFolder, 'lab/vitest/index.ts');
  const system = `{ name: 'x', image: { kind: 'image', ref: 'a:1' }, write: 'x {text}', read: 'y' }`;
  const file = `import { crashes } from ${JSON.stringify(lab)};\ncrashes(${system}, { results: ${JSON.stringify(at.path)} });\n`;
  await writeFile(path.join(at.path, 'no-engine.test.mjs'), file);
  await symlink(path.join(packageFolder, 'node_modules'), path.join(at.path, 'node_modules'));
  const vitest = path.join(packageFolder, 'node_modules/vitest/vitest.mjs');
  const { all, exitCode } = await execa(process.execPath, [vitest, 'run', '--root', at.path], {
    reject: false,
    all: true,
    env: { DOCKER_HOST: 'tcp://127.0.0.1:1' },
  });
  expect(exitCode).toBe(1);
  expect(all).toMatch(/tcp:\/\/127\.0\.0\.1:1/);
  expect((await readdir(at.path)).sort()).toEqual(['no-engine.test.mjs', 'node_modules']);
});
