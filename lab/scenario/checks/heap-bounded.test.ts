import { describe, expect, test } from 'vitest';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { Observation } from '../../evidence/event.ts';
import { judge } from '../../judge/judge.ts';
import { begunScenario } from '../../test/begun-scenario.ts';
import type { EvidenceBuilder } from '../../test/healthy-cell.ts';
import { growing, growthIn, lookShare } from '../collections.ts';

const STEPS = 5;

/** The first lines of a scenario's evidence: a system that is ready, looked at before anything is done. */
function begun(): EvidenceBuilder {
  return begunScenario({ scenario: 'openclaw-63643', steps: STEPS }).started(1).ready(1);
}

type Named = [kind: string, name: string, entries: number][];

const look = (after: string, named: Named): Observation => ({
  type: 'collections',
  after,
  atLeast: 32,
  objects: 1_000_000,
  snapshotBytes: 100_000_000,
  lookCpuMs: 500,
  named: named.map(([kind, name, entries]) => [kind, name, 1, entries]),
});

interface Kind {
  series: string;
  /** Of the heap beside 50 MB, at each of seven points of 100 each. */
  bytes: (x: number) => number;
  forgetsWithinMs?: number;
  remembers?: number;
  named?: Named;
}

const BEFORE: Named = [
  ['Map', 'buckets', 200],
  ['Map', 'state.seqByRun', 0],
  ['Array', 'log.lines', 40],
];

/** The evidence of kinds that took place one after the other, one a step. */
function done(...kinds: Kind[]): CellEvidence {
  const build = begun().add(look('warm-up', BEFORE));
  for (let step = 1; step <= STEPS; step += 1) {
    build.add({ type: 'phase', name: `step ${step}` });
    const kind = kinds[step - 1];
    if (kind === undefined) continue;
    const { series, bytes, forgetsWithinMs = 1_000, remembers = 0, named = BEFORE } = kind;
    for (let point = 1; point <= 7; point += 1) {
      const x = series === 'idle' ? point / 100 : point * 100;
      const waits: Record<string, number> =
        series === 'idle' ? {} : { forgetsWithinMs, waitedMs: Math.min(forgetsWithinMs, 5_000), remembers, done: x };
      const values = { heapBytes: 5e7 + bytes(x), cpuMs: step * 10_000 + point * 1_000, lookCpuMs: 100, ...waits };
      build.add({ type: 'point', series, x, values });
    }
    build.add(look(series, named));
  }
  return build.add({ type: 'end', durationMs: 1 }).done();
}

const verdictOf = (evidence: CellEvidence) => judge(evidence).checks.find((one) => one.id === 'heap-bounded');
const forgets: Kind = { series: 'connections', bytes: () => 0 };
const wild = (x: number) => [0, 4e6, 0, 9e6, 0, 7e6, 1e6][x / 100 - 1] ?? 0;

