import { expect, test } from 'vitest';
import { op } from '../test/op.ts';
import { swapOf } from './swap.ts';

const DB = '/state/main.sqlite';

test('a file that is renamed away before the new one has its name', () => {
  const ops = [
    op('create', '/state/main.sqlite.tmp-1'),
    op('rename', DB, '/state/main.sqlite.backup-1'),
    op('unlink', '/state/other'),
    op('rename', '/state/main.sqlite.tmp-1', DB),
  ];
  expect(swapOf(ops, DB)).toMatchObject({ callsWithout: 2, arm: { op: 'rename', at: 'before' } });
});

test('a file that is renamed over, and one that is changed in its log, always have their name', () => {
  expect(swapOf([op('rename', '/state/main.sqlite.tmp-1', DB)], DB)).toMatchObject({
    callsWithout: 0,
    arm: { op: 'rename', at: 'before' },
  });
  expect(swapOf([op('write', `${DB}-wal`), op('write', `${DB}-shm`)], DB)).toMatchObject({
    callsWithout: 0,
    arm: { op: 'write', at: 'before' },
  });
});

test('nothing changes it', () => {
  expect(swapOf([op('write', '/state/other'), op('rename', DB, '/state/gone')], DB)).toBeUndefined();
});
