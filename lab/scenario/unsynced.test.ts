import { expect, test } from 'vitest';
import { op } from '../test/op.ts';
import { unsyncedIn } from './unsynced.ts';

const restore = [
  op('mkdir', '/state/a'),
  op('mkdir', '/state/a/b'),
  op('create', '/state/a/b/new.tmp'),
  op('write', '/state/a/b/new.tmp'),
  op('sync', '/state/a/b/new.tmp'),
  op('rename', '/state/a/b/new.tmp', '/state/a/b/db'),
];
const there = new Set(['/state']);

test('each name wants a sync of its own folder, behind the call that made it', () => {
  expect(unsyncedIn([...restore, op('sync', '/state/a/b')], '/state', there)).toEqual({
    names: ['/state/a', '/state/a/b'],
    data: [],
  });
  const all = [op('sync', '/state/a/b'), op('sync', '/state/a'), op('sync', '/state')];
  expect(unsyncedIn([...restore, ...all], '/state', there)).toEqual({ names: [], data: [] });
  expect(unsyncedIn([op('sync', '/state'), ...restore, ...all.slice(0, 2)], '/state', there).names).toEqual([
    '/state/a',
  ]);
});

test('bytes behind the last sync of a file, whatever it is called by then', () => {
  const ops = restore.filter((one) => one.op !== 'sync');
  expect(unsyncedIn(ops, '/state', there).data).toEqual(['/state/a/b/db']);
});

test('what was there, and what is gone again, is nobody’s loss', () => {
  const ops = [op('mkdir', '/state'), op('create', '/state/x'), op('write', '/state/x'), op('unlink', '/state/x')];
  expect(unsyncedIn(ops, '/state', there)).toEqual({ names: [], data: [] });
});
