import { expect, test } from 'vitest';
import { LOG, NEW, OLD, rightTurn, SmallRecord, STORE } from '../test/small-record.ts';
import { againstKernel, callsAt } from './against-kernel.ts';
import { Content } from './content.ts';
import { type FolderImage, inodeAt } from './folder-image.ts';
import type { WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

/** The folder behind so many calls, with another content of one file. */
function folderBehind(record: WriteRecord, calls: number, file?: string, text = ''): FolderImage {
  const replay = new Replay(record);
  while (replay.index < calls) replay.step();
  const { image } = replay;
  const id = file === undefined ? undefined : image.names.get(file);
  const inode = id === undefined ? undefined : image.inodes.get(id);
  if (id === undefined || inode === undefined) return image;
  return { ...image, inodes: new Map(image.inodes).set(id, { ...inode, content: Content.of(Buffer.from(text)) }) };
}

/** A power failure right behind so many calls. */
const at = ({ steps }: WriteRecord, calls: number) => {
  const t = steps[calls - 1]?.t ?? 0;
  return { from: t, to: t, origin: `behind ${calls}` };
};

const compared = (record: WriteRecord, calls: number, image: FolderImage) =>
  againstKernel(record, [{ image, ...at(record, calls) }]);

test('what a sync made durable and a real disk has lost is outside the model; without the sync it is in it', () => {
  const right = rightTurn().record;
  const all = right.steps.length;
  expect(inodeAt(folderBehind(right, all), STORE)?.content.text()).toBe(NEW);
  expect(compared(right, all, folderBehind(right, all, STORE, '')).outside).toHaveLength(1);
  expect(compared(right, all, folderBehind(right, all)).reached.size).toBe(1);
  const wrong = rightTurn('file-sync').record;
  const lost = compared(wrong, wrong.steps.length, folderBehind(wrong, wrong.steps.length, STORE, ''));
  expect(lost).toMatchObject({ outside: [], real: 1, distinct: 1 });
  expect(lost.reached.size).toBe(1);
});

test('bytes that were never written are outside it, whatever was synced', () => {
  const { record } = rightTurn('file-sync');
  const found = compared(record, record.steps.length, folderBehind(record, record.steps.length, STORE, 'other'));
  expect(found.outside).toEqual([{ origin: expect.stringContaining('behind'), why: expect.stringContaining(STORE) }]);
});

test('the old store after everything was over is not there at that time, and was before', () => {
  const { record } = rightTurn();
  const old = folderBehind(record, 0);
  expect(inodeAt(old, STORE)?.content.text()).toBe(OLD);
  expect(compared(record, record.steps.length, old).outside).toHaveLength(1);
  expect(compared(record, 0, old).outside).toEqual([]);
});

test('a length that the explorer does not try is allowed by the model, and stands between those that it tries', () => {
  const { record } = new SmallRecord().write(LOG, 'abcdef');
  const found = compared(record, 1, folderBehind(record, 1, LOG, 'ab'));
  expect(found.outside).toEqual([]);
  expect(found.between.size).toBe(1);
});

test('a call that is not over may have done all that it does', () => {
  const { record } = rightTurn();
  const t = record.steps[2]?.t ?? 0;
  expect(callsAt(record, t, t)).toEqual({ first: 3, last: 4 });
  expect(callsAt(record, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual({
    first: 0,
    last: record.steps.length,
  });
});
