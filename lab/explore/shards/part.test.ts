import { describe, expect, test } from 'vitest';
import { rightTurn, SmallRecord } from '../../test/small-record.ts';
import type { DistinctState } from '../crash-state.ts';
import type { Group } from '../groups.ts';
import { groupsOfShard, planHashOf } from './part.ts';

/** So many states are in each group. */
const groups = (...sizes: readonly number[]): Group[] =>
  sizes.map((size, index) => ({
    key: `group ${index}`,
    losses: 0,
    states: Array.from({ length: size }, () => ({}) as DistinctState),
  }));

const cut = (all: readonly Group[], count: number, everyState = false) =>
  Array.from({ length: count }, (_, index) => groupsOfShard(all, { index: index + 1, count }, everyState));
const keys = (some: readonly Group[]) => some.map(({ key }) => key);
const boots = (some: readonly Group[]) => some.reduce((sum, { states }) => sum + states.length, 0);

describe('the groups of a shard', () => {
  const all = groups(40, 1, 7, 3, 3, 12, 1, 1, 90, 2);

  test('are in one shard each, all of them, whatever their order is', () => {
    for (const count of [1, 2, 3, 7, 20]) {
      const parts = cut(all, count);
      expect(parts.flatMap(keys).sort()).toEqual(keys(all).sort());
      expect(cut(all.toReversed(), count).map((one) => keys(one).sort())).toEqual(parts.map((one) => keys(one).sort()));
    }
  });

  test('take about as many boots: of a group a few, with every state as many as it has', () => {
    const counts = cut(all, 3).map((part) => part.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    const [largest, ...others] = cut(all, 3, true)
      .map(boots)
      .sort((a, b) => b - a);
    expect(largest).toBe(90);
    expect(others).toEqual([40, 30]);
  });
});

describe('what shards must have in common', () => {
  const asked = { seed: 1, system: 'one' };
  const all = groups(2, 3);
  const hash = planHashOf(asked, rightTurn().record, all);

  test('is the same for two records that make the same calls, whatever is in their names', () => {
    const temp = (id: string) => new SmallRecord().create(`/state/store.json.${id}.tmp`).record;
    expect(planHashOf(asked, temp('1234'), all)).toBe(planHashOf(asked, temp('987654'), all));
    expect(planHashOf(asked, rightTurn().record, all.toReversed())).toBe(hash);
  });

  test('differs with the seed, with the calls and with the groups', () => {
    expect(planHashOf({ ...asked, seed: 2 }, rightTurn().record, all)).not.toBe(hash);
    expect(planHashOf(asked, rightTurn('file-sync').record, all)).not.toBe(hash);
    expect(planHashOf(asked, rightTurn().record, groups(2, 4))).not.toBe(hash);
    expect(planHashOf(asked, rightTurn().record, groups(2, 3, 1))).not.toBe(hash);
  });
});
