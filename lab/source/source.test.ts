import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { gated } from '../../images/gated/recipe.ts';
import { npmImage } from '../../images/npm/recipe.ts';
import { withTag } from '../image/given.ts';
import { nodeFor, PREFERRED_NODE, parseView } from '../image/npm.ts';
import { givenImagesOf, type Platform, tagOf } from '../image/recipe.ts';
import { folder } from '../test/midwrite.ts';
import { versionOf } from './image.ts';
import { parsePackage } from './npm.ts';
import { debian, dockerfile, image, npm, resolveSource } from './source.ts';

const platform: Platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const HEX = '0123456789ab'.padEnd(64, 'c');

test('a source is data', () => {
  expect(npm('a@1', '@b/c')).toEqual({ kind: 'npm', packages: ['a@1', '@b/c'] });
  expect(npm('a', { node: '22', files: { x: '' } })).toEqual({
    kind: 'npm',
    packages: ['a'],
    node: '22',
    files: { x: '' },
  });
  expect(debian('git', { files: {} })).toEqual({ kind: 'debian', packages: ['git'], files: {} });
  expect(dockerfile('x', { file: 'y' })).toEqual({ kind: 'dockerfile', folder: 'x', file: 'y' });
  expect(image('redis:7')).toEqual({ kind: 'image', ref: 'redis:7' });
});

test.each([
  ['json-server@0.17.4', 'json-server', '0.17.4'],
  ['@scope/name', '@scope/name', 'latest'],
  ['@scope/name@^1.2 || 3', '@scope/name', '^1.2 || 3'],
  ['name@next', 'name', 'next'],
])('%s is a package of npm', (text, name, wanted) => {
  expect(parsePackage(text)).toEqual({ name, wanted });
});

test.each(['', 'git+https://host/x', './x', 'x@file:../y', 'x@npm:y@1', 'x@', '@x', '-g', 'a b'])(
  '"%s" is none',
  (text) => {
    expect(() => parsePackage(text)).toThrow(/is no package of an npm registry/);
  },
);

test('one Node has to fit every package', async () => {
  const published = async () => ['18.20.0', '20.1.0', '22.9.0', PREFERRED_NODE];
  expect(await nodeFor(['>=18', '>=20'], published)).toBe(PREFERRED_NODE);
  expect(await nodeFor(['>=18', '<20'], published)).toBe('18.20.0');
  expect(await nodeFor(['>=18 <23', '^20 || ^22'], published)).toBe('22.9.0');
  await expect(nodeFor(['18', '20'], published)).rejects.toMatchObject({ code: 'no-such-version' });
});

test.each([
  ['redis', 'latest'],
  ['redis:7.4', '7.4'],
  ['host:5000/a/b', 'latest'],
  ['host:5000/a/b:v1_x', 'v1_x'],
  [`a/b@sha256:${HEX}`, '0123456789ab'],
  [`a/b:2@sha256:${HEX}`, '2'],
  [`sha256:${HEX}`, '0123456789ab'],
  [HEX, '0123456789ab'],
])('the version of the image %s is %s', (ref, version) => {
  expect(versionOf(ref)).toBe(version);
});

test.each(['', 'A Name', 'Redis:7', 'redis:', 'redis:a b', '-x', 'a@sha256:12'])(
  '"%s" is no name of an image',
  (ref) => {
    expect(() => versionOf(ref)).toThrow(/is no name of an image/);
  },
);

test('a name without a tag is one image and not all of them', () => {
  expect(['a', 'host:5000/a', 'a:1', `a@sha256:${HEX}`].map(withTag)).toEqual([
    'a:latest',
    'host:5000/a:latest',
    'a:1',
    `a@sha256:${HEX}`,
  ]);
});

test('what is made on an image of somebody else has another tag when that image is another one', async () => {
  const { recipe, version } = await resolveSource(image('host:5000/team/store:7_1'));
  expect(version).toBe('7-1');
  expect(givenImagesOf(gated(recipe))).toEqual(['host:5000/team/store:7_1']);
  const tags = ['sha256:1', 'sha256:2'].map((id) =>
    tagOf(gated(recipe), platform, new Map([['host:5000/team/store:7_1', id]])),
  );
  expect(new Set(tags).size).toBe(2);
  expect(tags[0]).toMatch(/^midwrite\/image-store-gated:7-1-[0-9a-f]{12}$/);
});

