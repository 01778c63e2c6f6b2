import { expect, test } from 'vitest';
import { op } from '../test/op.ts';
import { mappedBy } from './words.ts';

test('what is written through a shared mapping, but for the index that SQLite makes anew', () => {
  const ops = [
    op('map', '/state/db.gdbm'),
    op('map', '/state/db.gdbm'),
    op('map', '/state/app.sqlite-shm'),
    op('write', '/state/a'),
  ];
  expect(mappedBy(ops, '/state')).toEqual(['db.gdbm']);
});
