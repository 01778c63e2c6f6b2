import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { scenarios } from '../../scenarios/index.ts';
import { UPGRADE } from '../../scenarios/upgrade.ts';
import { begunScenario, SCENARIO_STORE as STORE } from '../../test/begun-scenario.ts';
import { fitLine } from '../fit.ts';
import { pointsOf } from '../points.ts';
import { stepsOf } from '../struck-steps.ts';

const TEMP = `${STORE}.7.tmp`;

interface Told {
  /** Bytes of temps after each crash. */
  left?: (crash: number) => number;
  steps?: number;
  /** The step in which the kill is missing. */
  withoutKill?: number;
  /** The step after which the system was not ready again. */
  notReadyAfter?: number;
  isCutOff?: boolean;
}

const begin = (scenario: string, steps: number) => begunScenario({ scenario, steps });

/** The evidence of `openclaw-89520` with a system that leaves so much behind. */
function crashes({ left = () => 0, steps = 5, withoutKill, notReadyAfter, isCutOff = false }: Told) {
  const build = begin('openclaw-89520', 5);
  const point = (x: number) =>
    build.add({
      type: 'point',
      series: 'crashes',
      x,
      values: { temps: left(x) > 0 ? x : 0, tempBytes: left(x), storeBytes: 6_000_000, folderBytes: 7_000_000 },
    });
  const look = (series: 'undisturbed' | 'crashes', x: number) => {
    const files = Array.from({ length: series === 'crashes' && left(x) > 0 ? x : 0 }, (_, index) => ({
      path: `${STORE}.${index + 1}7.tmp`,
      type: 'file' as const,
      size: left(x) / x,
    }));
    build.add({
      type: 'look',
      series,
      x,
      roots: ['/state'],
      entries: [{ path: STORE, type: 'file', size: 1 }, ...files],
    });
  };
  build.started(1).ready(1);
  for (const boot of [0, 1, 2, 3]) look('undisturbed', boot);
  point(0);
  for (let step = 1; step <= steps; step += 1) {
    build
      .add({ type: 'phase', name: `step ${step}` })
      .gate(step, {
        ev: 'held',
        id: 'x',
        nth: 1,
        at: 'before',
        op: 'rename',
        syscall: 'rename',
        pid: 7,
        tid: 7,
        path: TEMP,
        to: STORE,
        quiesced: true,
        waiting: 0,
      })
      .add({ type: 'phase', name: 'strike' });
    if (step !== withoutKill)
      build.add({ type: 'docker', container: 'x-system', action: 'kill', attributes: { signal: '9' } });
    build
      .add({ type: 'stopped', boot: step, exitCode: 137, oomKilled: false, byLab: false })
      .add({ type: 'phase', name: 'recover' });
    if (step === notReadyAfter) {
      build.add({ type: 'not-ready', boot: step + 1, why: 'it was not ready within 1 s', lastLines: 'boom' });
      break;
    }
    build.started(step + 1).ready(step + 1);
    point(step);
    look('crashes', step);
  }
  if (!isCutOff) build.add({ type: 'end', durationMs: 1 });
  return judge(build.done());
}

const check = (result: ReturnType<typeof judge>, id: string) => result.checks.find((one) => one.id === id);

