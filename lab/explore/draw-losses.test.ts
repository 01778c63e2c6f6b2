import { expect, test } from 'vitest';
import { SmallRecord } from '../test/small-record.ts';
import { reduce } from './crash-state.ts';
import { drawChoices, LossGroups, type Pending } from './draw-losses.ts';

const pending: Pending<string> = {
  names: ['create in /a', 'create in /a', 'create in /a', 'unlink in /b'],
  data: ['/a/*', '/a/*'],
  fates: ['kept', 'lost', 'half'],
};

test('one seed draws the same, another one another', () => {
  const drawn = (seed: number, step: number) => JSON.stringify(drawChoices(pending, seed, step, 20));
  expect(drawn(1, 7)).toBe(drawn(1, 7));
  expect(new Set([drawn(1, 7), drawn(2, 7), drawn(1, 8)]).size).toBe(3);
});

test('groups are counted by what is met in each role, and many draws see them all', () => {
  const groups = new LossGroups();
  const take = groups.at(pending);
  // All, none or some of three; all or none of one; of two files one or two of three fates.
  expect(groups.counts).toEqual({ all: 3n * 2n * 6n, seen: 0 });
  take({ kept: [true, true, true, true], fates: ['kept', 'kept'] });
  take({ kept: [true, true, true, true], fates: ['kept', 'kept'] });
  expect(groups.counts.seen).toBe(1);
  for (const choice of drawChoices(pending, 1, 0, 2_000)) take(choice);
  expect(groups.counts.seen).toBe(36);
  groups.at(pending);
  groups.at({ ...pending, names: [...pending.names, 'create in /a'] });
  expect(groups.counts.all).toBe(36n);
});

/** Seven files that nobody syncs. */
function unsynced() {
  const small = new SmallRecord({});
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) small.create(`/state/${name}`).write(`/state/${name}`, name);
  return small.record;
}

test('what the bound leaves out is drawn, and no more than is asked for', () => {
  const none = reduce(unsynced(), ['power-loss']);
  const some = reduce({ ...unsynced(), draws: { seed: 1, samples: 50 } }, ['power-loss']);
  const others = reduce({ ...unsynced(), draws: { seed: 2, samples: 50 } }, ['power-loss']);
  expect(none.losses).toMatchObject({ drawn: 0 });
  expect(none.leftOutByBound).toBeGreaterThan(0n);
  expect(some.losses.drawn).toBe(50);
  expect(some.crashPoints['power-loss']).toBe(none.crashPoints['power-loss'] + 50);
  expect(some.states.length).toBeGreaterThan(none.states.length);
  expect(some.losses.groups.seen).toBeGreaterThan(none.losses.groups.seen);
  expect(some.losses.groups.all).toBe(none.losses.groups.all);
  const digests = ({ states }: typeof some) => states.map(({ digest }) => digest).join();
  expect(digests(some)).not.toBe(digests(others));
  expect(digests(some)).toBe(digests(reduce({ ...unsynced(), draws: { seed: 1, samples: 50 } }, ['power-loss'])));
});
