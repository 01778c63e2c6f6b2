import os, { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pace, setSlowness } from './pace.ts';
import { until, within } from './wait.ts';

/** Of this machine, as the tests have it. */
let loads: number[];

beforeEach(() => {
  loads = [0, 0, 0];
  vi.spyOn(os, 'loadavg').mockImplementation(() => loads);
});

afterEach(() => {
  setSlowness(1);
});

describe('the pace', () => {
  test('is 1 on a machine that has a processor for each process', () => {
    expect(pace(0)).toBe(1);
    expect(pace(0.9)).toBe(1);
  });

  test('is as slow as the machine of the engine, times as crowded as this one', () => {
    setSlowness(4);
    expect(pace(0)).toBe(4);
    expect(pace(2)).toBe(8);
  });

  test('has an end, and a machine that is faster is not hurried', () => {
    setSlowness(0.2);
    expect(pace(0)).toBe(1);
    expect(pace(500)).toBe(20);
  });
});

const never = new Promise<never>(() => undefined);

/** What a wait fails with, and after how many ms. */
async function failsAfter(wait: Promise<unknown>): Promise<{ message: string; ms: number }> {
  const began = performance.now();
  const message = await wait.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
  return { message, ms: performance.now() - began };
}

describe.each([
  ['within', () => within({ name: 'an answer', limitMs: 60 }, never)],
  ['until', () => until({ name: 'an answer', limitMs: 60, everyMs: 5 }, async () => undefined)],
])('%s', (_, wait) => {
  test('fails with the name of what was waited for', async () => {
    const { message, ms } = await failsAfter(wait());
    expect(message).toMatch(/^waited \d+\.\d s for an answer$/);
    expect(ms).toBeGreaterThanOrEqual(55);
  });

  test('has a longer limit on a slow machine and on a crowded one, and says how long it waited', async () => {
    setSlowness(2);
    loads = [availableParallelism() * 2.5, 0, 0];
    const { message, ms } = await failsAfter(wait());
    expect(ms).toBeGreaterThanOrEqual(290);
    expect(Number(/waited (\S+) s/.exec(message)?.[1])).toBeGreaterThanOrEqual(0.3);
  });
});

test('a limit that was made for the machine already is not made longer for it once more', async () => {
  setSlowness(1_000);
  const { message } = await failsAfter(within({ name: 'an answer', limitMs: 60, isSlowed: true }, never));
  expect(message).toBe('waited 0.1 s for an answer');
});

test('the time of something else is not made longer', async () => {
  setSlowness(1_000);
  loads = [1_000, 0, 0];
  const { message } = await failsAfter(
    until({ name: 'an end', limitMs: 60, isExact: true, everyMs: 5 }, async () => undefined),
  );
  expect(message).toBe('waited 0.1 s for an end');
});

test('what comes after the limit as it is written, on a crowded machine, is no failure', async () => {
  loads = [1_000, 0, 0];
  const late = Promise.withResolvers<string>();
  const wait = within({ name: 'an answer', limitMs: 1 }, late.promise);
  // Longer than the limit: a timer of as many ms was set before.
  await new Promise((resolve) => setTimeout(resolve, 5));
  late.resolve('here');
  expect(await wait).toBe('here');
});
