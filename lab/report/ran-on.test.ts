import { describe, expect, test } from 'vitest';
import type { RunFacts } from '../result/matrix.ts';
import { ranOnInWords } from './ran-on.ts';

const frame = { id: 'r', startedAt: '', midwriteVersion: '0' };
const host = { ...frame, engine: 'Docker 20', kernel: '6.18', cgroupVersion: 1 as const };
const machine = { ...frame, engine: 'Docker 26', kernel: '6.12', cgroupVersion: 2 as const };
const merged = (...shards: (typeof host | typeof machine)[]): RunFacts => ({
  ...frame,
  engine: 'all of them',
  kernel: 'all of them',
  shards: shards.map((one, index) => ({ shard: index + 1, ...one })),
});

describe('what a run ran on', () => {
  test('one machine', () => {
    expect(ranOnInWords(host)).toBe('Docker 20 · kernel 6.18 · cgroup v1');
    expect(ranOnInWords(merged(host, host))).toBe('Docker 20 · kernel 6.18 · cgroup v1');
  });

  test('several: what belongs together is together, with its shards', () => {
    expect(ranOnInWords(merged(host, machine, host))).toBe(
      'shards 1, 3: Docker 20 · kernel 6.18 · cgroup v1; shard 2: Docker 26 · kernel 6.12 · cgroup v2',
    );
  });

  test('machines that differ in the version of cgroups alone are two', () => {
    expect(ranOnInWords(merged(host, { ...host, cgroupVersion: 2 }))).toMatch(/^shard 1: .*v1; shard 2: .*v2$/);
  });
});
