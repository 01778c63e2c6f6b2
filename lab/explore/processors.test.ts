import { expect, test } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { Processors } from './processors.ts';

const GiB = 1024 ** 3;
const engineWith = (cpus: number, memoryBytes: number): Pick<Engine, 'facts'> => ({
  facts: {
    product: 'Docker Engine',
    version: '26.1.5',
    operatingSystem: 'Debian',
    kernel: '6.12',
    cgroupVersion: 2,
    storageDriver: 'overlay2',
    cpu: 'x64',
    cpus,
    memoryBytes,
    rootless: false,
    userns: false,
    seccomp: true,
  },
});

test.each([
  ['four for each processor', 2, 24 * GiB, 1 * GiB, undefined, 8],
  ['at most eight', 16, 64 * GiB, 1 * GiB, undefined, 8],
  ['as many as have room', 2, 6 * GiB, 1 * GiB, undefined, 6],
  ['one for each processor at least, as a run has cells', 4, 2 * GiB, 1 * GiB, undefined, 4],
  ['as many as were asked for', 2, 24 * GiB, 1 * GiB, 3, 3],
])('lives at a time: %s', (_, cpus, memory, ofOne, asked, lives) => {
  expect(new Processors(engineWith(cpus, memory), ofOne, asked).lives).toBe(lives);
});

/** How many of `count` begin while none of them ends. */
async function atOnce(processors: Processors, count: number): Promise<number> {
  let running = 0;
  const end = Promise.withResolvers<void>();
  const all = Array.from({ length: count }, () =>
    processors.compute(() => {
      running += 1;
      return end.promise;
    }),
  );
  // What can begin has begun when all promises that were pending have been looked at.
  await new Promise((resolve) => setImmediate(resolve));
  const seen = running;
  end.resolve();
  await Promise.all(all);
  return seen;
}

test('as many compute as there are processors, until boots are known to be fast', async () => {
  const processors = new Processors(engineWith(2, 24 * GiB), GiB);
  expect(await atOnce(processors, 6)).toBe(2);
  expect(processors.isScarce).toBe(true);
  processors.areFast();
  expect(processors.isScarce).toBe(false);
  expect(await atOnce(processors, 6)).toBe(4);
});

test('whoever asks for three lives gets three that compute', async () => {
  expect(await atOnce(new Processors(engineWith(2, 24 * GiB), GiB, 3), 6)).toBe(3);
});

test('one that fails gives its processor back', async () => {
  const processors = new Processors(engineWith(1, GiB), GiB);
  await expect(processors.compute(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect(await processors.compute(async () => 'next')).toBe('next');
});
