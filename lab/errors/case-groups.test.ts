import { expect, test } from 'vitest';
import { faultNamed } from '../plan/named.ts';
import { CaseGroups } from './case-groups.ts';
import type { Case } from './cases.ts';
import { type Fate, NOT_RUN } from './fate.ts';

const fault = faultNamed('io-error');
const cases = (count: number, kind = 'io-error'): Case[] =>
  Array.from({ length: count }, (_, index) => ({
    call: { number: index + 1, op: 'write', file: 'db', place: {} as never },
    fault,
    kind,
  }));
const fateAt = (call: number, fate: string): Fate => ({
  call,
  fault: fault.name,
  fate,
  detail: '',
  violated: fate === 'violated' ? ['serves'] : [],
  cell: `cell ${call}`,
});

/** Runs what is wanted until nothing is. */
function sweep(fates: readonly string[]) {
  const groups = new CaseGroups(cases(fates.length));
  const ran: number[] = [];
  for (let next = groups.ends(); next.length > 0; ) {
    ran.push(...next.map(({ call }) => call.number));
    next = groups.learn(ran.map((call) => fateAt(call, fates[call - 1] ?? '')));
  }
  const said = Object.fromEntries(groups.represented().map((one) => [one.call, `${one.fate} as ${one.sameAs}`]));
  return { ran: ran.toSorted((a, b) => a - b), said };
}

test('of calls that are alike the first and the last run, and stand for those between', () => {
  expect(sweep(['refused', 'refused', 'refused', 'refused'])).toEqual({
    ran: [1, 4],
    said: { 2: 'refused as 1', 3: 'refused as 1' },
  });
});

test('where they come to different ends, the call is found from which on it is so, and none stands for what differs', () => {
  for (const from of [2, 40, 99, 300]) {
    const fates = Array.from({ length: 300 }, (_, index) => (index + 1 < from ? 'violated' : 'succeeded'));
    const { ran, said } = sweep(fates);
    expect(ran.length).toBeLessThan(24);
    expect(ran).toEqual(expect.arrayContaining([from - 1, from]));
    for (const [call, fate] of Object.entries(said)) expect(fate).toContain(fates[Number(call) - 1]);
    expect(Object.keys(said).length + ran.length).toBe(300);
  }
});

test('of many the middle runs too: what only that shows is seen', () => {
  const fates = Array.from({ length: 17 }, (_, index) => (index === 8 ? 'succeeded' : 'refused'));
  expect(sweep(fates).ran).toEqual(expect.arrayContaining([1, 8, 9, 10, 17]));
});

test('where there was no time, nothing is said to be known', () => {
  const groups = new CaseGroups(cases(5));
  groups.learn([fateAt(1, 'refused'), fateAt(5, 'succeeded')]);
  expect(groups.represented().map(({ call, fate, detail }) => [call, fate, detail])).toEqual([
    [2, 'not known', 'call 1: refused; call 5: succeeded'],
    [3, 'not known', 'call 1: refused; call 5: succeeded'],
    [4, 'not known', 'call 1: refused; call 5: succeeded'],
  ]);
  const left = new CaseGroups(cases(3));
  left.learn([fateAt(1, 'refused'), fateAt(3, NOT_RUN)]);
  expect(left.represented()).toMatchObject([{ call: 2, fate: NOT_RUN, violated: [] }]);
});
