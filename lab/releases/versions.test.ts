import { describe, expect, test } from 'vitest';
import type { System } from '../system.ts';
import { compareReleases, releaseBefore, releasesOf } from './versions.ts';

const system = (versions: string[], gone: string[] = []): System => ({
  name: 'x',
  summary: '',
  defaultVersion: '1.0.0',
  inDefaultPlan: false,
  published: async () => ({ versions, gone }),
  release: async () => Promise.reject(new Error('not asked for')),
});

const ALL = [
  '2026.3.13',
  '2026.4.1',
  '2026.4.29-beta.1',
  '2026.4.29',
  '2026.7.1-1',
  '2026.7.1-2',
  '2026.7.1',
  '2026.9.6',
];
const inRange = async (range: Parameters<typeof releasesOf>[1], gone: string[] = []) =>
  (await releasesOf(system(ALL, gone), range)).map(({ version, isGone }) => `${version}${isGone ? ' gone' : ''}`);

describe('the releases of a range', () => {
  test('from a month on, corrections after what they correct, no tests', async () => {
    expect(await inRange({ since: '2026.4' })).toEqual([
      '2026.4.1',
      '2026.4.29',
      '2026.7.1',
      '2026.7.1-1',
      '2026.7.1-2',
      '2026.9.6',
    ]);
  });
  test('a short end takes in all that begin with it', async () => {
    expect(await inRange({ until: '2026.4' })).toEqual(['2026.3.13', '2026.4.1', '2026.4.29']);
    expect(await inRange({ since: '2026.4.2', until: '2026.7.1', tests: true })).toEqual([
      '2026.4.29-beta.1',
      '2026.4.29',
      '2026.7.1',
      '2026.7.1-1',
      '2026.7.1-2',
    ]);
  });
  test('what is gone from the registry has its place', async () => {
    expect(await inRange({ since: '2026.8' }, ['2026.9.1'])).toEqual(['2026.9.1 gone', '2026.9.6']);
  });
  test('nothing in it', async () => {
    await expect(inRange({ since: '2027' })).rejects.toThrow(
      /no release of x is in that range; the newest is 2026\.9\.6/,
    );
    await expect(inRange({ since: 'spring' })).rejects.toThrow(/"spring" is not a version/);
  });
  test('the release before one: what is gone is none, and a correction has its release before it', async () => {
    const one = system(ALL, ['2026.5.28']);
    expect(await releaseBefore(one, '2026.7.1')).toBe('2026.4.29');
    expect(await releaseBefore(one, '2026.7.1-2')).toBe('2026.7.1-1');
    expect(await releaseBefore(one, ALL.toSorted(compareReleases)[0] ?? '')).toBeUndefined();
  });
  test('the order is one', () => {
    expect(ALL.toSorted(compareReleases).slice(-4)).toEqual(['2026.7.1', '2026.7.1-1', '2026.7.1-2', '2026.9.6']);
  });
});
