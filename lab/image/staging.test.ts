import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { scratch } from '../owner/scratch.ts';
import { stagePackages } from './npm.ts';
import type { StageContext } from './recipe.ts';

test('an optional package that wants a newer Node than the one on PATH is staged: the images have that Node', async () => {
  const folder = await scratch('staging');
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const write = async (name: string, content: string) => {
    const file = path.join(folder.path, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  await write('native/package.json', JSON.stringify({ name: 'native', version: '1.0.0', engines: { node: '>=22' } }));
  const optionalDependencies = { native: `file:${folder.path}/native` };
  await write('program/package.json', JSON.stringify({ name: 'program', version: '1.0.0', optionalDependencies }));
  // A Node that says that it is an old one.
  const old = await write('bin/old.cjs', "Object.defineProperty(process, 'version', { value: 'v20.20.2' });");
  const node = await write('bin/node', `#!/bin/sh\nexec '${process.execPath}' --require '${old}' "$@"\n`);
  await chmod(node, 0o755);
  vi.stubEnv('PATH', `${path.dirname(node)}${path.delimiter}${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const platform = { os: 'linux', cpu: process.arch, libc: 'glibc' };
  const context = { into: path.join(folder.path, 'into'), platform, say: () => undefined } as unknown as StageContext;
  await stagePackages(context, { program: `file:${folder.path}/program` }, { as: 'app' });
  expect(await readdir(path.join(folder.path, 'into/app/node_modules'))).toContain('native');
});

test("a package that is for the engine's processor alone is staged on a host with another one", async () => {
  await using folder = await scratch('staging');
  const cpu = process.arch === 'arm64' ? 'x64' : 'arm64';
  await mkdir(path.join(folder.path, 'native'));
  const manifest = { name: 'native', version: '1.0.0', os: ['linux'], cpu: [cpu] };
  await writeFile(path.join(folder.path, 'native/package.json'), JSON.stringify(manifest));
  const platform = { os: 'linux', cpu, libc: 'glibc' };
  const context = { into: path.join(folder.path, 'into'), platform, say: () => undefined } as unknown as StageContext;
  await stagePackages(context, { native: `file:${folder.path}/native` }, { as: 'app' });
  expect(await readdir(path.join(folder.path, 'into/app/node_modules'))).toContain('native');
});
