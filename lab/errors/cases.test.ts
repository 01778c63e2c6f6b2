import { expect, test } from 'vitest';
import { knownFaults } from '../known.ts';
import { callsOf, casesOf } from './cases.ts';
import { sweptFaults } from './sweep.ts';
import type { Op, SeenWrite } from './watch.ts';

let seq = 0;
const op = (name: string, file: string, more: Partial<Op> = {}): Op => {
  seq += 1;
  return { seq, t: seq, mono: seq, ev: 'op', op: name, syscall: name, pid: 1, tid: 1, path: `/state/${file}`, ...more };
};

const REPLACED: SeenWrite = {
  ops: [
    op('mkdir', 'logs'),
    op('create', 'db.json.123.tmp'),
    op('write', 'db.json.123.tmp', { bytes: 50 }),
    op('sync', 'db.json.123.tmp'),
    op('rename', 'db.json.123.tmp', { to: '/state/db.json' }),
    op('create', 'log.456.tmp'),
    op('write', 'log.456.tmp', { bytes: 5 }),
    op('write', 'log.456.tmp', { bytes: 5 }),
    op('write', 'log.456.tmp', { bytes: 5 }),
  ],
  existing: new Set(['/state', '/state/logs', '/state/db.json']),
};
const swept = knownFaults().filter((fault) => fault.sweep !== undefined);
const of = (write: SeenWrite, every = false) => casesOf(write, '/state', swept, every);

test('what fails by itself is no call that an error could meet', () => {
  const calls = callsOf(REPLACED, '/state');
  expect(calls.map(({ number, op: name, file, to }) => [number, name, file, to])).toEqual([
    [2, 'create', 'db.json.*.tmp', undefined],
    [3, 'write', 'db.json.*.tmp', undefined],
    [4, 'sync', 'db.json.*.tmp', undefined],
    [5, 'rename', 'db.json.*.tmp', 'db.json'],
    [6, 'create', 'log.*.tmp', undefined],
    [7, 'write', 'log.*.tmp', undefined],
    [8, 'write', 'log.*.tmp', undefined],
    [9, 'write', 'log.*.tmp', undefined],
  ]);
});

test('each call has the errors that it can return, once and from there on', () => {
  const faultsAt = (number: number) =>
    of(REPLACED)
      .cases.filter(({ call }) => call.number === number)
      .map(({ fault }) => fault);
  const names = (number: number) => faultsAt(number).map(({ name }) => name);
  expect(names(2)).toContain('no-descriptors');
  expect(names(3)).toEqual(expect.arrayContaining(['io-error', 'io-error-stays', 'short-write', 'short-write-stays']));
  expect(names(3)).not.toContain('no-descriptors');
  expect(names(4)).toContain('sync-fails');
  expect(names(5)).toEqual(['io-error', 'io-error-stays', 'no-space', 'no-space-stays']);
  expect(new Set(faultsAt(3).map(({ sweep }) => sweep))).toEqual(new Set(['once', 'from there on']));
});

test('calls are of one kind that do the same to the same file after the same call', () => {
  const kinds = (write: SeenWrite, every = false) =>
    Map.groupBy(
      of(write, every).cases.filter(({ fault }) => fault.name === 'io-error'),
      ({ kind }) => kind,
    )
      .values()
      .map((cases) => cases.map(({ call }) => call.number).join())
      .toArray();
  // The first write of the log comes after the making of the file, and is another one.
  expect(kinds(REPLACED)).toEqual(['2', '3', '4', '5', '6', '7', '8,9']);
  expect(kinds(REPLACED, true)).toEqual(['2', '3', '4', '5', '6', '7', '8', '9']);
  const again = ['log.7.tmp', 'log.8.tmp'].flatMap((file) => [op('create', file), op('write', file)]);
  expect(kinds({ ...REPLACED, ops: [...again, op('create', 'other'), ...again] })).toEqual(
    // The same four calls behind another file are of other kinds.
    ['1', '2,4', '3', '5', '6', '7,9', '8'],
  );
});

test('a sweep takes the errors that are asked for, and refuses what is none', () => {
  expect(sweptFaults(undefined)).toEqual(swept);
  expect(sweptFaults(['no-space-stays', 'io-error']).map(({ name }) => name)).toEqual(['no-space-stays', 'io-error']);
  expect(() => sweptFaults(['sigkill'])).toThrow(
    /"sigkill" is no error that a sweep of calls has\. It has: io-error, /,
  );
});
