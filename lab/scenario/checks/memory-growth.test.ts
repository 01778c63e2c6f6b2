import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { openclaw6413 } from '../../scenarios/openclaw-6413.ts';
import { begunScenario } from '../../test/begun-scenario.ts';

const MiB = 1024 ** 2;
const GiB = 1024 * MiB;
const LIMIT_BYTES = 512 * MiB;
const POINTS = 8;
const TURNS_BETWEEN = 8;

/** What is mapped and what is charged, after so many of them. */
interface Told {
  addressWhileIdle?: (minute: number) => number;
  keptWhileIdle?: (minute: number) => number;
  addressByTurn?: (turn: number) => number;
  keptByTurn?: (turn: number) => number;
  points?: number;
  oomKills?: number;
  unreadable?: number;
  of8GB?: number;
  afterRestart?: number;
  heapByTurn?: (turn: number) => number;
  isQuick?: boolean;
}

/** The evidence of a system that reserves 22 GB and keeps 170 MB, but for what is told. */
function seen({
  addressWhileIdle = () => 12 * GiB,
  keptWhileIdle = () => 150 * MiB,
  addressByTurn = () => 22 * GiB,
  keptByTurn = () => 170 * MiB,
  points = POINTS,
  oomKills = 0,
  unreadable = 0,
  of8GB = 2,
  afterRestart = 22 * GiB,
  heapByTurn = () => 100 * MiB,
  isQuick = false,
}: Told) {
  const build = begunScenario({ scenario: 'openclaw-6413', memoryBytes: LIMIT_BYTES, isQuick, steps: 1 });
  build.started(1).ready(1).add({ type: 'phase', name: 'step 1' });
  const point = (series: string, x: number, addressBytes: number, keptBytes: number) =>
    build.add({
      type: 'point',
      series,
      x,
      values: {
        addressBytes,
        keptBytes,
        heapBytes: heapByTurn(x),
        residentBytes: keptBytes + 60 * MiB,
        reservedBytes: addressBytes - GiB,
        untouchedBytes: GiB / 2,
        of8GB,
        of4GB: 0,
        of2GB: 1,
        of64MB: 9,
      },
    });
  for (let minute = 1; minute <= points; minute += 1)
    point('idle', minute / 5, addressWhileIdle(minute / 5), keptWhileIdle(minute / 5));
  for (let turn = 1; turn <= points; turn += 1)
    point('turns', turn * TURNS_BETWEEN, addressByTurn(turn * TURNS_BETWEEN), keptByTurn(turn * TURNS_BETWEEN));
  point('restart', 0, 12 * GiB, 150 * MiB);
  point('restart', 1, afterRestart, 170 * MiB);
  const charge = { currentBytes: 1, anonymousBytes: 1, fileBytes: 0, cpuUs: 2, ownCpuUs: 1 };
  const told = { id: 'maps-1', processes: 1, mappings: 600, leftOut: 0, unreadable, allProcesses: true };
  build.gate(1, { ev: 'mapped', ...told, ...charge });
  build.gate(1, { ev: 'exit', signal: 9, oomKillsAtStart: 0, oomKills, currentBytes: 1, peakBytes: null });
  return build.add({ type: 'end', durationMs: 1 }).done();
}

function checked(told: Told, id: string) {
  const found = judge(seen(told)).checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`there is no check ${id}`);
  return found;
}

/** Up and down by as much as a garbage collection does. */
const noise = (x: number) => ((Math.round(x * 1000) * 31) % 7) * 50 * MiB;

