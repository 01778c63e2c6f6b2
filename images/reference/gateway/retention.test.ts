import { describe, expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { excessOver, type Prune, type Retention, retire } from './retention.ts';
import { kindOf } from './rows.ts';
import type { Summary } from './sessions.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 1_000 * DAY_MS;
const NEVER = { maxAgeMs: null, protectNewest: 0 };
const RETENTION: Retention = {
  maxEntries: 100,
  kinds: {
    'model-run': { maxAgeMs: DAY_MS, protectNewest: 0 },
    cron: NEVER,
    group: NEVER,
    direct: NEVER,
    other: NEVER,
  },
};

const session = (key: string, ageMs: number): Summary => {
  const at = NOW_MS - ageMs;
  return { key, sessionId: `id-${key}`, kind: kindOf(key), createdAt: at, updatedAt: at, turns: 1 };
};
const probe = (n: number, ageMs: number) => session(`agent:main:explicit:model-run-${n}`, ageMs);

/** `key: reason, fate` of each that goes. */
function gone(sessions: Summary[], retention = RETENTION, prune?: Prune, ...defects: Defect[]): string[] {
  const retired = retire(sessions, { retention, defects: new Set(defects) }, NOW_MS, prune);
  return retired.map(({ key, reason, fate }) => `${key.slice(key.lastIndexOf(':') + 1)}: ${reason}, ${fate}`);
}

const kinds = (more: Partial<Retention['kinds']>): Retention => ({
  ...RETENTION,
  kinds: { ...RETENTION.kinds, ...more },
});

describe('by age', () => {
  test('a model run past its time is deleted, one at its time stays', () => {
    expect(gone([probe(1, DAY_MS + 1), probe(2, DAY_MS)])).toEqual(['model-run-1: expired, deleted']);
  });

  test('each kind has its own time, and its newest are protected', () => {
    const retention = kinds({ cron: { maxAgeMs: DAY_MS, protectNewest: 2 } });
    const sessions = [1, 3, 2, 4].map((days) => session(`agent:main:cron:${days}`, (days + 1) * DAY_MS));
    expect(gone([...sessions, session('agent:main:direct:old', 900 * DAY_MS)], retention)).toEqual([
      '3: expired, archived',
      '4: expired, archived',
    ]);
  });
});

describe('by the cap', () => {
  const direct = [5, 1, 4, 2, 3].map((hours) => session(`agent:main:direct:${hours}`, hours * HOUR_MS));

  test('the least recently updated go first', () => {
    expect(gone(direct, { ...RETENTION, maxEntries: 3 })).toEqual(['5: over-cap, archived', '4: over-cap, archived']);
  });

  test('model runs neither count nor go', () => {
    const probes = Array.from({ length: 500 }, (_, n) => probe(n, HOUR_MS));
    expect(gone([...probes, ...direct], { ...RETENTION, maxEntries: 5 })).toEqual([]);
  });

  test('what has expired makes room first', () => {
    const retention = { ...kinds({ cron: { maxAgeMs: DAY_MS, protectNewest: 0 } }), maxEntries: 5 };
    const old = session('agent:main:cron:old', 2 * DAY_MS);
    expect(gone([old, ...direct], retention)).toEqual(['old: expired, archived']);
  });

  test('if only protected ones are left, the cap is exceeded, and that can be told', () => {
    const retention = { ...kinds({ direct: { maxAgeMs: null, protectNewest: 4 } }), maxEntries: 2 };
    expect(gone(direct, retention)).toEqual(['5: over-cap, archived']);
    expect(excessOver(direct, retention)).toBe(3);
  });
});

describe('by order', () => {
  const sessions = [
    probe(1, HOUR_MS),
    session('agent:main:cron:c', 8 * DAY_MS),
    session('agent:main:dm:d', 8 * DAY_MS),
  ];
  const protects = kinds({ direct: { maxAgeMs: null, protectNewest: 9 } });

  test('what is as old goes, protected or not; what is younger stays', () => {
    const retired = gone(sessions, protects, { olderThanMs: 8 * DAY_MS });
    expect(retired).toEqual(['c: pruned, archived', 'd: pruned, archived']);
    expect(gone(sessions, protects, { olderThanMs: 8 * DAY_MS + 1 })).toEqual([]);
  });

  test('of these kinds only', () => {
    const order = { olderThanMs: 0, kinds: ['cron', 'model-run'] as const };
    expect(gone(sessions, protects, order)).toEqual(['model-run-1: pruned, deleted', 'c: pruned, archived']);
  });
});

describe('what a defect does wrong', () => {
  const sessions = [probe(1, 2 * DAY_MS), session('agent:main:direct:a', 3 * DAY_MS), session('agent:main:dm:b', 0)];
  const retention = { ...kinds({ direct: { maxAgeMs: null, protectNewest: 1 } }), maxEntries: 1 };

  test.each<[Defect, string[]]>([
    ['unbounded-store', ['model-run-1: expired, deleted']],
    ['model-run-never-expires', ['a: over-cap, archived']],
    ['model-run-expiry-takes-durable-rows', ['model-run-1: expired, deleted', 'a: expired, archived']],
  ])('%s', (defect, expected) => {
    expect(gone(sessions, retention)).toEqual(['model-run-1: expired, deleted', 'a: over-cap, archived']);
    expect(gone(sessions, retention, undefined, defect)).toEqual(expected);
  });
});
