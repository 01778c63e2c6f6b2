import { expect, test } from 'vitest';
import { op } from '../test/op.ts';
import { inWords, mappedBy, sameAnswer } from './words.ts';

test('what is written through a shared mapping, but for the index that SQLite makes anew', () => {
  const ops = [
    op('map', '/state/db.gdbm'),
    op('map', '/state/db.gdbm'),
    op('map', '/state/app.sqlite-shm'),
    op('write', '/state/a'),
  ];
  expect(mappedBy(ops, '/state')).toEqual(['db.gdbm']);
});

test('a read that is the same before and after says what it answered, and what it said beside it', () => {
  expect(sameAnswer('', '')).toMatch(/It answered nothing\. Let it print what \{text\} says\.$/);
  expect(sameAnswer('always\n', '')).toMatch(/It answered "always"\. Let it print/);
  expect(sameAnswer('', 'Configured servers:\n\n  a\n')).toMatch(
    /It answered nothing; on standard error, .* it said "Configured servers: \| {3}a"\. .*2>&1/,
  );
  expect(sameAnswer('a\nb\nc\nd', '')).toContain('"a | b | c…"');
});

test('a call that must fail is not told: a rename from another file system, a folder that is there', () => {
  const ops = [
    op('mkdir', '/state'),
    op('rename', '/tmp/t', '/state/f'),
    op('unlink', '/state/f'),
    op('create', '/state/f'),
    op('write', '/state/f'),
  ];
  const existing = new Map([
    ['/state', 0],
    ['/state/f', 18],
  ]);
  const result = { tSent: 0, tEnded: 1, acknowledged: true, text: '' };
  expect(inWords({ ops, existing, result, isEarly: false, outside: [] }, '/state')).toEqual([
    'f: removed, made',
    'it answers when all is written',
  ]);
});

test('what is written by a timer after the answer is told, also where no hold has shown it', () => {
  const ops = [op('create', '/state/s__temp'), op('write', '/state/s__temp'), op('sync', '/state/s__temp')];
  const saved = [...ops, op('rename', '/state/s__temp', '/state/s')].map((one, index) => ({ ...one, t: 100 + index }));
  const said = (tEnded: number) =>
    inWords(
      {
        ops: saved,
        existing: new Map(),
        result: { tSent: 0, tEnded, acknowledged: true, text: '' },
        isEarly: false,
        outside: [],
      },
      '/state',
    ).at(-1);
  expect(said(60.5)).toBe('it answers BEFORE all is written: the rename of s came 43 ms after the answer');
  expect(said(110)).toBe('it answers when all is written');
  expect(saved.pop()?.op).toBe('rename');
  expect(said(101.5)).toBe('it answers when all is written, and syncs it after that (once)');
});

test('a lock that is opened anew and never written is not said to be rewritten', () => {
  const ops = [op('create', '/state/lock'), op('create', '/state/note'), op('write', '/state/note')];
  const existing = new Map([
    ['/state/lock', 0],
    ['/state/note', 18],
  ]);
  const result = { tSent: 0, tEnded: 1, acknowledged: true, text: '' };
  expect(inWords({ ops, existing, result, isEarly: false, outside: [] }, '/state').slice(0, 2)).toEqual([
    'lock: emptied, as it was',
    'note: truncated and rewritten in place',
  ]);
});

test('a file that is made where the former one was renamed away is made, and not rewritten', () => {
  const ops = [
    op('rename', '/state/notes', '/state/notes~'),
    op('create', '/state/notes'),
    op('write', '/state/notes'),
  ];
  const result = { tSent: 0, tEnded: 1, acknowledged: true, text: '' };
  const seen = { ops, existing: new Map([['/state/notes', 18]]), result, isEarly: false, outside: [] };
  expect(inWords(seen, '/state').slice(0, 2)).toEqual(['notes~: the former notes', 'notes: made']);
});
