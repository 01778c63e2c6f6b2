import { describe, expect, test } from 'vitest';
import { plan, planRun } from '../plan/plan.ts';
import type { Planned, Selection } from '../plan/planned.ts';
import { plannedRow } from '../run/begin-run.ts';
import { cut, parseShard, shardOf } from './cut.ts';

const all: Selection = { systems: ['reference'], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };
const isControl = ({ role }: Planned) => role === 'control' || role === 'canary';
const idsOf = (cells: readonly Planned[]) => cells.map(({ id }) => id);

describe('every cell is in one shard', () => {
  test.each([1, 2, 3, 4, 7, 20])('of %i', async (count) => {
    const planned = await plan({ ...all });
    const parts = cut(planned, count, new Map());
    const cells = idsOf(planned.filter((one) => !isControl(one)));
    expect(
      parts
        .flat()
        .filter((id) => cells.includes(id))
        .sort(),
    ).toEqual(cells.sort());
    expect(parts).toHaveLength(count);
  });

  test('and every shard has a control and the canary, in the order of the plan', async () => {
    const planned = await plan({ ...all, memory: ['128m', '256m'] });
    for (const part of cut(planned, 4, new Map())) {
      const cells = planned.filter(({ id }) => part.includes(id));
      expect(part).toEqual(idsOf(cells));
      expect(cells.filter(({ role }) => role === 'canary')).toHaveLength(1);
      const sizes = (role: string) =>
        new Set(cells.filter((cell) => cell.role === role).map(({ spec }) => spec.memoryBytes));
      expect(sizes('control')).toEqual(sizes('cell'));
    }
  });

  test('a shard of scenarios has a control of another system: it vouches for the machine', async () => {
    const planned = await planRun({ ...all, crashPoints: ['replaced'] }, ['openclaw-89520'], true);
    const [long = []] = cut(planned, 4, new Map());
    expect(long.filter((id) => id.startsWith('openclaw-89520'))).toHaveLength(1);
    expect(long).toHaveLength(3);
  });

  test('more shards than cells', async () => {
    const planned = await plan({ ...all, crashPoints: ['replaced'], faults: ['oom'] });
    expect(() => cut(planned, 2, new Map())).toThrow(/The plan has 1 cells, too few for 2 shards/);
  });
});

describe('the balance', () => {
  const load = (parts: readonly string[][], durations: ReadonlyMap<string, number>) =>
    parts.map((part) => part.reduce((sum, id) => sum + (durations.get(id) ?? 0), 0));

  test('goes by earlier durations', async () => {
    const planned = await plan({ ...all });
    const durations = new Map(planned.map((cell, index) => [cell.id, isControl(cell) ? 1 : (index % 5) * 1_000 + 1]));
    const loads = load(cut(planned, 4, durations), durations);
    // LPT is at most 4/3 − 1/(3 × shards) of the best, which is at least the mean.
    const mean = loads.reduce((sum, one) => sum + one, 0) / 4;
    expect(Math.max(...loads)).toBeLessThanOrEqual(mean * (4 / 3 - 1 / 12));
  });

  test('one long cell stands alone', async () => {
    const planned = await plan({ ...all });
    const long = planned.find((one) => !isControl(one))?.id ?? '';
    const durations = new Map(planned.map((cell) => [cell.id, cell.id === long ? 60_000 : 1_000]));
    const part = cut(planned, 3, durations).find((ids) => ids.includes(long)) ?? [];
    expect(planned.filter((cell) => part.includes(cell.id) && !isControl(cell)).map(({ id }) => id)).toEqual([long]);
  });
});

describe('the hash of a plan', () => {
  const hash = async (more: Partial<Selection>, durations = new Map<string, number>(), version = '1', shard = '1/2') =>
    shardOf(await plan({ ...all, ...more }), plannedRow, parseShard(shard), durations, version).shard.planHash;

  test('is the same for all shards, and another one for all that is different', async () => {
    const same = await hash({});
    expect(await hash({}, new Map(), '1', '2/2')).toBe(same);
    const longest = new Map([
      ['reference@1.0.0_replaced_oom_192m', 60_000],
      ['reference@1.0.0_replaced_sleep_192m', 1_000],
    ]);
    const others = [
      await hash({ faults: ['oom'] }),
      await hash({ memory: ['256m'] }),
      await hash({}, longest),
      await hash({}, new Map(), '2'),
      await hash({}, new Map(), '1', '1/3'),
    ];
    expect(new Set([same, ...others]).size).toBe(6);
  });
});

test.each(['0/4', '5/4', '1/0', '2', 'a/b', '1/101', '-1/2', '1.5/2'])('%s is no shard', (text) => {
  expect(() => parseShard(text)).toThrow(/is not a shard\. Write which one of how many, such as 2\/4/);
});
