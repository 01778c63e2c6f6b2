import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BlockLog } from './block-log.ts';
import { diskStates } from './disk-states.ts';

const SECTOR = 512;
const folder = mkdtempSync(path.join(tmpdir(), 'midwrite-block-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = (...all: number[]) => {
  const buffer = Buffer.alloc(SECTOR);
  for (const [index, one] of all.entries()) buffer.writeBigUInt64LE(BigInt(one), index * 8);
  return buffer;
};
const HEAD = numbers(0, 1, 0);
HEAD.writeBigUInt64LE(0x6a736677736872n, 0);
HEAD.writeUInt32LE(SECTOR, 24);

const [FLUSH, FUA, DISCARD] = [1, 2, 4];
const write = (sector: number, letter: string, flags = 0) =>
  Buffer.concat([numbers(sector, 1, flags, 0), Buffer.alloc(SECTOR, letter)]);
const flush = numbers(0, 0, FLUSH, 0);

function logOf(...parts: Buffer[]): string {
  const file = path.join(folder, 'log');
  writeFileSync(file, Buffer.concat([HEAD, ...parts]));
  return file;
}

test('each request in its order, with its place on the disk and its bytes', () => {
  using log = new BlockLog(logOf(write(8, 'a'), flush, write(2, 'b', FUA), numbers(4, 16, DISCARD, 0)));
  expect(log.entries.map(({ kind, isDurable, offset, bytes }) => [kind, isDurable, offset, bytes])).toEqual([
    ['write', false, 4096, 512],
    ['flush', false, 0, 0],
    ['write', true, 1024, 512],
    ['discard', false, 2048, 8192],
  ]);
  expect(log.data(log.entries[2] as (typeof log.entries)[number]).toString()).toBe('b'.repeat(SECTOR));
});

test('what is no log, is cut short or has what nobody knows is refused', () => {
  const file = path.join(folder, 'other');
  writeFileSync(file, Buffer.alloc(SECTOR, 'x'));
  expect(() => new BlockLog(file)).toThrow('does not begin as one of dm-log-writes');
  expect(() => new BlockLog(logOf(write(8, 'a').subarray(0, SECTOR)))).toThrow('is cut short');
  expect(() => new BlockLog(logOf(numbers(0, 0, 64, 0)))).toThrow('unknown flags');
});

test('a cache loses any of what was not flushed, never what was, and never what was written with FUA', () => {
  using log = new BlockLog(logOf(write(1, 'a'), flush, write(2, 'b'), write(3, 'c', FUA), write(4, 'd'), flush));
  const states = [...diskStates(log.entries, { from: 0, to: 6, sampled: 2, seed: 1 })];
  const there = ({ flushed, kept }: (typeof states)[number]) => [flushed, ...kept].join();
  expect(states.filter(({ kind }) => kind === 'flush').map(there)).toEqual(['0', '2', '6']);
  expect(states.filter(({ kind }) => kind === 'prefix').map(there)).toEqual(['0,0', '2,2', '2,2,3', '2,2,3,4']);
  expect(new Set(states.filter(({ kind }) => kind === 'subset').map(there))).toEqual(
    new Set(['0', '2,3,4', '2,2,3', '2,3']),
  );
});

test('of many requests some subsets, the same ones each time', () => {
  using log = new BlockLog(logOf(...Array.from({ length: 20 }, (_, index) => write(index, 'x'))));
  const all = () => [...diskStates(log.entries, { from: 0, to: 20, sampled: 3, seed: 7 })];
  const subsets = all().filter(({ kind }) => kind === 'subset');
  expect(subsets).toHaveLength(9);
  expect(
    subsets.every(({ kept }) => kept.length < 20 && kept.every((one, at) => at === 0 || one > (kept[at - 1] ?? 0))),
  ).toBe(true);
  expect(all()).toEqual(all());
});
