import { expect, test } from 'vitest';
import { releaseNamed } from '../plan/named.ts';
import { slowed } from './slowed.ts';

test('on a machine that is as fast as any, a release is what it was', async () => {
  const release = await releaseNamed('reference');
  expect(slowed(release, 1)).toBe(release);
});

test('on a slow one every time is longer, what is no time stays, and it is said', async () => {
  const release = await releaseNamed('reference');
  const slow = slowed(release, 4);
  expect(slow.promises.readyWithinMs).toBe(release.promises.readyWithinMs * 12);
  expect(slow.promises.sweepWithinMs).toBe(release.promises.sweepWithinMs * 4);
  expect(slow.quietMs).toBe(1000);
  expect(slow.promises.turnWritesAtMostBytes).toBe(release.promises.turnWritesAtMostBytes);
  expect(slow.promises.sweepGraceMs).toBe(release.promises.sweepGraceMs);
  expect(slow.notes?.at(-1)).toContain('4 times as long');
});

test('how slow it is is said as it was measured, and no digit more', async () => {
  expect(slowed(await releaseNamed('reference'), 21.4).notes?.at(-1)).toContain('limits are 64.2 times as long');
});
