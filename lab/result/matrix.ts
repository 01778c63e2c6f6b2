import { z } from 'zod';
import {
  cellFields,
  explorationFields,
  parseResult,
  refuseNewer,
  scenarioFields,
  withNewNames,
} from '../evidence/schema.ts';
import { Problem } from '../problem.ts';
import { REPRODUCED } from './figure.ts';

/** The version of matrix.json. 2: `stale`, `run.shards`. 3: `cells[].systemMs`. 4: a gateway is called a system. 5: `explorations`. */
export const MATRIX_SCHEMA_VERSION = 5;

const VerdictName = z.enum(['held', 'violated', 'missed', 'inconclusive', 'not-applicable']);

/** A check's verdict in a row. `issue`: where a known finding is discussed. */
export const MatrixCheck = z.object({
  id: z.string(),
  verdict: VerdictName,
  detail: z.string(),
  /** Lines of the cell's evidence.jsonl that it rests on, from 1, the weightiest first. */
  lines: z.array(z.number()).default([]),
  issue: z.string().optional(),
  /**
   * Of a check that is held or violated: what could have broken the promise (`by`), or null where nothing that was seen could. `shows`: what the system was
   * seen to do; `needs`: it counts only where a cell of the run shows that. Absent: nobody says.
   */
  exercised: z
    .object({ by: z.string(), shows: z.string().optional(), needs: z.string().optional() })
    .nullable()
    .optional(),
});

const rowFields = {
  role: z.enum(['cell', 'control', 'canary', 'mutant']),
  verdict: VerdictName,
  /** The verdict is what it should be: held, or violated in nothing but known findings, or a canary or mutant that was caught. */
  expected: z.boolean(),
  /** The proof that the fault landed, or why there is no verdict. */
  detail: z.string(),
  durationMs: z.number(),
  /** Of it what the system would take without the lab too. Absent: not known. */
  systemMs: z.number().optional(),
  /** Files that the system writes through a shared mapping, where no fault could strike. Absent: none, or not known. */
  mapped: z.array(z.string()).optional(),
  checks: z.array(MatrixCheck),
  reproduce: z.string(),
};

/** One planned cell; every one of them has a row. */
export const MatrixCell = z.object({ ...cellFields, ...rowFields });
export type MatrixCell = z.infer<typeof MatrixCell>;

/** A thing that a scenario found, beside what its document says. */
export const MatrixFigure = z.object({
  what: z.string(),
  document: z.string().optional(),
  measured: z.string(),
  reproduced: z.enum(REPRODUCED),
  why: z.string().optional(),
});
export type MatrixFigure = z.infer<typeof MatrixFigure>;

/** A curve of a scenario, ready to be drawn. */
export const MatrixCurve = z.object({
  title: z.string(),
  xLabel: z.string(),
  yLabel: z.string(),
  /** x, y, and the segment that the point was taken in: a new one begins each time a run is taken up again. */
  points: z.array(z.tuple([z.number(), z.number(), z.number()])),
  /** The slope's interval at 95 % is slope ± halfWidth. */
  fit: z.object({ slope: z.number(), intercept: z.number(), halfWidth: z.number(), points: z.number() }).optional(),
  document: z.object({ label: z.string(), y: z.number() }).optional(),
});
export type MatrixCurve = z.infer<typeof MatrixCurve>;

/** One scenario with one system: a row as well, with `scenario` in place of the crash point and the fault. */
export const MatrixScenario = z.object({
  ...scenarioFields,
  ...rowFields,
  figures: z.array(MatrixFigure).default([]),
  curves: z.array(MatrixCurve).default([]),
});
export type MatrixScenario = z.infer<typeof MatrixScenario>;

export type MatrixRow = MatrixCell | MatrixScenario;
export const isScenario = (row: MatrixRow): row is MatrixScenario => 'scenario' in row;

/** One thing that an exploration found; those that are promised are among its checks as well. */
export const MatrixFinding = z.object({
  check: z.string(),
  model: z.string(),
  /** The system promises it for such a crash. */
  promised: z.boolean(),
  /** The step that is missing, or the call in which the promise is broken. */
  cause: z.string(),
  detail: z.string(),
  states: z.number(),
  reproduce: z.string(),
});
export type MatrixFinding = z.infer<typeof MatrixFinding>;

/** An exploration of one workload of one system: a row of its own kind. What it found call by call is in its folder, explorations/ID. */
export const MatrixExploration = z.object({
  ...explorationFields,
  ...rowFields,
  /** What nobody booted itself: nothing; states for which others stand; or states that a bound left out. */
  complete: z.enum(['every-state', 'by-representatives', 'no']),
  calls: z.number(),
  crashPoints: z.number(),
  /** `distinct` states are judged without a boot; of them so many were booted, and for so many another one stands. */
  states: z.object({ distinct: z.number(), booted: z.number(), stoodFor: z.number() }),
  findings: z.array(MatrixFinding),
});
export type MatrixExploration = z.infer<typeof MatrixExploration>;

/** A row of any kind. */
export type AnyRow = MatrixRow | MatrixExploration;

const frame = z.object({
  id: z.string(),
  startedAt: z.string(),
  engine: z.string(),
  kernel: z.string(),
  /** Absent: of a merged run whose shards differ in it. */
  cgroupVersion: z.union([z.literal(1), z.literal(2)]).optional(),
  /** It ran on a machine of the lab's own (`--on machine`). Absent: it did not. */
  on: z.literal('machine').optional(),
  midwriteVersion: z.string(),
  durationMs: z.number().optional(),
  /** The command that runs a part of it again, with its options; `--cell ID` says which. Absent: `run`. */
  again: z.string().optional(),
  /** When the run was taken up again, each time. */
  resumedAt: z.array(z.string()).optional(),
});

