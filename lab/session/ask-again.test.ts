import { expect, test } from 'vitest';
import type { DriveResult } from '../drive.ts';
import type { Moment } from '../evidence/event.ts';
import { askAgain } from './ask-again.ts';
import type { Ground } from './ground.ts';

const TIMES = { everyMs: 1, idleMs: 20 };
const refusal: DriveResult = {
  tSent: 1,
  tEnded: 2,
  acknowledged: false,
  text: '',
  error: 'not yet accepting connections',
};
const said: DriveResult = { tSent: 3, tEnded: 4, acknowledged: true, text: 'all' };

/**
 * A system that refuses so many times.
 * @param isBusy it changes something in its folder each time
 */
function system(refusals: number, { isBusy = false, lifecycle = 'server', moment = 'booted' as Moment } = {}) {
  const events: { ev: string }[] = [];
  const gate: { events: typeof events; howEnded?: string } = { events };
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (isBusy) events.push({ ev: 'op' });
    return asked <= refusals ? refusal : said;
  };
  const release = { lifecycle, promises: { readyWithinMs: 2_000 } };
  const at = { pod: { gate }, release, signal: new AbortController().signal } as unknown as Ground;
  return { answer: () => askAgain(at, moment, ask, TIMES), at, gate, asked: () => asked };
}

test('one that answers is asked once', async () => {
  const { answer, asked } = system(0);
  expect(await answer()).toEqual({ answer: said });
  expect(asked()).toBe(1);
});

test('one that is still at its recovery is asked until it answers, and it is told that it refused', async () => {
  const { answer } = system(100, { isBusy: true });
  expect(await answer()).toEqual({ answer: said, refused: { times: 100, error: 'not yet accepting connections' } });
});

test('one that refuses and does nothing is taken at its word', async () => {
  const { answer, asked } = system(Number.POSITIVE_INFINITY);
  expect(await answer()).toEqual({ answer: refusal });
  expect(asked()).toBeGreaterThan(1);
});

test('one that is busy for ever has the time in which it must be ready, and no more', async () => {
  const { answer } = system(Number.POSITIVE_INFINITY, { isBusy: true });
  expect(await answer()).toEqual({ answer: refusal });
});

test('one that says that there is no such thing has answered', async () => {
  const none: DriveResult = { ...refusal, status: 404 };
  const { at } = system(0);
  expect(await askAgain(at, 'booted', async () => none, TIMES)).toEqual({ answer: none });
});

test('one that ends is not asked any more', async () => {
  const { answer, gate, asked } = system(Number.POSITIVE_INFINITY, { isBusy: true });
  gate.howEnded = 'it ended with code 1';
  expect(await answer()).toEqual({ answer: refusal });
  expect(asked()).toBe(1);
});

test.each([
  ['a command is run to its end: its answer is its answer', { lifecycle: 'command' }],
  ['later than after a boot there is nothing that it could still be at', { moment: 'served' as const }],
])('%s', async (_, how) => {
  const { answer, asked } = system(3, { isBusy: true, ...how });
  expect(await answer()).toEqual({ answer: refusal });
  expect(asked()).toBe(1);
});
