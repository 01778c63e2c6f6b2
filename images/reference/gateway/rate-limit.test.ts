import { expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { RateLimit } from './rate-limit.ts';

const MINUTE_MS = 60_000;
const KEEP_MS = 5 * MINUTE_MS;
const rateLimit = (...defects: Defect[]) =>
  new RateLimit({ limit: 2, windowMs: 60_000, keepMs: KEEP_MS, defects: new Set(defects) });

test('a client may ask so often in a minute, and again when it is over', () => {
  const limit = rateLimit();
  expect([0, 10, 20, MINUTE_MS - 1, MINUTE_MS].map((atMs) => limit.take('a', atMs))).toEqual([
    0,
    0,
    MINUTE_MS - 20,
    1,
    0,
  ]);
  expect(limit.take('b', 20)).toBe(0);
});

test('a name of any length makes a bucket that is bounded', () => {
  const limit = rateLimit();
  for (const end of ['1', '2', '3']) limit.take('x'.repeat(10_000) + end, 0);
  expect(limit.buckets).toBe(1);
});

test('buckets whose minute is over for long are pruned, and the others are not', () => {
  const limit = rateLimit();
  limit.take('gone', 0);
  limit.take('lately', 1);
  limit.prune(MINUTE_MS + KEEP_MS);
  expect(limit.buckets).toBe(2);
  limit.prune(MINUTE_MS + KEEP_MS + 1);
  expect(limit.buckets).toBe(1);
  expect(limit.take('lately', 2)).toBe(0);
  expect(limit.take('lately', 3)).toBeGreaterThan(0);
});

test('the defect rate-buckets-leak prunes nothing', () => {
  const limit = rateLimit('rate-buckets-leak');
  for (let client = 0; client < 1000; client += 1) limit.take(`${client}`, 0);
  limit.prune(Number.MAX_SAFE_INTEGER);
  expect(limit.buckets).toBe(1000);
});
