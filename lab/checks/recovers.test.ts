import { expect, test } from 'vitest';
import { EvidenceBuilder } from '../test/healthy-cell.ts';
import { loopIn } from './recovers.ts';

const tried = (answered: number) =>
  new EvidenceBuilder()
    .at(1_000)
    .gate(1, { ev: 'refusing', id: 'r' })
    .at(3_000)
    .gate(1, { ev: 'allowed', id: 'r', answered })
    .done();

test('a system that tries without a pause is told by its rate of calls', () => {
  expect(loopIn(tried(14_000))).toBe(7_000);
  expect(loopIn(tried(40))).toBeUndefined();
  expect(loopIn(new EvidenceBuilder().done())).toBeUndefined();
});
