import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { debian, npm } from '../source/source.ts';
import { folder } from '../test/midwrite.ts';
import { asSystem } from './as-system.ts';
import type { SystemDefinition } from './definition.ts';
import { driveOfText } from './drive-text.ts';
import { configsAt, findConfig, loadConfigs, parseConfig } from './load.ts';

const right: SystemDefinition = {
  name: 'notes',
  image: npm('json-server@0.17.4'),
  write: 'note {text}',
  read: 'notes',
};

describe('an exchange in one line', () => {
  test.each([
    [
      'POST http://127.0.0.1:3000/posts {"title":"{text}"}',
      { kind: 'http', method: 'POST', port: 3000, path: '/posts', headers: {}, body: { title: '{text}' } },
    ],
    [
      'PUT http://localhost:80/x {text}, plain',
      { kind: 'http', method: 'PUT', port: 80, path: '/x', headers: {}, text: '{text}, plain' },
    ],
    [
      'MKCOL http://127.0.0.1:5232/user/calendar/',
      { kind: 'http', method: 'MKCOL', port: 5232, path: '/user/calendar/', headers: {} },
    ],
    [
      'http://127.0.0.1:8080/set?said={text}',
      { kind: 'http', method: 'GET', port: 8080, path: '/set?said={text}', headers: {} },
    ],
    [
      'npm pkg set "description={text} and more"',
      { kind: 'command', argv: ['npm', 'pkg', 'set', 'description={text} and more'] },
    ],
    ["sh -c 'echo {text} > note'", { kind: 'command', argv: ['sh', '-c', 'echo {text} > note'] }],
  ])('%s', (line, drive) => {
    expect(driveOfText(line, 'write')).toEqual(drive);
  });

  test.each([['http://example.org/x'], ['http://127.0.0.1:99999/'], ['https://127.0.0.1/']])(
    '%s is not reached',
    (url) => {
      expect(() => driveOfText(url, 'read')).toThrow(/read: ".*" is no URL that the lab can reach.*its own loopback/);
    },
  );
});

describe('what is wrong with a config is said with its path', () => {
  test.each([
    ['no systems', { systems: [] }, /systems: no system: there is nothing to test/],
    ['an unknown field', { systems: [{ ...right, wirte: 'x' }] }, /systems\[0\]: Unrecognized key: "wirte"/],
    ['a field of another type', { systems: [{ ...right, memory: 512 }] }, /systems\[0\]\.memory: .*string/],
    [
      'a request with a field too many',
      { systems: [{ ...right, write: { post: 'http://127.0.0.1:1/', bodi: 1 } }] },
      /systems\[0\]\.write: .*"bodi"/,
    ],
    ['no image', { systems: [{ ...right, image: 'json-server' }] }, /systems\[0\]\.image: no image: write npm/],
    [
      'a name that is none',
      { systems: [{ ...right, name: 'My System' }] },
      /systems\[0\]\.name: a name has small letters/,
    ],
    ['a check that is none', { systems: [right], checks: [{ id: 'x' }] }, /checks\[0\]: no check/],
    ['a fault that is none', { systems: [right], faults: [{ name: 'x' }] }, /faults\[0\]: no fault/],
  ])('%s', (_, config, says) => {
    expect(() => parseConfig(config, 'midwrite.config.ts')).toThrow(says);
  });

  test.each([
    ['a read with {text}', { ...right, read: 'note show {text}' }, /read has \{text\}.*a list of all keys/],
    ['a write without {text}', { ...right, write: 'note this' }, /write has no \{text\}/],
    ['a request without a server', { ...right, read: 'http://127.0.0.1:3000/' }, /nothing listens there: give start/],
    [
      'a server of which nobody knows when it is ready',
      { ...right, start: 'serve' },
      /nothing says when the server is ready/,
    ],
    [
      'a port that is none',
      { ...right, start: 'serve', ready: 'localhost:nine' },
      /ready: "localhost:nine" is not a port/,
    ],
    ['no command', { ...right, read: ' ' }, /read is empty/],
  ])('%s', (_, definition, says) => {
    expect(() => asSystem(definition, '/')).toThrow(says);
  });

  test('a config that throws, that has no default, that has two of a name', async () => {
    await using at = await folder();
    const config = async (name: string, text: string) => {
      const file = path.join(at.path, name, 'midwrite.config.mjs');
      await mkdir(path.dirname(file));
      await writeFile(file, text);
      return file;
    };
    const system = `{ name: 'twice', image: { kind: 'image', ref: 'x' }, write: 'note {text}', read: 'notes' }`;
    const throws = await config('throws', 'throw new Error("no such thing");');
    const none = await config('none', 'export const x = 1;');
    const twice = await config('twice', `export default { systems: [${system}, ${system}] };`);
    await expect(loadConfigs([throws])).rejects.toThrow(/can't be loaded: no such thing/);
    await expect(loadConfigs([none])).rejects.toThrow(/has no default export/);
    await expect(loadConfigs([twice])).rejects.toThrow(/Two systems are named "twice"/);
    expect(configsAt(at.path)).toHaveLength(3);
    expect(findConfig(path.join(at.path, 'none'))).toBe(none);
    expect(() => configsAt(path.join(at.path, 'nowhere'))).toThrow(/nowhere does not exist/);
  });
});

test('a definition becomes a release: the runner where commands are run, the state folder, HOME', async () => {
  const system = asSystem({ ...right, image: debian('sqlite3'), state: '/data', textBytes: 100 }, '/');
  expect(system).toMatchObject({ name: 'notes', isFromOutside: true });
  expect(() => asSystem({ ...right, image: debian('sqlite3'), memory: 'much' }, '/').release('now')).toBeDefined();
});