/** What a run says of itself, before it knows any verdict. Of a merged run `shards` says the same of each of its shards. */
export const RunFacts = z.object({
  ...frame.shape,
  shards: z
    .array(
      z.object({
        shard: z.number(),
        ...frame.shape,
        /** The cells that stand in the merged run as they ran in it. */
        cells: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
export type RunFacts = z.infer<typeof RunFacts>;

/** Of a merged run: the shard that a cell stands in it from. */
export const shardOf = ({ shards }: RunFacts, id: string) => shards?.find(({ cells }) => cells?.includes(id));

export const Outcome = z.object({
  /**
   * `sound`: everything is as expected; `unexpected`: a violation that nobody knows yet, or an expectation that no longer fits; `unsound`: the run
   * proves nothing as a whole.
   */
  kind: z.enum(['sound', 'unexpected', 'unsound']),
  /** One line for each reason. */
  reasons: z.array(z.string()),
});
export type Outcome = z.infer<typeof Outcome>;

/** A known finding that no longer fits: it does not happen any more (`fixed`), or its time is over (`expired`). */
export const StaleExpectation = z.object({
  why: z.enum(['fixed', 'expired']),
  system: z.string(),
  version: z.string(),
  checks: z.array(z.string()),
  issue: z.string(),
  /** What is so, and what to do. */
  detail: z.string(),
});
export type StaleExpectation = z.infer<typeof StaleExpectation>;

export const Matrix = z.object({
  schemaVersion: z.literal(MATRIX_SCHEMA_VERSION),
  run: RunFacts,
  outcome: Outcome,
  stale: z.array(StaleExpectation),
  cells: z.array(z.union([MatrixScenario, MatrixCell])),
  explorations: z.array(MatrixExploration).default([]),
});
export type Matrix = z.infer<typeof Matrix>;

/** From each version to the next one. */
const UPGRADES: Readonly<Record<number, (older: object) => object>> = {
  1: (older) => ({ ...older, schemaVersion: 2, stale: [] }),
  2: (older) => ({ ...older, schemaVersion: 3 }),
  3: (older) => ({ ...withNewNames(older), schemaVersion: 4 }),
  4: (older) => ({ ...older, schemaVersion: 5, explorations: [] }),
};

/**
 * A matrix as some midwrite wrote it: older ones are brought up to date, a step for each version.
 * @param where its file, for the message
 * @throws Problem bad-results: it is newer than this midwrite, or damaged
 */
export function readMatrix(text: string, where: string): Matrix {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Problem('bad-results', `${where} is not JSON: it was changed or is damaged`, { cause: error });
  }
  refuseNewer(json, where, MATRIX_SCHEMA_VERSION);
  for (let version = 1; version < MATRIX_SCHEMA_VERSION; version += 1) {
    const upgrade = UPGRADES[version];
    if (upgrade !== undefined && (json as { schemaVersion?: unknown } | null)?.schemaVersion === version)
      json = upgrade(json as object);
  }
  return parseResult(Matrix, json, where, MATRIX_SCHEMA_VERSION);
}

/**
 * What a run comes to. A run with a cell or a check that is missed or inconclusive, or with a control that is not what it must be, proves nothing
 * as a whole, whatever else it found.
 */
export function outcomeOf(
  cells: readonly MatrixRow[],
  stale: readonly StaleExpectation[] = [],
  explorations: readonly MatrixExploration[] = [],
): Outcome {
  const unsound: string[] = [];
  const unexpected = stale.map((one) => one.detail);
  for (const cell of [...cells, ...explorations]) {
    const unknown = cell.checks.filter((check) => check.verdict === 'missed' || check.verdict === 'inconclusive');
    if (cell.verdict === 'missed' || cell.verdict === 'inconclusive')
      unsound.push(`${cell.id} is ${cell.verdict}: ${cell.detail}`);
    else if (cell.role === 'control' && !cell.expected)
      unsound.push(`the control ${cell.id} is ${cell.verdict}, and it must hold: ${firstViolated(cell)}`);
    else if (isBroken(cell) && !cell.expected)
      unsound.push(`the ${cell.role} ${cell.id} was not caught: ${firstViolated(cell)}`);
    else if (unknown.length > 0 && !isBroken(cell))
      unsound.push(
        `${cell.id}: ${unknown.map((check) => `${check.id} is ${check.verdict}: ${check.detail}`).join('; ')}`,
      );
    if (cell.role === 'cell' && cell.verdict === 'violated' && !cell.expected)
      unexpected.push(`${cell.id}: ${firstViolated(cell)}`);
  }
  // A scenario carries its own: its first point is before any fault, and the reference gateway runs beside the others.
  if (cells.length === 0 || cells.some((cell) => !isScenario(cell))) {
    if (!cells.some((cell) => cell.role === 'control')) unsound.push('the run has no control without a fault');
    if (!cells.some((cell) => cell.role === 'canary')) unsound.push('the run has no canary');
  }
  if (explorations.length > 0 && !explorations.some((one) => one.role === 'canary'))
    unsound.push('the run explores, and has no canary that an exploration must catch');
  if (unsound.length > 0) return { kind: 'unsound', reasons: [...unsound, ...unexpected] };
  if (unexpected.length > 0) return { kind: 'unexpected', reasons: unexpected };
  return { kind: 'sound', reasons: [] };
}

/** Broken on purpose: it must be caught. */
export const isBroken = (cell: Pick<AnyRow, 'role'>): boolean => cell.role === 'canary' || cell.role === 'mutant';

function firstViolated(cell: AnyRow): string {
  const news = cell.checks.filter((check) => check.verdict === 'violated' && check.issue === undefined);
  return news.map((check) => `${check.id}: ${check.detail}`).join('; ') || cell.detail;
}
