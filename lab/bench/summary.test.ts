import { expect, test } from 'vitest';
import { meanInterval, ratios, summarize } from './summary.ts';

test('the median of an odd count is the middle one, of an even count the mean of the two in the middle', () => {
  expect(summarize([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
  expect(summarize([10, 1, 5, 2])).toEqual({ median: 3.5, min: 1, max: 10 });
  expect(summarize([7])).toEqual({ median: 7, min: 7, max: 7 });
});

test('numbers are not sorted as text', () => {
  expect(summarize([100, 9, 20]).median).toBe(20);
});

test('nothing has no median, and what is not paired has no ratio', () => {
  expect(() => summarize([])).toThrow(RangeError);
  expect(() => ratios([1, 2], [1])).toThrow(RangeError);
  expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
});

test('the interval of a mean, as a textbook has it', () => {
  // Student's own: additional hours of sleep with the second drug (Biometrika 6, 1908): 2.33 ± 1.43 with t(0.975, 9) = 2.262.
  const { mean, halfWidth } = meanInterval([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
  expect(mean).toBeCloseTo(2.33, 9);
  expect(halfWidth).toBeCloseTo(1.432, 3);
  expect(meanInterval([3, 3, 3])).toEqual({ mean: 3, halfWidth: 0 });
  expect(() => meanInterval([1])).toThrow(RangeError);
});
