import { EXPLORATION_SCHEMA_VERSION, type Exploration, type FoundFinding } from '../explore/exploration.ts';
import { type ExplorationContext, judgeExploration } from '../explore/judge-exploration.ts';
import type { MatrixExploration } from '../result/matrix.ts';
import type { PlannedExplorationRow } from '../results.ts';

/** Explorations for tests: of a write of three calls, the second of which puts an empty store in place. */

const groups = { all: 4, seen: 4, settled: 4, split: [] };

export const finding = (more: Partial<FoundFinding> = {}): FoundFinding => ({
  check: 'store-valid',
  model: 'power-loss',
  cause: 'the rename at call 2 replaced /state/store.json with data never synced',
  place: 'data /state/store.json',
  detail: 'it is empty',
  step: 2,
  states: 3,
  digest: 'd',
  onExt4: false,
  promised: true,
  kept: 'states/d',
  reproduce: 'npx midwrite explore --state results/e/states/d',
  ...more,
});

export function explored(findings: readonly FoundFinding[] = [], more: Partial<Exploration> = {}): Exploration {
  const verdict = findings.some((one) => one.promised) ? 'violated' : 'held';
  const broken = (model: string) => findings.filter((one) => one.model === model).map((one) => one.check);
  const row = (call: number, op: string, path: string, isBroken: boolean) => ({
    call,
    op,
    path,
    acknowledged: call === 3 ? ['struck'] : [],
    verdicts: (['process-crash', 'power-loss'] as const).map((model) => {
      const violated = isBroken ? broken(model) : [];
      return {
        model,
        states: 2,
        verdict: violated.length > 0 ? ('violated' as const) : ('held' as const),
        violated,
      };
    }),
  });
  return {
    schemaVersion: EXPLORATION_SCHEMA_VERSION,
    system: 'one',
    version: '1.0.0',
    workload: 'turn',
    judgedBy: 'files',
    outcome: { verdict, ofTried: verdict, reasons: [] },
    models: [
      { model: 'process-crash', assumes: 'the kernel lives on', crashPoints: 5 },
      { model: 'power-loss', assumes: 'POSIX and no more', crashPoints: 7 },
    ],
    complete: 'by-representatives',
    states: { distinct: 6, booted: 4, represented: 1, stoodFor: 1, leftOut: 0 },
    groups,
    recoveries: {
      recorded: 1,
      equal: 0,
      crashPoints: 2,
      states: 2,
      booted: 2,
      represented: 0,
      stoodFor: 0,
      boundLeftOut: 0,
      groups,
    },
    boots: 6,
    sharedMemory: [],
    leftOutByBound: '0',
    powerLosses: { seed: 1, drawn: 0, groups: { all: '2', seen: 2 }, protocols: [] },
    findings: [...findings],
    map: [
      row(1, 'write', '/state/store.json.1.tmp', false),
      row(2, 'rename', '/state/store.json.1.tmp', false),
      row(3, 'sync', '/state', true),
      row(4, '', '', false),
    ],
    confirmed: [{ at: 'call 2 (rename /state/*, before)', agrees: true, differences: [] }],
    tookMs: { record: 1_000, judge: 10, boot: 4_000, whole: 6_000 },
    ...more,
  };
}

export const plannedExploration = (more: Partial<PlannedExplorationRow> = {}): PlannedExplorationRow => ({
  id: 'explore-turn_one@1.0.0_192m',
  role: 'cell',
  exploration: 'turn',
  system: 'one',
  version: '1.0.0',
  memoryBytes: 192 * 1024 * 1024,
  models: ['process-crash', 'power-loss'],
  ...more,
});

/** Its row, by the judge itself. */
export function exploredRow(
  found: Exploration | undefined,
  more: Partial<PlannedExplorationRow> = {},
  context: Partial<ExplorationContext> = {},
): MatrixExploration {
  const reproduce = 'npx midwrite explore --system one@1.0.0 --workload turn';
  return judgeExploration(plannedExploration(more), found, {
    expectations: [],
    mutant: undefined,
    reproduce,
    ...context,
  });
}

/** The canary's, caught. */
export const caughtCanary = (): MatrixExploration =>
  exploredRow(
    explored([finding({ model: 'process-crash' })]),
    { id: 'explore-turn_canary@1.0.0_192m', role: 'canary', system: 'canary' },
    { mutant: { caughtBy: 'store-valid' } },
  );
