import { expect, test } from 'vitest';
import { LOG, NEW, OLD, ROOT, rightTurn, SmallRecord, STORE } from '../test/small-record.ts';
import { crashStates } from './crash-state.ts';
import { inodeAt } from './folder-image.ts';
import { protocolsOf } from './protocol.ts';
import type { WriteRecord } from './record.ts';

const TEMP = '/state/store.json.2.tmp';

const filesOf = (record: WriteRecord) => Object.fromEntries(protocolsOf(record).files);

test('temp, sync, rename and a sync of the folder is known, each time', () => {
  expect(filesOf(rightTurn().record)).toEqual({ [STORE]: 1 });
  const twice = rightTurn().create(TEMP).write(TEMP, 'x').sync(TEMP).rename(TEMP, STORE).sync(ROOT);
  expect(filesOf(twice.record)).toEqual({ [STORE]: 2 });
});

test.each([
  ['the temp is not synced', rightTurn('file-sync')],
  ['the folder is not synced', rightTurn('folder-sync')],
  [
    'it is synced only after the rename',
    new SmallRecord().create(TEMP).write(TEMP, 'x').rename(TEMP, STORE).sync(STORE).sync(ROOT),
  ],
  [
    'it is written again before the rename',
    new SmallRecord().create(TEMP).write(TEMP, 'x').sync(TEMP).write(TEMP, 'y').rename(TEMP, STORE).sync(ROOT),
  ],
  ['it is written after the rename', rightTurn().write(STORE, 'more')],
  [
    'the sync is none',
    new SmallRecord().create(TEMP).write(TEMP, 'x').sync(TEMP, 'sync_file_range').rename(TEMP, STORE).sync(ROOT),
  ],
])('there is none where %s', (_, small) => {
  expect(filesOf(small.record)).toEqual({});
});

test('what is known as safe is safe: the file is the old one or the new one, whatever a power loss keeps', () => {
  const texts = (record: WriteRecord) =>
    new Set([...crashStates(record, ['power-loss'])].map(({ image }) => inodeAt(image, STORE)?.content.text()));
  expect(texts(rightTurn().record)).toEqual(new Set([OLD, NEW]));
  expect(texts(rightTurn('file-sync').record).size).toBeGreaterThan(2);
});

test('a rename is combined with what came after it: a journal that is gone while the old store is there', () => {
  const journal = '/state/journal';
  const record = (isInOrder: boolean) => {
    const small = new SmallRecord({ [STORE]: OLD, [journal]: 'first' });
    small.create(TEMP).write(TEMP, NEW).sync(TEMP).rename(TEMP, STORE);
    return (isInOrder ? small.sync(ROOT).unlink(journal) : small.unlink(journal).sync(ROOT)).record;
  };
  const isLost = (of: WriteRecord) =>
    [...crashStates(of, ['power-loss'])].some(
      ({ image }) => inodeAt(image, journal) === undefined && inodeAt(image, STORE)?.content.text() === OLD,
    );
  expect(filesOf(record(false))).toEqual({ [STORE]: 1 });
  expect(isLost(record(false))).toBe(true);
  expect(isLost(record(true))).toBe(false);
});

test('what it covers is not combined with other files', () => {
  const small = new SmallRecord().create(TEMP).write(TEMP, NEW).write(LOG, 'text').sync(TEMP).rename(TEMP, STORE);
  const count = (record: WriteRecord) => [...crashStates(record, ['power-loss'])].length;
  expect(count(small.sync(ROOT).record)).toBeLessThan(
    count(new SmallRecord().create(TEMP).write(TEMP, NEW).write(LOG, 'text').rename(TEMP, STORE).sync(ROOT).record),
  );
});
