import { expect, test } from 'vitest';
import { type Choices, draw } from './draw.ts';

const choices: Choices = {
  faults: [
    { name: 'lethal', lethal: true },
    { name: 'survived', lethal: false },
  ],
  crashPoints: ['full-temp', 'replaced'],
};
const drawn = (seed: number, steps: number) =>
  Array.from({ length: steps }, (_, index) => draw(seed, index + 1, 1, choices));

test('the same seed draws the same, whatever was drawn in between; another one draws something else', () => {
  const forwards = drawn(7, 25);
  const backwards = Array.from({ length: 25 }, (_, index) => draw(7, 25 - index, 1, choices)).reverse();
  expect(backwards).toEqual(forwards);
  expect(drawn(8, 25)).not.toEqual(forwards);
  expect(draw(7, 1, 2, choices)).not.toEqual(draw(7, 1, 1, choices));
});

test('every fault, every kind of moment and every number of clients comes', () => {
  const all = drawn(1, 400);
  const distinct = (of: (one: (typeof all)[number]) => unknown) => [...new Set(all.map(of))].sort();
  expect(distinct((one) => one.fault)).toEqual(['lethal', 'survived']);
  expect(distinct((one) => one.clients)).toEqual([1, 2, 3]);
  expect(
    distinct(({ moment }) => (moment.kind === 'call' ? `${moment.op} ${moment.at} ${moment.during}` : moment.kind)),
  ).toEqual([
    'any before boot',
    'any before turns',
    'crash-point',
    'rename after boot',
    'rename after turns',
    'time',
    'write torn boot',
    'write torn turns',
  ]);
});

test('what a system lives through is let go on: it is at a call, and in no boot', () => {
  for (const { fault, moment } of drawn(2, 400)) {
    if (fault === 'lethal') continue;
    expect(moment.kind).not.toBe('time');
    if (moment.kind === 'call') expect(moment.during).toBe('turns');
  }
});

test('calls are counted from 1', () => {
  const numbers = drawn(3, 400).flatMap(({ moment }) => (moment.kind === 'call' ? [moment.nth] : []));
  expect(Math.min(...numbers)).toBe(1);
  expect(Math.max(...numbers)).toBeLessThanOrEqual(96);
});