describe('openclaw-89520', () => {
  test('a system that leaves nothing holds', () => {
    expect(crashes({})).toMatchObject({ verdict: 'held', detail: '5 steps, and the fault landed in each' });
  });

  test('6 MB a crash: violated, with the crashes that fill 51 GB', () => {
    const found = check(crashes({ left: (crash) => crash * 6_000_000 }), 'disk-bounded');
    expect(found).toMatchObject({ verdict: 'violated' });
    expect(found?.detail).toBe(
      '5 temps with 30.00 MB after 5 crashes, beside a store of 6.00 MB: 6.00 MB a crash (95 %: ±0 bytes, 6 points); at this rate 8500 crashes leave 51 GB',
    );
    expect(found?.lines.length).toBeGreaterThan(0);
  });

  test('one temp that stays is no growth, and too wide an interval is neither', () => {
    expect(check(crashes({ left: () => 6_000_000 }), 'disk-bounded')?.verdict).toBe('held');
    const wild = [0, 6e6, 0, 9e6, 0, 8e6];
    expect(check(crashes({ left: (crash) => wild[crash] ?? 0 }), 'disk-bounded')?.verdict).toBe('inconclusive');
  });

  test('a fault that did not land in one of the steps: missed', () => {
    const result = crashes({ withoutKill: 3 });
    expect(result).toMatchObject({ verdict: 'missed' });
    expect(result.detail).toMatch(/step 3: the fault did not land: the engine reported no SIGKILL/);
  });

  test('a system that does not come back is a result, and what was seen until then counts', () => {
    const result = crashes({ notReadyAfter: 4, left: (crash) => crash * 6_000_000 });
    expect(check(result, 'boots')?.detail).toMatch(/boot 5: it was not ready within 1 s.*\n {2}boom/);
    expect(check(result, 'disk-bounded')?.verdict).toBe('violated');
  });

  test.each([
    ['fewer steps than planned', { steps: 3 }, /only 3 of 5 steps/],
    ['a lab that was killed', { isCutOff: true }, /breaks off/],
  ])('%s: inconclusive', (_, told, says) => {
    const result = crashes(told);
    expect(result.verdict).toBe('inconclusive');
    expect(result.detail).toMatch(says);
    expect(result.checks.map((one) => one.verdict)).not.toContain('held');
  });
});

interface Point {
  series: string;
  x: number;
  values: Record<string, number>;
}

/** The evidence of a scenario that took these points and nothing else. */
function taken(scenario: string, points: readonly Point[]) {
  const build = begin(scenario, 1).started(1).ready(1).add({ type: 'phase', name: 'step 1' });
  for (const point of points) build.add({ type: 'point', ...point });
  build.add({ type: 'end', durationMs: 1 });
  return judge(build.done());
}

describe('by the size of the store', () => {
  const sizes = [1, 2, 4, 8, 16].map((n) => n * 1e6);
  interface Grown {
    heap?: (bytes: number) => number;
    written?: (bytes: number) => number;
    /** What a boot leaves of the store. */
    left?: (bytes: number) => number;
    /** Heap that there is after so many turns. */
    byTurn?: (turn: number) => number;
  }
  const grown = ({ heap = () => 0, written = () => 0, left = (bytes) => bytes, byTurn = () => 0 }: Grown) =>
    taken('openclaw-51097', [
      ...sizes.flatMap((bytes): Point[] => [
        { series: 'boot', x: bytes, values: { heapBytes: 5e7 + heap(bytes) } },
        { series: 'turns', x: bytes, values: { bytesPerTurn: 500 + written(left(bytes)), storeBytes: left(bytes) } },
      ]),
      ...[20, 40, 60, 80, 100].map((turn) => ({
        series: 'memory over turns',
        x: turn,
        values: { heapBytes: 5e7 + byTurn(turn) },
      })),
    ]);
  const violated = (result: ReturnType<typeof grown>) =>
    result.checks.filter((one) => one.verdict === 'violated').map((one) => one.id);

  test('memory and writes of their own size hold', () => {
    const result = grown({});
    expect(result.verdict).toBe('held');
    expect(result.checks.every((one) => one.verdict === 'held')).toBe(true);
  });

  test.each([
    ['a store that is loaded whole', { heap: (bytes: number) => bytes }, 'memory-bounded', '1.000 bytes for each byte'],
    ['one that is written whole', { written: (bytes: number) => 6 * bytes }, 'writes-bounded', '6.000 bytes for each'],
    [
      'turns that stay in memory',
      { byTurn: (turn: number) => 10_000 * turn },
      'heap-bounded',
      '10000 bytes of heap a turn (95 %: ±0, 5 points over 80 turns)',
    ],
  ])('%s, by its own check', (_, told, id, says) => {
    const result = grown(told);
    expect(violated(result)).toEqual([id]);
    expect(check(result, id)?.detail).toContain(says);
  });

  test('a store that a boot trims is written whole all the same', () => {
    const result = grown({ written: (bytes) => 4 * bytes, left: (bytes) => Math.min(bytes, 3e6) });
    expect(check(result, 'writes-bounded')?.detail).toContain('4.000 bytes for each byte');
  });

  test('what is too wide to tell is neither', () => {
    expect(check(grown({ byTurn: (turn) => (turn % 40 === 0 ? 4e5 : 0) }), 'heap-bounded')?.verdict).toBe(
      'inconclusive',
    );
    expect(check(grown({ heap: (bytes) => (bytes === 4e6 ? 2e7 : 0) }), 'memory-bounded')?.verdict).toBe(
      'inconclusive',
    );
  });
});

