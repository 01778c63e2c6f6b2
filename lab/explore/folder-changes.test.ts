import { expect, test } from 'vitest';
import { Content } from './content.ts';
import { folderChanges } from './folder-changes.ts';
import type { FolderImage, Inode } from './folder-image.ts';

function image(files: Record<string, string | undefined>): FolderImage {
  const names = new Map(Object.keys(files).map((name, index) => [name, index]));
  const inodes = new Map<number, Inode>(
    Object.values(files).map((text, index) => [
      index,
      text === undefined
        ? { type: 'directory', mode: 0o755, content: Content.empty }
        : { type: 'file', mode: 0o600, content: Content.of(Buffer.from(text)) },
    ]),
  );
  return { names, inodes };
}
const inShort = (before: FolderImage, after: FolderImage) =>
  folderChanges(before, after).changes.map(({ change, path, before: was, after: is }) => [change, path, was, is]);

test('what came, went and changed, with sizes; what stayed is not told', () => {
  const before = image({ '/state/a': 'one', '/state/b': 'two', '/state/c': 'same' });
  const after = image({ '/state/a': 'three', '/state/c': 'same', '/state/d': '' });
  expect(inShort(before, after)).toEqual([
    ['changed', '/state/a', 3, 5],
    ['removed', '/state/b', 3, undefined],
    ['added', '/state/d', undefined, 0],
  ]);
  expect(folderChanges(before, before)).toEqual({ changes: [], more: 0 });
});

test('a folder that came is told once, and what lies in it is not', () => {
  const after = image({ '/state/new': undefined, '/state/new/x': 'x', '/state/newer': 'y' });
  expect(inShort(image({}), after).map(([, name]) => name)).toEqual(['/state/new', '/state/newer']);
});

test('texts are compared line by line, a store field by field; bytes are not', () => {
  const before = image({ '/state/store': '{"a":1,"b":2}', '/state/bytes': '\0\x01' });
  const after = image({ '/state/store': '{"a":1,"b":3}', '/state/bytes': '\0\x02' });
  const [bytes, store] = folderChanges(before, after).changes;
  expect(store?.lines).toEqual(['- "b": 2', '+ "b": 3']);
  expect(bytes).toMatchObject({ path: '/state/bytes', lines: [] });
});

test('there is a limit to what is listed', () => {
  const many = image(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/state/${index}`, 'x'])));
  expect(folderChanges(image({}), many)).toMatchObject({ more: 8 });
  const long = folderChanges(image({}), image({ '/state/long': 'line\n'.repeat(40) })).changes[0];
  expect([long?.lines.length, long?.moreLines]).toEqual([12, 28]);
});