test('the state folder and its owner are part of the image', async () => {
  const { recipe } = await resolveSource(image('a'));
  const tags = [{}, { path: '/data' }, { user: '5:5' }].map((state) => tagOf(gated(recipe, state), platform));
  expect(new Set(tags).size).toBe(3);
  expect(() => gated(recipe, { path: 'data' })).toThrow(/no state folder/);
  expect(() => gated(recipe, { path: '/a/../b' })).toThrow(/no state folder/);
  expect(() => gated(recipe, { path: '/' })).toThrow(/no state folder/);
  expect(() => gated(recipe, { user: 'node' })).toThrow(/no user and group/);
});

test('packages, files and their scripts decide the tag of an image from npm', () => {
  const plain = { packages: [['a', '1.0.0+x']] as const, node: PREFERRED_NODE, scripts: false, files: {} };
  const variants = [plain, { ...plain, scripts: true }, { ...plain, files: { x: '1' } }, { ...plain, node: '22.0.0' }];
  const tags = variants.map((one) => tagOf(npmImage(one), platform));
  expect(new Set(tags).size).toBe(variants.length);
  expect(tags[0]).toMatch(/^midwrite\/npm-a:1.0.0-x-[0-9a-f]{12}$/);
});

test('a folder with a Dockerfile is named after its content', async () => {
  await using made = await folder();
  const write = (name: string, text: string) => writeFile(path.join(made.path, name), text);
  await write('Dockerfile', 'ARG BASE=mine:1\nFROM $BASE\n');
  const first = await resolveSource(dockerfile(made.path));
  expect(first.version).toMatch(/^[0-9a-f]{12}$/);
  expect(givenImagesOf(first.recipe)).toEqual(['mine:1']);
  expect((await resolveSource(dockerfile(made.path))).version).toBe(first.version);
  const withArgs = await resolveSource(dockerfile(made.path, { args: { BASE: 'mine:2' } }));
  expect(givenImagesOf(withArgs.recipe)).toEqual(['mine:2']);
  expect(tagOf(withArgs.recipe, platform)).not.toBe(tagOf(first.recipe, platform));
  await write('more', '');
  expect((await resolveSource(dockerfile(made.path))).version).not.toBe(first.version);
});

test('a folder without a Dockerfile, or with one elsewhere, is refused in words', async () => {
  await using made = await folder();
  await mkdir(path.join(made.path, 'empty'));
  for (const source of [
    dockerfile(path.join(made.path, 'empty')),
    dockerfile(path.join(made.path, 'nowhere')),
    dockerfile(made.path, { file: '../Dockerfile' }),
    dockerfile(made.path, { file: 'empty' }),
  ])
    await expect(resolveSource(source)).rejects.toMatchObject({
      code: 'bad-definition',
      message: expect.stringContaining(made.path),
    });
});

test.each([
  [npm(), 'names no package'],
  [npm('a@1.0.0', 'a@2.0.0'), 'twice'],
  [npm('a@1.0.0', { files: { '/etc/x': '' } }), '/etc/x'],
  [debian(), 'names no package'],
  [debian('Redis'), '"Redis"'],
  [debian('redis=7'), 'no version'],
  [debian('-y'), '"-y"'],
  [debian('git', { files: { 'a/../../b': '' } }), 'a/../../b'],
])('%j is refused before anything is asked', async (source, why) => {
  await expect(resolveSource(source)).rejects.toMatchObject({
    code: 'bad-definition',
    message: expect.stringContaining(why),
  });
});

test('where the host has no apt for it, Debian’s packages are fetched inside the build', async () => {
  vi.spyOn(process, 'getuid').mockReturnValueOnce(1000);
  const { recipe, version, notes } = await resolveSource(debian('redis-server', 'git', { files: { x: '1' } }));
  expect({ version, notes }).toEqual({ version: 'bookworm', notes: [expect.stringContaining('redis-server')] });
  expect(givenImagesOf(recipe)).toEqual(['debian:bookworm-slim']);
  await using context = await folder();
  if (!('needs' in recipe)) throw new Error('it is no build of a context of its own');
  expect(recipe.network).toBe(true);
  await recipe.stage({ into: context.path, platform, signal: undefined, say: () => undefined });
  expect(await readFile(path.join(context.path, 'Dockerfile'), 'utf8')).toContain('install redis-server git');
  expect(await readFile(path.join(context.path, 'app/x'), 'utf8')).toBe('1');
});

test('a package that says nothing but its version is one: npm prints a text then, and no object', () => {
  expect(parseView('"9.0.0"\n')).toEqual({ version: '9.0.0' });
  expect(parseView('{ "version": "1.0.0", "engines": {} }')).toEqual({ version: '1.0.0', engines: {} });
  expect(parseView('[{ "version": "1.0.0" }, { "version": "1.1.0" }]')).toEqual({ version: '1.1.0' });
  expect(parseView('')).toBeUndefined();
});
