import pMap from 'p-map';
import { mutants } from '../../images/index.ts';
import { CELLS_AT_ONCE, loadEvidence } from '../evidence/cell-evidence.ts';
import { judgeExplorations } from '../explore/judge-explorations.ts';
import { compare, inForce, readExpectations, shownExpectations } from '../judge/expectations.ts';
import { judge } from '../judge/judge.ts';
import { staleExpectations } from '../judge/stale.ts';
import { systemTimeMs } from '../judge/system-time.ts';
import { knownSystem } from '../plan/named.ts';
import { idleControls, type ShownMutant, withAbilities } from '../report/exercised.ts';
import {
  type AnyRow,
  MATRIX_SCHEMA_VERSION,
  type Matrix,
  type MatrixRow,
  outcomeOf,
  type RunFacts,
  type StaleExpectation,
  shardOf,
} from '../result/matrix.ts';
import type { PlannedRow, ResultsFolder, RunFile } from '../results.ts';

/** The command that does it again. */
function reproduce(planned: PlannedRow, run: RunFacts): string {
  const { on } = shardOf(run, planned.id) ?? run;
  const where = on === undefined ? '' : ` --on ${on}`;
  if (!('scenario' in planned)) return `npx midwrite ${run.again ?? 'run'} --cell ${planned.id}${where}`;
  const { scenario, system, version, isQuick, seed, from } = planned;
  if (from !== undefined)
    return `npx midwrite upgrade ${system}@${from}..${version}${isQuick ? ' --quick' : ''}${where}`;
  const options = [...(seed === undefined ? [] : [`--seed ${seed}`]), ...(isQuick ? ['--quick'] : [])];
  return ['npx midwrite scenario', scenario, `--system ${system}@${version}`, ...options].join(' ') + where;
}

export interface JudgeOptions {
  /** A file of known findings in place of the systems' own. */
  expectations?: string;
}

/** The row of one cell, from its evidence alone. */
export async function judgeCell(
  folder: string,
  planned: PlannedRow,
  run: RunFacts,
  options: JudgeOptions,
  leftOut?: string,
): Promise<MatrixRow> {
  const evidence = await loadEvidence(folder);
  const result = judge(evidence);
  // A stored run is judged without its config too: only its known findings are missing then.
  const system = knownSystem(planned.system);
  const { expected, checks } = compare(
    planned,
    result,
    inForce(readExpectations(options.expectations ?? system?.expectations), dayOf(run)),
    planned.role === 'canary' || planned.role === 'mutant' ? system?.mutant : undefined,
  );
  const { verdict, durationMs } = result;
  const detail = evidence === undefined && leftOut !== undefined ? leftOut : result.detail;
  const systemMs = evidence === undefined ? undefined : systemTimeMs(evidence);
  const time = { durationMs, ...(systemMs !== undefined && { systemMs }) };
  const mapped = evidence?.scenario === undefined ? evidence?.promises.answers?.mapped : undefined;
  const row = {
    verdict,
    expected,
    detail,
    ...time,
    ...(mapped !== undefined && { mapped: [...mapped] }),
    checks,
    reproduce: reproduce(planned, run),
  };
  if (!('scenario' in planned)) return { ...planned, ...row };
  const { figures, curves } = 'figures' in result ? result : { figures: [], curves: [] };
  return { ...planned, ...row, figures, curves };
}

/** The matrix of a run from its files alone: every planned cell has a row, whether it ran or not. */
export async function judgeRun(results: ResultsFolder, file?: RunFile, options: JudgeOptions = {}): Promise<Matrix> {
  const { run, plan, explorations = [], state, shard, leftOut, merged } = file ?? (await results.readRun());
  const without = new Map(leftOut?.map(({ id, why }) => [id, why]));
  const judged = await pMap(
    plan,
    (planned) => judgeCell(results.cell(planned.id), planned, run, options, without.get(planned.id)),
    { concurrency: CELLS_AT_ONCE },
  );
  const cells = withAbilities(judged, ({ system }) => knownSystem(system)?.mutant?.of ?? system);
  // Whether a finding is gone can't be told from a part of its cells.
  const explored = await judgeExplorations(results, explorations, run, { ...options, without });
  const stale = staleIn([...cells, ...explored], run, options).filter(
    ({ why }) => shard === undefined || why === 'expired',
  );
  const outcome = outcomeOf(cells, stale, explored);
  for (const reason of idleControls(cells, shownMutants())) {
    outcome.kind = 'unsound';
    outcome.reasons.unshift(reason);
  }
  for (const control of merged?.controls ?? []) {
    const folder = results.shardControl(control.shard, control.planned.id);
    const row = await judgeCell(folder, control.planned, run, options);
    if (row.expected) continue;
    outcome.kind = 'unsound';
    outcome.reasons.unshift(`shard ${control.shard}: its ${row.role} ${row.id} is ${row.verdict}: ${row.detail}`);
  }
  if (state !== 'complete') {
    outcome.kind = 'unsound';
    outcome.reasons.unshift(
      `the run did not come to its end (${state === 'running' ? 'its lab was killed, or it still runs' : 'it was interrupted'})`,
    );
  }
  return { schemaVersion: MATRIX_SCHEMA_VERSION, run, outcome, stale, cells, explorations: explored };
}

const shownMutants = (): ShownMutant[] =>
  mutants.flatMap(({ name, mutant }) => (mutant === undefined ? [] : [{ ...mutant, system: name }]));

/** The known findings of each file that no longer fit. */
function staleIn(cells: readonly AnyRow[], run: RunFacts, options: JudgeOptions): StaleExpectation[] {
  const byFile = Map.groupBy(cells, (row) => options.expectations ?? knownSystem(row.system)?.expectations ?? '');
  return [...byFile].flatMap(([file, rows]) =>
    file === ''
      ? []
      : staleExpectations({ file: shownExpectations(file), expectations: readExpectations(file), rows }, dayOf(run)),
  );
}

const dayOf = (run: RunFacts): string => run.startedAt.slice(0, 10);
