import { expect, test } from 'vitest';
import { fitLine } from './fit.ts';

test('points on a line have no doubt', () => {
  const line = fitLine([0, 1, 2, 3].map((x) => ({ x, y: 5 + 2 * x })));
  expect(line).toMatchObject({ slope: 2, intercept: 5, points: 4 });
  expect(line?.halfWidth).toBeCloseTo(0, 9);
});

test('the interval of a slope, as a textbook has it', () => {
  // Anscombe's first set: slope 0.5001, standard error 0.1179, 9 degrees of freedom, t = 2.262 (The American Statistician 27, 1973).
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  const line = fitLine(x.map((one, index) => ({ x: one, y: y[index] ?? 0 })));
  expect(line?.slope).toBeCloseTo(0.5001, 4);
  expect(line?.intercept).toBeCloseTo(3.0001, 4);
  expect(line?.halfWidth).toBeCloseTo(2.262 * 0.1179, 3);
});

test('too little for a line', () => {
  expect(
    fitLine([
      { x: 0, y: 1 },
      { x: 1, y: 2 },
    ]),
  ).toBeUndefined();
  expect(fitLine([1, 1, 1].map((x) => ({ x, y: 2 })))).toBeUndefined();
});
