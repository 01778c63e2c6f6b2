import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../test/midwrite.ts';
import { contextFiles, copyFiles, hashOf } from './context-folder.ts';

async function project(files: Record<string, string>) {
  const made = await folder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(made.path, name)), { recursive: true });
    await writeFile(path.join(made.path, name), content);
  }
  return made;
}
const namesIn = async (root: string, dockerfile = 'Dockerfile') =>
  (await contextFiles(root, dockerfile)).map((one) => one.path);

test('.dockerignore decides, but for the Dockerfile', async () => {
  await using made = await project({
    '.dockerignore': '# what it does not need\nnode_modules\n**/*.log\ndocker\nkept/*\n!kept/this\n',
    'docker/Dockerfile': '',
    'docker/other': '',
    'node_modules/a/index.js': '',
    'src/main.js': '',
    'src/main.log': '',
    'kept/this': '',
    'kept/that': '',
  });
  expect(await namesIn(made.path, 'docker/Dockerfile')).toEqual([
    '.dockerignore',
    'docker/Dockerfile',
    'kept/this',
    'src/main.js',
  ]);
});

test.each(['', '*.log\n'])('node_modules and .git stay out where .dockerignore is %j', async (rules) => {
  await using made = await project({
    '.dockerignore': rules,
    Dockerfile: '',
    '.git/HEAD': '',
    '.gitignore': '',
    'node_modules/a/index.js': '',
    'packages/b/.git': 'gitdir: elsewhere',
    'packages/b/main.js': '',
    'packages/b/node_modules/c/index.js': '',
  });
  expect(await namesIn(made.path)).toEqual(['.dockerignore', '.gitignore', 'Dockerfile', 'packages/b/main.js']);
});

test('.dockerignore takes them back, each where it says', async () => {
  await using made = await project({
    '.dockerignore': '# needed\r\n!node_modules\r\n',
    Dockerfile: '',
    '.git/HEAD': '',
    'b/node_modules/c/index.js': '',
    'node_modules/a/index.js': '',
  });
  expect(await namesIn(made.path)).toEqual(['.dockerignore', 'Dockerfile', 'node_modules/a/index.js']);
});

test('a hash knows paths, contents, links and the right to be run, and nothing else', async () => {
  await using made = await project({ Dockerfile: 'FROM a', run: 'x' });
  const hash = async () => hashOf(made.path, await contextFiles(made.path, 'Dockerfile'));
  const seen = [await hash()];
  await writeFile(path.join(made.path, 'run'), 'x');
  expect(await hash()).toBe(seen[0]);
  for (const change of [
    () => writeFile(path.join(made.path, 'run'), 'y'),
    () => chmod(path.join(made.path, 'run'), 0o755),
    () => symlink('run', path.join(made.path, 'link')),
    () => writeFile(path.join(made.path, 'more'), ''),
  ]) {
    await change();
    seen.push(await hash());
  }
  expect(new Set(seen).size).toBe(seen.length);
});

test('what is copied has the same hash, links that lead nowhere included', async () => {
  await using made = await project({ Dockerfile: 'FROM a', 'src/run': 'x' });
  await chmod(path.join(made.path, 'src/run'), 0o755);
  await symlink('/nowhere', path.join(made.path, 'src/link'));
  await using copy = await folder();
  const files = await contextFiles(made.path, 'Dockerfile');
  await copyFiles(made.path, files, copy.path);
  expect(await contextFiles(copy.path, 'Dockerfile')).toEqual(files);
  expect(await hashOf(copy.path, files)).toBe(await hashOf(made.path, files));
});

test('a folder that is too large is refused, and one that is not there', async () => {
  await using made = await project({ Dockerfile: '', big: '' });
  await truncate(path.join(made.path, 'big'), 600 * 1024 * 1024);
  await expect(contextFiles(made.path, 'Dockerfile')).rejects.toMatchObject({
    code: 'bad-definition',
    message: expect.stringContaining('.dockerignore'),
  });
  await writeFile(path.join(made.path, '.dockerignore'), 'big\n');
  expect(await namesIn(made.path)).toEqual(['.dockerignore', 'Dockerfile']);
  await expect(contextFiles(path.join(made.path, 'no'), 'Dockerfile')).rejects.toMatchObject({
    code: 'bad-definition',
  });
});