describe('heap-bounded', () => {
  test('what is forgotten holds', () => {
    expect(verdictOf(done(forgets, { series: 'idle', bytes: () => 0 }))).toMatchObject({
      verdict: 'held',
      detail:
        'connections: 0.0 bytes of heap each (95 %: ±0.0, 7 points over 600); idle: 0 bytes of heap an hour (95 %: ±0 bytes, 7 points over 3.6 minutes)',
    });
  });

  test('what is kept of each is a leak, with its bytes and the name of what keeps it', () => {
    const named: Named = [
      ['Map', 'buckets', 200],
      ['Map', 'state.seqByRun', 700],
      ['Array', 'log.lines', 740],
    ];
    const found = verdictOf(done(forgets, { series: 'runs', bytes: (x) => x * 100, named }));
    expect(found).toMatchObject({
      verdict: 'violated',
      detail:
        'leak: runs: 100.0 bytes of heap each (95 %: ±0.0, 7 points over 600); grows: state.seqByRun +1.00 entries each (0 to 700), log.lines +1.00 entries each (40 to 740)',
    });
    expect(found?.lines.length).toBe(7);
  });

  test('a heap that grows while it is idle, by the hour', () => {
    expect(verdictOf(done(forgets, { series: 'idle', bytes: (hours) => hours * 15e6 }))).toMatchObject({
      verdict: 'violated',
      detail: expect.stringContaining('leak: idle: 15.00 MB of heap an hour'),
    });
    expect(verdictOf(done(forgets, { series: 'idle', bytes: (hours) => hours * 1e6 }))?.verdict).toBe('held');
  });

  test('an interval that is too wide is neither, and a leak beside it is one', () => {
    const unclear: Kind = { series: 'runs', bytes: wild };
    expect(verdictOf(done(forgets, unclear))).toMatchObject({
      verdict: 'inconclusive',
      detail: expect.stringMatching(/^too wide to tell: runs/),
    });
    const leak: Kind = { series: 'transcripts', bytes: (x) => x * 10_000 };
    expect(verdictOf(done(unclear, leak))?.detail).toMatch(/^leak: transcripts/);
  });

  test('what is kept for longer than the run is not judged, and is told', () => {
    const keeps: Kind = { series: 'connections', bytes: (x) => x * 300, forgetsWithinMs: 360_000 };
    expect(verdictOf(done(keeps, { series: 'runs', bytes: () => 0 }))).toMatchObject({
      verdict: 'held',
      detail: expect.stringContaining(
        'not judged, as it keeps them for longer than this run: connections: 300.0 bytes',
      ),
    });
    expect(verdictOf(done(keeps))?.verdict).toBe('inconclusive');
  });

  test('what is remembered of the last so many is not judged before so many were done', () => {
    const named: Named = [['Set', 'closed', 700]];
    const runs = (remembers: number): Kind => ({ series: 'runs', bytes: (x) => x * 300, remembers, named });
    expect(verdictOf(done(forgets, runs(800)))).toMatchObject({
      verdict: 'held',
      detail: expect.stringContaining('not judged, as it keeps the last 800: runs: 300.0 bytes'),
    });
    expect(verdictOf(done(forgets, runs(700)))?.verdict).toBe('violated');
  });

  test('a heap that warms up by less than tells anything, and no collection that gains an entry for each: bounded', () => {
    const warms: Kind = { series: 'runs', bytes: (x) => x * 1_000 };
    expect(verdictOf(done(warms))?.verdict).toBe('held');
    expect(verdictOf(done({ ...warms, named: [['Map', 'all', 700]] }))?.verdict).toBe('violated');
  });

  test('entries that move from one name to another, and back, are no growth', () => {
    const one: Named = [...BEFORE, ['Map', 'a.words', 700], ['Map', 'b.words', 100]];
    const other: Named = [...BEFORE, ['Map', 'a.words', 0], ['Map', 'b.words', 800]];
    const moved = done(
      { series: 'connections', bytes: () => 0, named: one },
      { series: 'runs', bytes: (x) => x * 100, named: other },
      { series: 'transcripts', bytes: (x) => x * 100, named: one },
    );
    expect(growing(growthIn(moved, 'runs')?.collections ?? [])).toEqual([]);
    expect(growing(growthIn(moved, 'transcripts')?.collections ?? [])).toEqual([]);
  });

  test('a module that is loaded meanwhile brings arrays, and a look meets a copy of a large Map: no growth', () => {
    const loaded: Named = [
      ...BEFORE,
      ['Array', 'constants.TOKEN', 1_400],
      ['Object', 'constants', 500],
      ['Map', 'copy.rows', 20_000],
    ];
    expect(verdictOf(done({ series: 'runs', bytes: (x) => x * 300, named: loaded }))?.verdict).toBe('held');
  });

  test('no points, or too few for a line: inconclusive', () => {
    expect(verdictOf(done())?.verdict).toBe('inconclusive');
    const few = begun();
    for (let step = 1; step <= STEPS; step += 1) few.add({ type: 'phase', name: `step ${step}` });
    few.add({ type: 'point', series: 'runs', x: 1, values: { heapBytes: 1 } }).add({ type: 'end', durationMs: 1 });
    expect(verdictOf(few.done())?.verdict).toBe('inconclusive');
  });
});

describe('collections', () => {
  const named: Named = [
    ['Map', 'buckets', 900],
    ['Set', 'seen', 350],
    ['Object', 'byName', 40],
    ['Array', 'slow', 300],
  ];

  test('entries for each, Maps and Sets first; what was not listed before had less than it takes to be', () => {
    const growth = growthIn(done({ ...forgets, named }), 'connections');
    expect(growth).toMatchObject({ operations: 700 });
    expect(growth?.collections.find(({ name }) => name === 'byName')).toMatchObject({ before: 31, after: 40 });
    expect(growing(growth?.collections ?? [])).toMatchObject([
      { name: 'buckets', each: 1 },
      { name: 'seen', each: 0.5 },
    ]);
  });

  test('another boot has another heap', () => {
    const evidence = begun()
      .add(look('warm-up', BEFORE))
      .started(2)
      .ready(2)
      .add({ type: 'point', series: 'runs', x: 10, values: { heapBytes: 1 } })
      .add(look('runs', BEFORE))
      .done();
    expect(growthIn(evidence, 'runs')).toBeUndefined();
    expect(growthIn(done(forgets), 'runs')).toBeUndefined();
  });

  test('what the looks cost, of the processor time of all boots', () => {
    expect(lookShare(done(forgets))).toBeCloseTo((7 * 100 + 2 * 500) / 17_000, 9);
    expect(lookShare(begun().done())).toBeUndefined();
  });
});

test('figures: each collection of the document, with what filled it', () => {
  const leaky: Named = [
    ['Map', 'controlPlaneBuckets', 700],
    ['Map', '<symbol openclaw.agentEvents.state>.seqByRun', 0],
    ['Map', 'other', 700],
  ];
  const result = judge(done({ series: 'connections', bytes: (x) => x * 200, named: leaky }));
  expect('figures' in result && result.figures).toMatchObject([
    { what: 'the heap grows while it is idle', reproduced: 'not measured' },
    {
      what: 'controlPlaneBuckets keeps an entry of every client that writes to the control plane (connections)',
      measured: 'controlPlaneBuckets +1.00 entries each (0 to 700)',
      reproduced: 'yes',
    },
    {
      what: 'other collections that grow with what is done',
      measured: 'connections: other +1.00 entries each (0 to 700)',
    },
    { what: 'bytes of heap that stay of each (95 %)', measured: 'connections 200 ± 0' },
    { what: 'the lab’s own looks at the heap', measured: '10 % of the system’s processor time' },
    { reproduced: 'not measured' },
  ]);
});
