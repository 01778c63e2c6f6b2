import { expect, test } from 'vitest';
import { tearOf } from './tear.ts';

test('a write that crosses the end of a page is torn there, at the one nearest to its middle', () => {
  expect(tearOf(0, 10_000)).toBe(4096);
  expect(tearOf(0, 14_000)).toBe(8192);
  expect(tearOf(4000, 200)).toBe(96);
  expect(tearOf(8192, 4097)).toBe(4096);
});

test('one within a page, or at a place that is not known, is torn in its middle', () => {
  expect(tearOf(0, 4096)).toBeUndefined();
  expect(tearOf(100, 16)).toBeUndefined();
  expect(tearOf(undefined, 10_000)).toBeUndefined();
});