describe('survives', () => {
  const begun = () => begin('openclaw-51097', 5).started(1).ready(1).add({ type: 'phase', name: 'step 1' });

  test('a system that dies is a result, with its point in time, and not a failure of the lab', () => {
    const evidence = begun()
      .add({ type: 'point', series: 'boot', x: 5, values: {} })
      .add({ type: 'died', boot: 1, why: 'it ended with signal 9, with 1 OOM kill in its cgroup', lastLines: 'boom' })
      .add({ type: 'end', durationMs: 1 });
    const result = judge(evidence.done());
    expect(result.verdict).toBe('violated');
    expect(check(result, 'survives')?.detail).toMatch(
      /after the point boot 5, in boot 1, it ended with signal 9.*\n {2}boom/,
    );
  });

  test('a turn that was refused is told; one that a fault cut off is not', () => {
    const scenario = (name: string) => {
      const build = begin('openclaw-51097', 1).started(1).ready(1).add({ type: 'phase', name: 'step 1' });
      return judge(build.turn(name, 1, false).turn('warm', 1).add({ type: 'end', durationMs: 1 }).done());
    };
    expect(check(scenario('warm'), 'survives')).toMatchObject({ verdict: 'violated' });
    expect(check(scenario('warm'), 'survives')?.detail).toContain('1 of 2 turns were not acknowledged');
    expect(check(scenario('struck'), 'survives')).toMatchObject({ verdict: 'held' });
  });
});

describe('a scenario that was taken up again', () => {
  const piles = (perCrash: number) => {
    const build = begin('openclaw-51097', 4).started(1).ready(1);
    const take = (series: string, x: number, heapBytes: number) =>
      build.add({ type: 'point', series, x, values: { heapBytes } });
    build.add({ type: 'phase', name: 'step 1' });
    take('s', 1, perCrash);
    build.add({ type: 'phase', name: 'step 2' });
    take('s', 2, 2 * perCrash);
    build.add({ type: 'phase', name: 'step 3' });
    take('s', 3, 99);
    // Here its lab was killed: what belongs to step 3 is taken again, from another level.
    build.add({ type: 'resumed', segment: 2, from: 3 }).started(2).ready(2).add({ type: 'phase', name: 'step 3' });
    take('s', 3, 1000 + 3 * perCrash);
    build.add({ type: 'phase', name: 'step 4' });
    take('s', 4, 1000 + 4 * perCrash);
    return build.done();
  };

  test('its points are those of before and those of after, each once, with their own level', () => {
    const points = pointsOf(piles(10), 's');
    expect(points.map(({ x, segment, values }) => [x, segment, values.heapBytes])).toEqual([
      [1, 1, 10],
      [2, 1, 20],
      [3, 2, 1030],
      [4, 2, 1040],
    ]);
    const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values.heapBytes ?? 0, segment })));
    expect(line).toMatchObject({ slope: 10, halfWidth: 0, points: 4 });
  });

  test('every step counts once, as it was done last', () => {
    const steps = stepsOf(piles(10));
    expect(steps.map((step) => step.number)).toEqual([1, 2, 3, 4]);
    expect(steps[2]?.events.filter((event) => event.type === 'point')).toMatchObject([{ values: { heapBytes: 1030 } }]);
  });
});

test('every scenario has a document or a reason, checks, and fewer steps when it is quick', () => {
  for (const { name, checks, steps, systems } of scenarios) {
    expect(checks.length, name).toBeGreaterThan(0);
    expect(steps.quick, name).toBeLessThan(steps.full);
    // The two releases of an upgrade are asked for.
    if (name !== UPGRADE) expect(systems, name).toContain('reference');
  }
});
