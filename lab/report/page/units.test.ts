import { expect, test } from 'vitest';
import { duration } from './units.ts';

test.each([
  [9.94, '9.9 ms'],
  [412, '412 ms'],
  [2_310, '2.31 s'],
  [112_000, '1 min 52 s'],
  [479_900, '8 min 0 s'],
  [3_599_700, '1 h 0 min'],
  [7_500_000, '2 h 5 min'],
  [7_199_000, '2 h 0 min'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