describe('memory-bounded', () => {
  test('22 GB that are reserved and stay are no memory that grows', () => {
    expect(checked({}, 'memory-bounded')).toMatchObject({ verdict: 'held' });
    expect(checked({}, 'address-space-bounded')).toMatchObject({ verdict: 'held' });
  });

  test('what is kept of each turn: a leak, with how many turns fill the limit', () => {
    expect(checked({ keptByTurn: (turn) => 100 * MiB + 2 * turn * MiB }, 'memory-bounded')).toMatchObject({
      verdict: 'violated',
      detail:
        'turns: from 121.63 MB to 239.08 MB, 2.10 MB a turn (95 %: ±0.00 MB, 8 points); 1.49 MB a turn reach the limit in 200 turns',
      lines: expect.arrayContaining([expect.any(Number)]),
    });
  });

  test('what grows while it is idle', () => {
    const found = checked({ keptWhileIdle: (minute) => 100 * MiB + 10 * minute * MiB }, 'memory-bounded');
    expect(found.verdict).toBe('violated');
    expect(found.detail).toMatch(/^idle: .* 10.49 MB a minute .* reach the limit in an hour$/);
  });

  test('a leak among the turns is said although the idle time tells nothing', () => {
    const found = checked({ keptWhileIdle: noise, keptByTurn: (turn) => 3 * turn * MiB }, 'memory-bounded');
    expect(found.verdict).toBe('violated');
    expect(found.detail).toMatch(/^turns: /);
  });

  test('what goes down again is not held against it; too wide an interval is neither', () => {
    expect(checked({ keptWhileIdle: (minute) => (200 - minute) * MiB }, 'memory-bounded').verdict).toBe('held');
    expect(checked({ keptByTurn: noise }, 'memory-bounded').verdict).toBe('inconclusive');
  });

  test('what a boot took is given back late: neither growth nor noise, and it hides no leak', () => {
    const late = (minute: number) => (minute < 0.5 ? 40 * MiB : 0);
    const flat = checked({ keptWhileIdle: (minute) => 150 * MiB + late(minute) }, 'memory-bounded');
    expect(flat.verdict).toBe('held');
    const leak = checked({ keptWhileIdle: (minute) => (150 + 8 * minute) * MiB + late(minute) }, 'memory-bounded');
    expect(leak).toMatchObject({ verdict: 'violated' });
    expect(leak.detail).toMatch(/^idle: .* 8.39 MB a minute .* 6 points/);
  });

  test('the quick form takes few turns, and looks at the heap over them', () => {
    expect(checked({ isQuick: true, keptByTurn: noise }, 'memory-bounded')).toMatchObject({
      verdict: 'held',
      detail: expect.stringContaining('turns, the JavaScript heap alone: from 104.86 MB'),
    });
    const leak = checked({ isQuick: true, heapByTurn: (turn) => 2 * turn * MiB }, 'memory-bounded');
    expect(leak).toMatchObject({ verdict: 'violated', detail: expect.stringMatching(/^turns, the JavaScript heap/) });
  });

  test('an OOM kill, however few points there were before it', () => {
    expect(checked({ points: 1, oomKills: 1 }, 'memory-bounded')).toMatchObject({
      verdict: 'violated',
      detail: '1 OOM kill under a limit of 512 MiB',
    });
  });

  test('too few points', () => {
    expect(checked({ points: 2 }, 'memory-bounded')).toMatchObject({
      verdict: 'inconclusive',
      detail: 'idle: only 2 points were taken: too few for a line',
    });
  });
});

describe('address-space-bounded', () => {
  test('8 GB more with each turn', () => {
    const told = { addressByTurn: (turn: number) => 12 * GiB + turn * 8 * GiB };
    expect(checked(told, 'address-space-bounded')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringMatching(/^turns: .* 8589.93 MB a turn .* use up the 128 TiB in a million turns$/),
    });
    expect(checked(told, 'memory-bounded').verdict).toBe('held');
  });

  test('a listing that is not whole tells nothing', () => {
    expect(checked({ unreadable: 1 }, 'address-space-bounded')).toMatchObject({
      verdict: 'inconclusive',
      detail: expect.stringMatching(/600 mappings, 0 left out, 1 processes/),
    });
  });

  test('22 GB within two minutes, as the document has it', () => {
    const told = { addressWhileIdle: (minute: number) => Math.min(22, 1 + 11 * minute) * GiB };
    expect(checked(told, 'address-space-bounded').verdict).toBe('violated');
  });
});

describe('what is found', () => {
  const figure = (told: Told, what: string) => {
    const found = openclaw6413.figures(seen(told)).find((one) => one.what === what);
    if (found === undefined) throw new Error(`there is no figure "${what}"`);
    return found;
  };

  test('a reservation, a leak, both, or not to be told', () => {
    const leak = { keptByTurn: (turn: number) => 3 * turn * MiB };
    const what = 'a leak, a reservation, or both';
    expect(figure({}, what)).toMatchObject({
      reproduced: 'no',
      measured: expect.stringMatching(/^a reservation, and no leak/),
    });
    expect(figure(leak, what)).toMatchObject({ reproduced: 'yes', measured: expect.stringMatching(/^both/) });
    expect(figure({ keptByTurn: noise }, what)).toMatchObject({ reproduced: 'not measured' });
  });

  test('a restart that is over the threshold again is for nothing', () => {
    const what = 'restart when VSZ passes 15 GB';
    expect(figure({}, what)).toMatchObject({
      reproduced: 'yes',
      measured: expect.stringMatching(/for ever, for nothing$/),
    });
    expect(figure({ afterRestart: 12 * GiB }, what).measured).toMatch(/stays below the threshold$/);
    const small = { addressByTurn: () => 10 * GiB };
    expect(figure(small, what)).toMatchObject({
      reproduced: 'no',
      measured: expect.stringMatching(/would never fire here$/),
    });
  });

  test('the mappings, and the size of it all', () => {
    expect(figure({}, 'the mappings').reproduced).toBe('yes');
    expect(figure({ of8GB: 1 }, 'the mappings').reproduced).toBe('in part');
    expect(figure({}, 'VSZ').reproduced).toBe('yes');
    expect(figure({ of8GB: 1, addressByTurn: () => 10 * GiB }, 'VSZ').reproduced).toBe('in part');
  });

  test('nothing was measured: nothing is said', () => {
    expect(openclaw6413.figures(seen({ points: 0 }))).toEqual([]);
  });
});
