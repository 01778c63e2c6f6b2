import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { scenarios } from '../../scenarios/index.ts';
import { EvidenceBuilder } from '../../test/healthy-cell.ts';

const STORE = '/state/sessions.json';
const TEMP = `${STORE}.7.tmp`;

interface Told {
  /** Bytes of temps after each crash. */
  left?: (crash: number) => number;
  steps?: number;
  /** The step in which the kill is missing. */
  withoutKill?: number;
  /** The step after which the gateway was not ready again. */
  notReadyAfter?: number;
  isCutOff?: boolean;
}

/** The first line of a scenario's evidence. */
function begin(scenario: string, steps: number): EvidenceBuilder {
  return new EvidenceBuilder().add({
    type: 'scenario',
    schemaVersion: 1,
    id: `${scenario}_g@1.0.0_1g`,
    scenario,
    gateway: 'g',
    version: '1.0.0',
    memoryBytes: 1024 ** 3,
    isQuick: false,
    image: 'g:1',
    notes: [],
    promises: {
      root: '/state',
      store: { path: STORE, format: 'json-rows', rowFields: [] },
      temps: [],
      sweepGraceMs: 1,
      sweepWithinMs: 1,
      readyWithinMs: 1,
      serveWithinMs: 1,
      durable: [],
      level: 'process-crash',
    },
    steps,
  });
}

/** The evidence of `openclaw-89520` with a gateway that leaves so much behind. */
function crashes({ left = () => 0, steps = 5, withoutKill, notReadyAfter, isCutOff = false }: Told) {
  const build = begin('openclaw-89520', 5);
  const point = (x: number) =>
    build.add({
      type: 'point',
      series: 'crashes',
      x,
      values: { temps: left(x) > 0 ? x : 0, tempBytes: left(x), storeBytes: 6_000_000, folderBytes: 7_000_000 },
    });
  build.started(1).ready(1);
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
      build.add({ type: 'docker', container: 'x-gateway', action: 'kill', attributes: { signal: '9' } });
    build
      .add({ type: 'stopped', boot: step, exitCode: 137, oomKilled: false, byLab: false })
      .add({ type: 'phase', name: 'recover' });
    if (step === notReadyAfter) {
      build.add({ type: 'not-ready', boot: step + 1, why: 'it was not ready within 1 s', lastLines: 'boom' });
      break;
    }
    build.started(step + 1).ready(step + 1);
    point(step);
  }
  if (!isCutOff) build.add({ type: 'end', durationMs: 1 });
  return judge(build.done());
}

const check = (result: ReturnType<typeof judge>, id: string) => result.checks.find((one) => one.id === id);

describe('openclaw-89520', () => {
  test('a gateway that leaves nothing holds', () => {
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

  test('a gateway that does not come back is a result, and what was seen until then counts', () => {
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

describe('heap-bounded', () => {
  const heaps = (bytesEach: (n: number) => number) =>
    taken(
      'churn',
      [1, 2, 3, 4, 5, 6].map((n) => ({ series: 'runs', x: n * 1000, values: { heapBytes: 5e7 + bytesEach(n) } })),
    );

  test('what is forgotten holds; what is kept of each is a leak, with its bytes', () => {
    expect(
      check(
        heaps(() => 0),
        'heap-bounded',
      ),
    ).toMatchObject({ verdict: 'held' });
    expect(
      check(
        heaps((n) => n * 100_000),
        'heap-bounded',
      ),
    ).toMatchObject({
      verdict: 'violated',
      detail: 'leak: runs: 100.0 bytes of heap each (95 %: ±0.0, 6 points over 5000)',
    });
  });

  test('an interval that is too wide is neither', () => {
    const wild = [0, 4e5, 0, 9e5, 0, 7e5];
    expect(
      check(
        heaps((n) => wild[n - 1] ?? 0),
        'heap-bounded',
      )?.verdict,
    ).toBe('inconclusive');
  });

  test('no points, or too few for a line: inconclusive', () => {
    expect(check(taken('churn', []), 'heap-bounded')?.verdict).toBe('inconclusive');
    expect(check(taken('churn', [{ series: 'runs', x: 1, values: { heapBytes: 1 } }]), 'heap-bounded')?.verdict).toBe(
      'inconclusive',
    );
  });
});

describe('by the size of the store', () => {
  const sizes = [1, 2, 4, 8, 16].map((n) => n * 1e6);
  const grown = ({ heap, written }: { heap: (bytes: number) => number; written: (bytes: number) => number }) =>
    taken(
      'openclaw-51097',
      sizes.flatMap((bytes): Point[] => [
        { series: 'boot', x: bytes, values: { plantedBytes: bytes, heapBytes: 5e7 + heap(bytes) } },
        { series: 'turns', x: bytes, values: { storeBytes: bytes, bytesPerTurn: 500 + written(bytes) } },
      ]),
    );

  test('memory and writes of their own size hold', () => {
    const result = grown({ heap: () => 0, written: () => 0 });
    expect(check(result, 'memory-bounded')?.verdict).toBe('held');
    expect(check(result, 'writes-bounded')?.verdict).toBe('held');
  });

  test('a store that is loaded whole, and one that is written whole, each by its own check', () => {
    const loaded = grown({ heap: (bytes) => bytes, written: () => 0 });
    expect(check(loaded, 'memory-bounded')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringContaining('1.000 bytes for each byte of the store'),
    });
    expect(check(loaded, 'writes-bounded')?.verdict).toBe('held');
    const written = grown({ heap: () => 0, written: (bytes) => 6 * bytes });
    expect(check(written, 'writes-bounded')?.verdict).toBe('violated');
    expect(check(written, 'memory-bounded')?.verdict).toBe('held');
  });
});

test('every scenario has a document or a reason, checks, and fewer steps when it is quick', () => {
  for (const { name, checks, steps, gateways } of scenarios) {
    expect(checks.length, name).toBeGreaterThan(0);
    expect(steps.quick, name).toBeLessThan(steps.full);
    expect(gateways, name).toContain('reference');
  }
});
