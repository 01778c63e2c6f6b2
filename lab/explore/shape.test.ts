import { expect, test } from 'vitest';
import { LOG, SmallRecord, STORE } from '../test/small-record.ts';
import { crashStates, type Model } from './crash-state.ts';
import type { WriteRecord } from './record.ts';
import { Shapes } from './shape.ts';

function shapesOf(record: WriteRecord, model: Model = 'process-crash'): string[] {
  const shapes = new Shapes(record);
  const all = [...crashStates(record, [model])].map(({ origin, image }) => shapes.of(image, origin.step));
  return [...new Set(all)].map((shape) => shape.replaceAll('/state/', ''));
}

const JOURNAL = '/state/store.json-journal';

test('while a journal lies there, how far its store has come tells states apart', () => {
  const { record } = new SmallRecord()
    .create(JOURNAL)
    .write(JOURNAL, 'old pages')
    .write(STORE, 'first page')
    .write(STORE, 'second page')
    .unlink(JOURNAL);
  const shapes = shapesOf(record);
  expect(shapes).toContain('store.json-journal left, whole');
  expect(shapes).toContain('store.json in part; store.json-journal left, whole');
  expect(shapes).toContain('store.json whole; store.json-journal left, whole');
  expect(shapes).toContain('store.json is the new one; store.json-journal left, whole');
});

test('files that are ahead of each other tell states apart where no update is under way', () => {
  const { record } = new SmallRecord().write(LOG, 'one').write(STORE, 'x').write(LOG, 'two');
  expect(shapesOf(record).filter((shape) => !shape.includes('in part'))).toEqual([
    '',
    'log.jsonl whole',
    'log.jsonl whole; store.json is the new one',
    'log.jsonl is the new one; store.json is the new one',
  ]);
});

test('a power loss tells what is gone, and what is full of zeros', () => {
  const { record } = new SmallRecord({ [STORE]: 'old' }).create(LOG).write(LOG, 'text').unlink(STORE);
  const shapes = shapesOf(record, 'power-loss');
  expect(shapes).toContain('log.jsonl in part, with zeros at its end');
  expect(shapes).toContain('store.json is gone');
  expect(shapes.length).toBeGreaterThan(shapesOf(record).length);
});

test('a folder of an update’s own is one thing, with what is in it', () => {
  const copy = '/state/copy-0a1b2c3d';
  const { record } = new SmallRecord()
    .mkdir(copy)
    .create(`${copy}/first`)
    .write(`${copy}/first`, 'text')
    .unlink(`${copy}/first`)
    .unlink(copy);
  expect(shapesOf(record)).toEqual([
    '',
    'copy-* left, a folder with nothing in it',
    'copy-* left, a folder with what is in it',
  ]);
});

test('a folder that is made is there or not', () => {
  const { record } = new SmallRecord({ [STORE]: 'old' }).mkdir('/state/made');
  expect(shapesOf(record)).toEqual(['', 'made is the new one']);
});
