import { expect, test } from 'vitest';
import { LOG, promises, rightTurn, SmallRecord, STORE } from '../test/small-record.ts';
import { crashStates, MODELS, reduce, tornAt } from './crash-state.ts';
import { findings } from './finding.ts';
import { digestOf } from './folder-image.ts';
import { judgeStates } from './judged.ts';

const foundIn = (small: SmallRecord) => {
  const { record } = small;
  return findings(record, judgeStates(record, { promises }, { models: MODELS }).violations, () => true);
};

test('a write is torn at every page of its file, behind its first byte and before its last', () => {
  expect(tornAt(0, 10_000, 0)).toEqual([1, 4096, 8192, 9_999]);
  expect(tornAt(4_000, 5_000, 4_000)).toEqual([1, 96, 4_192, 4_999]);
  expect(tornAt(0, 1, 0)).toEqual([]);
  expect(tornAt(4096, 4096, 4096)).toEqual([1, 4095]);
  expect(tornAt(4096, 4096, 8192), 'a page that is overwritten').toEqual([]);
  expect(tornAt(4000, 200, 8192)).toEqual([96]);
});

test('every crash point is counted, and equal states are one', () => {
  const { record } = new SmallRecord().write(LOG, 'abcdef').sync(LOG);
  const states = [...crashStates(record, ['process-crash'])];
  // Before the write, behind its first byte, before its last, before the sync, behind it.
  expect(states.map(({ origin }) => origin.step)).toEqual([0, 0, 0, 1, 2]);
  const reduced = reduce(record, ['process-crash']);
  expect(reduced.crashPoints['process-crash']).toBe(5);
  expect(reduced.states).toHaveLength(4);
  expect(reduced.states.reduce((sum, state) => sum + state.crashPoints, 0)).toBe(5);
  expect(new Set(states.map(({ image }) => digestOf(image)))).toEqual(new Set(reduced.states.map((one) => one.digest)));
});

test('what the bound leaves out is counted', () => {
  const small = new SmallRecord();
  for (let index = 0; index < 6; index += 1) small.create(`/state/x${index}`);
  expect(reduce(small.record, MODELS).leftOutByBound).toBe(64n - 17n + (32n - 14n));
});

test('a turn that is written as it should be holds in every state of both models', () => {
  expect(foundIn(rightTurn())).toEqual([]);
});

test('without the sync of the temp the missing step is named', () => {
  const found = foundIn(rightTurn('file-sync'));
  expect(found.map((one) => one.check).sort()).toEqual(['all-or-nothing', 'store-valid']);
  for (const one of found) {
    expect(one.model).toBe('power-loss');
    expect(one.onExt4).toBe(false);
    expect(one.cause).toMatch(
      /the rename at call 5 replaced \/state\/store\.json with data never synced \(call 4 wrote it\)/,
    );
  }
});

test('a sync that comes behind the rename is too late, and that is said', () => {
  const temp = '/state/store.json.1.tmp';
  const small = new SmallRecord().create(temp).write(temp, '{}').rename(temp, STORE).sync(STORE);
  expect(foundIn(small)[0]?.cause).toMatch(/the rename at call 3 replaced .* with data synced only at call 4/);
});

test('a log that is not synced before its turn is acknowledged', () => {
  const found = foundIn(rightTurn('log-sync'));
  expect(found).toMatchObject([{ check: 'acked-durable', model: 'power-loss', onExt4: true }]);
  expect(found[0]?.cause).toMatch(/what call 1 wrote to \/state\/log\.jsonl was never synced/);
});

test('a file whose folder was never synced', () => {
  const small = new SmallRecord({ [STORE]: '{}' })
    .create(LOG)
    .write(LOG, 'text-first\n')
    .sync(LOG)
    .acknowledge('first');
  small.write(LOG, 'more').sync(LOG);
  const found = foundIn(small);
  expect(found).toMatchObject([{ check: 'acked-durable', model: 'power-loss', onExt4: false }]);
  expect(found[0]?.cause).toMatch(
    /call 1 \(create \/state\/log\.jsonl\) is not on the disk: the folder \/state was never synced/,
  );
});

test('an answer that goes out before the write is found by a crash of the process alone', () => {
  const small = new SmallRecord().acknowledge('first').write(LOG, 'text-first\n').sync(LOG);
  const found = foundIn(small).filter((one) => one.model === 'process-crash');
  expect(found.map(({ check, step }) => [check, step])).toEqual([['acked-durable', 0]]);
});

test('a store that is written in place is torn at its pages', () => {
  const found = foundIn(new SmallRecord().truncate(STORE).write(STORE, '{"a": {"id": 3}}').sync(STORE));
  const ofCrash = found.filter((one) => one.model === 'process-crash');
  expect(ofCrash.map((one) => one.check).sort()).toEqual(['all-or-nothing', 'store-valid']);
  expect(ofCrash[0]?.cause).toMatch(/behind call 1 \(truncate \/state\/store\.json\)/);
});
