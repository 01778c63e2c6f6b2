import { describe, expect, test } from 'vitest';
import type { Step } from '../record.ts';
import { carriedOver, type Site, sitesOf } from './match.ts';
import type { CallNote } from './notes.ts';
import type { SourceFrame } from './source-lines.ts';

const frame = (line: number, file = '/opt/app/store.js'): SourceFrame => ({ file, line, column: 3 });

const note = (kind: CallNote['kind'], path: string, line: number, more: Partial<CallNote> = {}): CallNote => ({
  call: `fs.${kind}`,
  kind,
  path,
  from: 100,
  until: 200,
  frames: [frame(line), frame(90)],
  ...more,
});

/** A call of the kernel's, as writegate told of it at a time. */
const step = (op: string, path: string, mono = 150, more: Partial<Step> = {}): Step => ({
  kind: 'step',
  op,
  syscall: op,
  comm: 'node',
  path,
  t: mono,
  effects: [],
  event: { ev: 'op', seq: 1, t: mono, mono, op, syscall: op, pid: 1, tid: 1, path },
  ...more,
});

/** The line of each, or why there is none. */
const lines = (sites: readonly Site[]) =>
  sites.map((site) => (typeof site === 'string' ? site : site.frames.map(({ line }) => line).join(' < ')));

describe('where a call was made', () => {
  test('is where a function was called that makes such calls, with this path, at this time', () => {
    const notes = [
      note('open', '/state/a.tmp', 10),
      note('write', '/state/a.tmp', 11),
      note('sync', '/state/a.tmp', 12),
      note('rename', '/state/a.tmp', 13, { to: '/state/a' }),
      note('file', '/state/log', 14),
      note('mkdir', '/state/b/c', 15),
      note('remove-tree', '/state/old', 16),
    ];
    const steps = [
      step('create', '/state/a.tmp'),
      step('write', '/state/a.tmp'),
      step('sync', '/state/a.tmp'),
      step('rename', '/state/a.tmp', 150, { to: '/state/a' }),
      step('create', '/state/log'),
      step('write', '/state/log'),
      step('mkdir', '/state/b'),
      step('mkdir', '/state/b/c'),
      step('unlink', '/state/old/x'),
    ];
    expect(lines(sitesOf(steps, notes)).map((one) => one.split(' ')[0])).toEqual([
      '10',
      '11',
      '12',
      '13',
      '14',
      '14',
      '15',
      '15',
      '16',
    ]);
  });

  test('is not that of a function that was over, had not begun, had another file, or does something else', () => {
    const wrong = [
      note('write', '/state/a', 1, { from: 10, until: 149 }),
      note('write', '/state/a', 2, { from: 151, until: 300 }),
      note('write', '/state/b', 3),
      note('sync', '/state/a', 4),
      note('rename', '/state/a', 5, { to: '/state/b' }),
      note('remove-tree', '/state/a', 6),
      note('mkdir', '/state/a/b', 7),
    ];
    expect(sitesOf([step('write', '/state/a')], wrong)).toEqual(['not-noted']);
    const [of] = sitesOf([step('rename', '/state/a', 150, { to: '/state/c' })], wrong);
    expect(of).toBe('not-noted');
  });

  test('of two that were under way at once is what both say, and nothing where that is nothing', () => {
    const one = note('file', '/state/log', 10, { frames: [frame(1), frame(10)] });
    const sameLine = note('file', '/state/log', 10, { frames: [frame(1), frame(20)] });
    expect(lines(sitesOf([step('write', '/state/log')], [one, sameLine]))).toEqual(['1']);
    const elsewhere = note('file', '/state/log', 10, { frames: [frame(2), frame(10)] });
    expect(sitesOf([step('write', '/state/log')], [one, elsewhere])).toEqual(['several']);
    // In another file on the same line.
    const otherFile = note('file', '/state/log', 10, { frames: [frame(1, '/opt/app/other.js')] });
    expect(sitesOf([step('write', '/state/log')], [one, otherFile])).toEqual(['several']);
  });

  test('of a stream is where it was made, unless something was called for this very call', () => {
    const stream = note('stream', '/state/log', 1, { until: null });
    expect(lines(sitesOf([step('write', '/state/log', 9_999)], [stream]))).toEqual(['1 < 90']);
    expect(lines(sitesOf([step('write', '/state/log')], [stream, note('write', '/state/log', 2)]))).toEqual(['2 < 90']);
  });

  test('of a database is that of the call of its connection, for the log beside it too', () => {
    const run = note('database', '/state/notes.db', 7);
    const steps = ['write', 'sync'].map((op) => step(op, '/state/notes.db-wal'));
    expect(lines(sitesOf(steps, [run]))).toEqual(['7 < 90', '7 < 90']);
    expect(sitesOf([step('write', '/state/notes.db.bak')], [run])).toEqual(['not-noted']);
  });

  test('is not known of what was written through a mapping', () => {
    const { event: _, ...mapped } = step('mapped', '');
    expect(sitesOf([mapped], [note('write', '', 1)])).toEqual(['not-noted']);
  });
});

describe('what another recording says of the record', () => {
  const site = (line: number, caller = 90): Site => ({ through: 'fs.writeFile', frames: [frame(line), frame(caller)] });
  const temp = (id: string) => `/state/store.json.${id}.tmp`;
  const first = [step('create', temp('1234')), step('write', '/state/log'), step('write', '/state/log')];
  const second = [step('create', temp('9876')), step('write', '/state/log'), step('write', '/state/log')];

  test('where both do the same in the same order, goes call by call: ids and numbers in names do not count', () => {
    const sites = [site(1), site(2), site(3)];
    expect(carriedOver(first, second, sites)).toEqual(sites);
    expect(carriedOver(first, second, [site(1), 'several', site(3)])).toEqual([site(1), 'several', site(3)]);
  });

  test('where they differ, goes by what all calls of a kind say; lines that differ there are taken for no call', () => {
    const more = [...second, step('write', '/state/log')];
    expect(lines(carriedOver(first, more, [site(1), site(2), site(3), site(2)]))).toEqual([
      '1 < 90',
      'differs',
      'differs',
    ]);
    expect(lines(carriedOver(first, more, [site(1), site(2, 80), site(2, 90), site(2, 70)]))).toEqual([
      '1 < 90',
      '2',
      '2',
    ]);
    expect(lines(carriedOver(first, more, [site(1), site(2), 'not-noted', site(2)]))[1]).toBe('not-noted');
  });

  test('another order is no order: the second of two calls may be the first of them there', () => {
    const turned = [step('write', '/state/log'), step('create', temp('9876')), step('write', '/state/log')];
    expect(lines(carriedOver(first, turned, [site(2), site(1), site(3)]))).toEqual(['1 < 90', 'differs', 'differs']);
  });

  test('what only the record has, or another thread does, has no line', () => {
    const byAnother = second.map((one) => ({ ...one, comm: 'libuv-worker' }));
    expect(carriedOver(first, byAnother, [site(1), site(2), site(2)])).toEqual(['differs', 'differs', 'differs']);
    expect(carriedOver(first, [], [])).toEqual(['differs', 'differs', 'differs']);
  });
});
