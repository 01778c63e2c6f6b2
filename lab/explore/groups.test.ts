import { expect, test } from 'vitest';
import { SmallRecord } from '../test/small-record.ts';
import { reduce } from './crash-state.ts';
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
  const groups = groupsOf(record, states);
  expect(groups.map(({ states: alike }) => alike.length)).toEqual([2, 2, 4, 2, 1]);
  expect(groups.map(({ key }) => key).filter((key) => key.includes('torn'))).toHaveLength(1);
});

test('one of each group comes first, and what lost the least before what lost more', () => {
  const { states } = reduce(record, ['process-crash', 'power-loss']);
  const groups = groupsOf(record, states);
  const losses = groups.map((group) => group.losses);
  expect(losses).toEqual([...losses].sort((a, b) => a - b));
  expect(losses.at(-1)).toBeGreaterThan(0);
  const order = byGroup(groups);
  expect(order).toHaveLength(states.length);
  expect(new Set(order)).toEqual(new Set(states));
  expect(order.slice(0, groups.length)).toEqual(groups.map((group) => group.states[0]));
});
