import { describe, expect, test } from 'vitest';
import type { GateEvent } from '../gate/protocol.ts';
import { LOG, promises, STORE } from '../test/small-record.ts';
import { keyOf, LookedInto, Looks } from './alike.ts';
import { Content } from './content.ts';
import type { FolderImage, Inode } from './folder-image.ts';

const TEMP = '/state/store.json.1.tmp';
const looks = new Looks(promises);

const file = (text: string, mode = 0o600): Inode => ({ type: 'file', mode, content: Content.of(Buffer.from(text)) });

function imageOf(files: Readonly<Record<string, Inode>>): FolderImage {
  const paths = Object.keys(files);
  return {
    names: new Map(paths.map((path, id) => [path, id])),
    inodes: new Map(Object.values(files).map((inode, id) => [id, inode])),
  };
}

const BASE = { [STORE]: file('{}'), [LOG]: file('x'), [TEMP]: file('{"a":') };

function lookedInto(...events: readonly object[]): LookedInto {
  const looked = new LookedInto();
  for (const event of events) looked.take(event as GateEvent);
  return looked;
}

const opened = (path: string | null) => ({ ev: 'opened', path });
const op = (name: string, path: string, to?: string) => ({ ev: 'op', op: name, path, to });

/** Whether somebody who did this takes the two for one. */
function areOne(other: Readonly<Record<string, Inode>>, looked: LookedInto, about = ''): boolean {
  const key = (image: FolderImage, words: string) => keyOf(looks.of(image, words), (path) => looked.has(path));
  return key(imageOf(BASE), '') === key(imageOf({ ...BASE, ...other }), about);
}

const OTHER = { [TEMP]: file('{"a":{"id":1}') };

describe('two states that differ in the bytes of a file that is no part of a promise', () => {
  test.each([
    ['nothing was done', []],
    ['other files were opened', [opened(STORE), opened('/state')]],
    ['it was taken away', [op('unlink', TEMP)]],
    ['another was renamed', [op('rename', '/state/b', STORE)]],
    ['a folder with a name like its own was renamed', [op('rename', '/state/store.json', '/state/c')]],
  ])('are one where %s', (_, events) => {
    expect(areOne(OTHER, lookedInto(...events))).toBe(true);
  });

  test.each([
    ['it was opened', [opened(TEMP)]],
    ['something was opened that could not be told', [opened(null)]],
    ['a call was denied that could not be told', [{ ev: 'unknown-path', op: 'rename', syscall: 'rename' }]],
    ['it was renamed', [op('rename', TEMP, STORE)]],
    ['its folder was renamed', [op('rename', '/state', '/other')]],
    ['it was linked', [op('link', TEMP, STORE)]],
    ['it was written', [op('write', TEMP)]],
    ['it was cut off', [op('truncate', TEMP)]],
  ])('are two where %s', (_, events) => {
    expect(areOne(OTHER, lookedInto(...events))).toBe(false);
  });
});

/** A write-ahead log with frames that commit or not. */
function log(...commits: readonly boolean[]): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32BE(0x377f0682, 0);
  header.writeUInt32BE(512, 8);
  header.write('saltsalt', 16);
  const frames = commits.map((isCommit, index) => {
    const frame = Buffer.alloc(24 + 512, index);
    frame.writeUInt32BE(isCommit ? 1 : 0, 4);
    return frame.fill('saltsalt', 8, 16);
  });
  return Buffer.concat([header, ...frames]);
}

test('what a log has behind its last commit tells no two states apart, opened or not; a commit does, and another name', () => {
  const keyWith = (name: string, bytes: Buffer) =>
    keyOf(looks.of(imageOf({ ...BASE, [name]: { ...file(''), content: Content.of(bytes) } }), ''), () => true);
  const LOG_FILE = '/state/notes.db-wal';
  const one = keyWith(LOG_FILE, log(true));
  expect(keyWith(LOG_FILE, log(true, false))).toBe(one);
  expect(keyWith(LOG_FILE, log(true, false).subarray(0, 32 + 536 + 100))).toBe(one);
  expect(keyWith(LOG_FILE, log(true, true))).not.toBe(one);
  expect(keyWith(LOG_FILE, log(false))).not.toBe(one);
  expect(keyWith('/state/notes.wal', log(true, false))).not.toBe(keyWith('/state/notes.wal', log(true)));
});

describe('two states are never one', () => {
  test.each([
    ['the other file is empty', { [TEMP]: file('') }],
    ['the other file is for others', { [TEMP]: file('{"a":', 0o644) }],
    ['there is one file more', { '/state/more': file('x') }],
    ['it is a folder', { [TEMP]: { type: 'directory', mode: 0o600, content: Content.empty } as const }],
    ['the store differs', { [STORE]: file('{"b":1}') }],
    ['a promised file differs', { [LOG]: file('y') }],
  ])('where %s', (_, other) => {
    expect(areOne(other, lookedInto())).toBe(false);
  });

  test('where a program differs, which the kernel opens', () => {
    const run = '/state/run';
    const key = (text: string) => keyOf(looks.of(imageOf({ ...BASE, [run]: file(text, 0o700) }), ''), () => false);
    expect(key('#!/bin/sh\n')).not.toBe(key('#!/bin/false\n'));
  });

  test('where other turns were acknowledged', () => {
    expect(areOne(OTHER, lookedInto(), 'first')).toBe(false);
  });
});
