import { expect, test } from 'vitest';
import { SmallRecord } from '../test/small-record.ts';
import { Replay } from './replay.ts';
import { sharedMemoryOf, withoutBytesOf } from './shared-memory.ts';

const DATABASE = '/state/notes.db';
const SHM = `${DATABASE}-shm`;

test('the shared memory of a database is empty in every state, and what was written to it alone is no step', () => {
  const { record } = new SmallRecord({ [DATABASE]: 'SQLite', [SHM]: 'old', [`${DATABASE}-wal`]: '' })
    .write(SHM, 'index', { op: 'mapped', syscall: 'mmap' })
    .write(`${DATABASE}-wal`, 'frame');
  const files = sharedMemoryOf(record);
  expect([...files]).toEqual([SHM]);
  const replay = new Replay(withoutBytesOf({ ...record, unrecorded: [{ path: SHM, why: 'too large' }] }, files));
  const { step } = replay.step();
  expect(step.path).toBe(`${DATABASE}-wal`);
  const { names, inodes } = replay.image;
  const sizeOf = (file: string) => inodes.get(names.get(file) ?? -1)?.content.size;
  expect([sizeOf(SHM), sizeOf(`${DATABASE}-wal`), sizeOf(DATABASE)]).toEqual([0, 5, 6]);
});

test('a file of that ending beside no database is a file like any other', () => {
  const { record } = new SmallRecord({ '/state/a-shm': 'x', '/state/a': 'y' });
  expect([...sharedMemoryOf(record)]).toEqual([]);
  expect(withoutBytesOf(record, new Set())).toBe(record);
});

test('a number that comes again is another file', () => {
  const small = new SmallRecord({ [DATABASE]: 'SQLite', [SHM]: 'old', [`${DATABASE}-wal`]: '' }).unlink(SHM);
  const { record } = small;
  const ino = record.base.find((effect) => effect.kind === 'name' && effect.path === SHM);
  if (ino?.kind !== 'name' || ino.ino === null) throw new Error('no such name');
  const made = { kind: 'step', op: 'create', syscall: 'openat', path: '/state/new', t: 9 } as const;
  const effects = [
    { kind: 'name', path: '/state/new', ino: ino.ino },
    { kind: 'inode', ino: ino.ino, type: 'file', mode: 0o600, size: 7 },
  ] as const;
  const steps = [...record.steps, { ...made, effects: [...effects] }];
  const told = withoutBytesOf({ ...record, steps }, sharedMemoryOf({ ...record, steps }));
  expect(told.steps.at(-1)?.effects).toEqual(effects);
});
