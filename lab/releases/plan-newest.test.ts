import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemNamed } from '../plan/named.ts';
import { Problem } from '../problem.ts';
import { isDefault, planNewest } from './plan-newest.ts';

const published = systemNamed('openclaw');
const found = (answer: () => Promise<string | undefined>) => {
  if (published.newest === undefined) throw new Error('it asks for its newest release');
  vi.spyOn(published.newest, 'find').mockImplementation(answer);
};

describe('the newest release in a default plan', () => {
  afterEach(() => vi.restoreAllMocks());

  test('a registry that does not answer leaves it out, and says so', async () => {
    found(async () => Promise.reject(new Problem('process-failed', 'asking npm: no answer.\n  more')));
    expect(await planNewest()).toEqual({
      cells: [],
      during: [],
      told: ['nobody says which release of openclaw is the newest (asking npm: no answer.): the plan is without it'],
    });
  });

  test('what is in the plan anyway is there once', async () => {
    found(async () => published.defaultVersion);
    expect(await planNewest()).toEqual({ cells: [], during: [], told: [] });
  });

  test('belongs to a plan in which nothing was asked for', () => {
    const nothing = { systems: [], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };
    expect(isDefault(nothing)).toBe(true);
    expect(isDefault({ ...nothing, faults: ['oom'] })).toBe(false);
  });
});
