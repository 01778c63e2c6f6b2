import { expect, test } from 'vitest';
import type { Boots } from './boots.ts';
import type { Ground } from './ground.ts';
import { Waits } from './waits.ts';

const WITHIN_MS = 60_000;
const TEMP = '/state/copy-1';
const unlink = (path: string) => ({ ev: 'op', op: 'unlink', path });

/**
 * A system that has been ready for a while.
 * @param removed what it has asked the kernel to remove
 * @param listings what is in its folder at one look after the other; the last one stays
 */
function ready(sinceMs: number, removed: readonly string[], listings: readonly (readonly string[])[] = [[]]) {
  let looks = 0;
  const snapshot = async () => {
    const names = listings[Math.min(looks, listings.length - 1)] ?? [];
    looks += 1;
    return names.map((path) => ({ path }));
  };
  const readyAt = Date.now() - sinceMs;
  const pod = { gate: { events: removed.map(unlink) }, sidecar: { snapshot } };
  const release = { promises: { root: '/state', sweepWithinMs: WITHIN_MS } };
  const ground = { pod, release, signal: new AbortController().signal } as unknown as Ground;
  return { waits: new Waits(ground, { readyAt } as Boots), looks: () => looks, readyAt };
}

/** How far the time of the sweep was when the wait for it was over, in ms. */
async function waited({ waits, readyAt }: ReturnType<typeof ready>, temps?: readonly string[]): Promise<number> {
  await waits.sweepTime(temps);
  return Date.now() - readyAt;
}

test('a sweep is waited for until it has taken what there was to take', async () => {
  const soon = WITHIN_MS / 2;
  expect(await waited(ready(soon, []), [])).toBeLessThan(WITHIN_MS);
  const swept = ready(soon, [TEMP]);
  expect(await waited(swept, [TEMP])).toBeLessThan(WITHIN_MS);
  expect(swept.looks()).toBe(1);
});

test('what could not be removed at once is waited for', async () => {
  const later = ready(WITHIN_MS / 2, [TEMP], [[TEMP], [TEMP], []]);
  expect(await waited(later, [TEMP])).toBeLessThan(WITHIN_MS);
  expect(later.looks()).toBe(3);
});

test.each<[string, readonly string[], readonly string[] | undefined]>([
  ['nobody says what a sweep would take', [TEMP], undefined],
  ['something is left', ['/state/copy-2'], [TEMP, '/state/copy-2']],
])('all of its time passes where %s', async (_, removed, temps) => {
  expect(await waited(ready(WITHIN_MS - 60, removed), temps)).toBeGreaterThanOrEqual(WITHIN_MS);
});

test('a sweep that has nothing to take is watched for a while', async () => {
  expect(await waited(ready(1_950, []), [])).toBeGreaterThanOrEqual(2_000);
});
