import { describe, expect, test } from 'vitest';
import { LOG, NEW, OLD, ROOT, rightTurn, SmallRecord, STORE } from '../test/small-record.ts';
import { Content } from './content.ts';
import { contentAfter } from './data-fate.ts';
import { inodeAt } from './folder-image.ts';
import { Durability, moments, type PowerLossState, subsets } from './power-loss.ts';
import type { WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

/** What a power loss behind the last call may leave. */
function statesBehind(record: WriteRecord): { states: PowerLossState[]; durability: Durability } {
  const replay = new Replay(record);
  const durability = new Durability(replay);
  for (const _ of moments(replay, durability));
  return { states: [...durability.states()], durability };
}

const textsOf = (record: WriteRecord, path: string, onExt4 = false) => {
  const { states } = statesBehind(record);
  const wanted = states.filter((state) => !onExt4 || state.onExt4);
  return [...new Set(wanted.map(({ image }) => inodeAt(image, path)?.content.text()))];
};

test('with every sync nothing is left to chance', () => {
  const { states, durability } = statesBehind(rightTurn().record);
  expect(durability.pending).toEqual({ names: [], data: [] });
  expect(states).toHaveLength(1);
  expect(states[0]).toMatchObject({ losses: [], onExt4: true });
});

test('data that was never synced may be gone, in part or whole, once its name is there', () => {
  const texts = textsOf(rightTurn('file-sync').record, STORE);
  expect(texts).toContain('');
  expect(texts).toContain('\0'.repeat(NEW.length));
  expect(texts).toContain(NEW.slice(0, Math.floor(NEW.length / 2)));
  expect(texts).toContain(NEW);
});

test('ext4 writes the data of a file that replaces another before its name', () => {
  expect(textsOf(rightTurn('file-sync').record, STORE, true)).toEqual([NEW]);
});

test('without a sync of the folder the old name may be there, and that is all', () => {
  expect(new Set(textsOf(rightTurn('folder-sync').record, STORE))).toEqual(new Set([OLD, NEW]));
});

test('an append that was not synced may be gone, in part, or zeros', () => {
  const { record } = new SmallRecord().write(LOG, 'abcdef');
  expect(new Set(textsOf(record, LOG))).toEqual(new Set(['abcdef', '', 'abc', '\0'.repeat(6)]));
  expect(new Set(textsOf(record, LOG, true))).toEqual(new Set(['abcdef', '', 'abc']));
});

test('O_DSYNC needs no sync, and sync_file_range is none', () => {
  expect(textsOf(new SmallRecord().write(LOG, 'abcdef', { synchronous: true }).record, LOG)).toEqual(['abcdef']);
  expect(textsOf(new SmallRecord().write(LOG, 'abcdef').sync(LOG, 'sync_file_range').record, LOG)).toContain('');
});

test('what is in a folder that was lost is lost with it', () => {
  const { record } = new SmallRecord().mkdir('/state/d').create('/state/d/x');
  const kept = statesBehind(record).states.map(({ image }) =>
    [...image.names.keys()].filter((one) => one.includes('/d')),
  );
  expect(kept).toContainEqual([]);
  expect(kept).toContainEqual(['/state/d']);
  expect(kept.every((names) => !names.includes('/state/d/x') || names.includes('/state/d'))).toBe(true);
});

test('a sync of the folder makes its names durable, and no data', () => {
  const { durability } = statesBehind(new SmallRecord().create('/state/x').write('/state/x', 'abc').sync(ROOT).record);
  expect(durability.pending.names).toEqual([]);
  expect(durability.pending.data).toHaveLength(1);
});

test('every subset of a few names; of many the prefixes, each one lost and each one kept', () => {
  expect(subsets(3)).toHaveLength(8);
  expect(new Set(subsets(3).map(String)).size).toBe(8);
  const many = subsets(10);
  expect(new Set(many.map(String)).size).toBe(many.length);
  expect(many).toHaveLength(11 + 9 + 9);
  expect(many[0]).toEqual(Array(10).fill(true));
  expect(many[10]).toEqual(Array(10).fill(false));
});

test('what is left of data, page by page', () => {
  const durable = Content.of(Buffer.alloc(4096, 'd'));
  const current = durable.write(4096, Buffer.alloc(3 * 4096, 'n'));
  const pending = {
    id: 1,
    step: 0,
    path: STORE,
    durable,
    earlier: [],
    ranges: [{ from: 4096, to: 4 * 4096 }],
  };
  const left = (fate: Parameters<typeof contentAfter>[0]) =>
    contentAfter(fate, pending, current).text().replaceAll('\0', '0');
  const pages = (text: string) =>
    text
      .match(/.{4096}/g)
      ?.map((page) => page[0])
      .join('');
  expect(pages(left('lost'))).toBe('d');
  expect(pages(left('half'))).toBe('dn');
  expect(pages(left('zeros'))).toBe('d000');
  expect(pages(left('last-page-zeros'))).toBe('dnn0');
  expect(pages(left('kept'))).toBe('dnnn');
});

describe('a folder that is renamed takes its entries along, whichever of them are durable', () => {
  const begun = () => new SmallRecord({}).mkdir(`${ROOT}/now`).create(`${ROOT}/now/one`).sync(ROOT, 'syncfs');
  const next = () => begun().mkdir(`${ROOT}/next`).create(`${ROOT}/next/one`).create(`${ROOT}/next/two`);
  const left = (record: WriteRecord) =>
    new Set(
      statesBehind(record).states.map(({ image }) =>
        [...image.names.keys()]
          .map((file) => file.slice(ROOT.length + 1))
          .sort()
          .join(' '),
      ),
    );

  test('its new name is durable, and what was made in it before is there or not', () => {
    const { record } = next().rename(`${ROOT}/now`, `${ROOT}/before`).rename(`${ROOT}/next`, `${ROOT}/now`).sync(ROOT);
    expect(left(record)).toEqual(
      new Set(['', ' now/one', ' now/two', ' now/one now/two'].map((inside) => `before before/one now${inside}`)),
    );
  });

  test('a sync of it under its new name makes what was made under the old one durable', () => {
    const { record } = next().rename(`${ROOT}/next`, `${ROOT}/last`).sync(`${ROOT}/last`);
    expect(left(record)).toEqual(
      new Set(['now now/one', 'next next/one next/two now now/one', 'last last/one last/two now now/one']),
    );
  });

  test('what is made in it after the rename is in it under the old name too', () => {
    const { record } = begun().rename(`${ROOT}/now`, `${ROOT}/later`).create(`${ROOT}/later/three`);
    expect(left(record)).toContain('now now/one now/three');
    expect(left(record)).toContain('later later/one later/three');
  });
});
