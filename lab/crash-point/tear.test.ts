import { expect, test } from 'vitest';
import { canTear, tearOf } from './tear.ts';

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

test('what is overwritten within a page is whole or not there; what makes the file longer is torn at another length of it', () => {
  expect(canTear(4096, 4096, 8192), 'a page of a database').toBe(false);
  expect(canTear(5000, 104, 64_000_000), 'a log in preallocated space').toBe(false);
  expect(canTear(4000, 104, 64_000_000), 'one that crosses a page').toBe(true);
  expect(canTear(100, 16, 100), 'an append').toBe(true);
  expect(canTear(90, 16, 100), 'more than was there').toBe(true);
  expect(canTear(undefined, 16, 100)).toBe(true);
  expect(canTear(0, 1, 0)).toBe(false);
});
