import { expect, test } from 'vitest';
import { SmallRecord } from '../test/small-record.ts';
import { reduce } from './crash-state.ts';
import type { Violation } from './finding.ts';
import { byGroup, groupsOf } from './groups.ts';

const TEMP = (id: string) => `/state/notes.${id}.tmp`;

/** The same update twice, of a file whose temp has another name each time. */
const { record } = new SmallRecord({ '/state/notes': 'old' })
  .create(TEMP('11'))
  .write(TEMP('11'), 'first')
  .rename(TEMP('11'), '/state/notes')
  .create(TEMP('22'))
  .write(TEMP('22'), 'second')
  .rename(TEMP('22'), '/state/notes');

test('an update that is made twice is one behaviour', () => {
  const { states } = reduce(record, ['process-crash']);
  const { groups } = groupsOf(record, states, ['process-crash'], []);
  expect(groups.map(({ key, states: alike }) => `${alike.length} ${key}`)).toEqual([
    '1 ',
    '2 /state/notes.*.tmp left, empty',
    '4 /state/notes.*.tmp left, in part',
    '2 /state/notes.*.tmp left, whole',
    '1 /state/notes whole',
    '1 /state/notes is the new one',
  ]);
});

test('what is wrong without a boot, and what was acknowledged, tell states apart', () => {
  const { states } = reduce(record, ['process-crash']);
  const [, , second] = states;
  const violation = { check: 'store-valid', digest: second?.digest ?? '' } as Violation;
  const plain = groupsOf(record, states, ['process-crash'], []);
  const { groups, keys } = groupsOf(record, states, ['process-crash'], [violation]);
  expect(groups).toHaveLength(plain.groups.length + 1);
  expect(keys.get(violation.digest)?.fresh).toContain('violating store-valid');
  const acked = new SmallRecord({ '/state/notes': 'old' })
    .write('/state/notes', 'a')
    .acknowledge('first')
    .write('/state/notes', 'b')
    .write('/state/notes', 'c').record;
  const ofAcked = groupsOf(acked, reduce(acked, ['process-crash']).states, ['process-crash'], []);
  expect(ofAcked.groups.map(({ key }) => key)).toContain('/state/notes whole with first');
});

test('of the young ones only what an update has left tells them apart', () => {
  const { states } = reduce(record, ['process-crash']);
  const { keys } = groupsOf(record, states, ['process-crash'], []);
  expect([...new Set([...keys.values()].map(({ fresh }) => fresh))]).toEqual(['', '/state/notes.*.tmp']);
});

test('one of each group comes first, and what lost the least before what lost more', () => {
  const models = ['process-crash', 'power-loss'] as const;
  const { states } = reduce(record, models);
  const { groups } = groupsOf(record, states, models, []);
  const losses = groups.map((group) => group.losses);
  expect(losses).toEqual([...losses].sort((a, b) => a - b));
  expect(losses.at(-1)).toBeGreaterThan(0);
  const order = byGroup(groups);
  expect(order).toHaveLength(states.length);
  expect(new Set(order)).toEqual(new Set(states));
  expect(order.slice(0, groups.length)).toEqual(groups.map((group) => group.states[0]));
});
