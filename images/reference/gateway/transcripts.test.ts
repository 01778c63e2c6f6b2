import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Disk } from './disk.ts';
import type { Row, Turn } from './rows.ts';
import { type Addition, headerLine, Transcripts, turnLine } from './transcripts.ts';

const row: Row = { sessionId: 's', kind: 'other', createdAt: 1, updatedAt: 2, turns: 2, bytes: 0 };
const turn = (user: string): Turn => ({ at: 2, user, assistant: 'ü\n' });
const HEADER_BYTES = headerLine('key', row).length;

let folder: string;
let events: string[];
let transcripts: Transcripts;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'midwrite-transcripts-'));
  events = [];
  transcripts = new Transcripts(folder, new Disk(), (_, event) => events.push(event));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'transcripts/s.jsonl');
const size = () => fs.statSync(path()).size;
const read = (bytes = size(), limit = 1000) => transcripts.readNewest('s', bytes, limit);
const textsOf = async (reading: Promise<Turn[]>) => (await reading).map(({ user }) => user);

async function add(offsetBytes: number, ...texts: string[]): Promise<number> {
  const addition: Addition = { key: 'key', row, turns: texts.map(turn), offsetBytes };
  await transcripts.add([addition]);
  return offsetBytes + texts.reduce((sum, text) => sum + turnLine(turn(text)).length, 0);
}

async function found() {
  const all = [];
  for await (const one of transcripts.scan()) all.push(one);
  return all;
}

test('what was added comes back, and so does whose it is', async () => {
  const end = await add(await add(HEADER_BYTES, 'one'), 'two', 'three');
  expect(size()).toBe(end);
  expect(await read()).toEqual(['one', 'two', 'three'].map(turn));
  expect(await found()).toEqual([
    { name: 's.jsonl', key: 'key', row: { sessionId: 's', createdAt: 1, updatedAt: 2, turns: 3, bytes: end } },
  ]);
  expect(fs.statSync(path()).mode & 0o777).toBe(0o600);
});

test('a fold that is done again changes nothing, and what an older one left behind the end is cut off', async () => {
  const end = await add(HEADER_BYTES, 'one');
  const content = fs.readFileSync(path());
  await add(HEADER_BYTES, 'one', 'of a fold that did not end');
  await add(HEADER_BYTES, 'one');
  expect(fs.readFileSync(path())).toEqual(content);
  fs.appendFileSync(path(), '{"at":1,"user":"not vouched for');
  expect(await textsOf(read(end))).toEqual(['one']);
});

test.each([0, 1, 2, 100])('the newest %i, and no more of the file is read than they need', async (limit) => {
  const texts = Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(2_000));
  await add(HEADER_BYTES, ...texts);
  expect(await textsOf(read(size(), limit))).toEqual(texts.slice(100 - limit));
});

test('turns that are longer than what is read at once', async () => {
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000));
  await add(HEADER_BYTES, ...texts);
  expect(await textsOf(read(size(), 2))).toEqual(texts.slice(1));
  expect(await textsOf(read(size(), 9))).toEqual(texts);
});

test('a line that went bad costs that line alone, and is told', async () => {
  const end = await add(HEADER_BYTES, 'one', 'two', 'three');
  fs.writeFileSync(path(), fs.readFileSync(path(), 'latin1').replace('"two"', '"two'), 'latin1');
  expect(await textsOf(read())).toEqual(['one', 'three']);
  expect(events).toEqual(['transcript-damaged']);
  expect(await found()).toMatchObject([{ row: { turns: 2, bytes: end - 1 } }]);
});

test('behind one that was cut the next turns are readable', async () => {
  const end = await add(HEADER_BYTES, 'one', 'two');
  fs.truncateSync(path(), end - 5);
  await add(end, 'three');
  await add(end, 'three');
  expect(await textsOf(read())).toEqual(['one', 'three']);
  expect(events).toEqual(['transcript-short', 'transcript-damaged']);
});

test('one that is not there has no turns, and that is told', async () => {
  expect(await read(500)).toEqual([]);
  expect(events).toEqual(['transcript-missing']);
  await transcripts.remove(['s', 't']);
});

test.each([
  ['s.jsonl', ''],
  ['s.jsonl', '{"at":2,"user":"x","assistant":"y"}\n'],
  ['s.jsonl', headerLine('key', { sessionId: 'other', createdAt: 1 })],
  ['s.jsonl', headerLine('key', row)],
  ['notes.txt', 'x'],
])('%s with %s is passed over by a scan', async (name, content) => {
  fs.mkdirSync(join(folder, 'transcripts'));
  fs.writeFileSync(join(folder, 'transcripts', name), content);
  expect(await found()).toEqual([{ name, reason: expect.any(String) }]);
});
