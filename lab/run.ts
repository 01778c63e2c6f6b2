import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gated } from '../images/gated/recipe.ts';
import { sidecarImage } from '../images/sidecar/recipe.ts';
import { runCell } from './cell/cell.ts';
import type { Engine } from './engine/engine.ts';
import { loadEvidence } from './evidence/cell-evidence.ts';
import { ensureImage } from './image/build.ts';
import { compare, readExpectations } from './judge/expectations.ts';
import { judge } from './judge/judge.ts';
import { gatewayNamed, isPlannedScenario, type Planned } from './plan.ts';
import { describe, Problem } from './problem.ts';
import { markdownReport } from './report/markdown.ts';
import { MATRIX_SCHEMA_VERSION, type Matrix, type MatrixRow, outcomeOf, type RunFacts } from './report/matrix.ts';
import { type PlannedRow, ResultsFolder, RUN_SCHEMA_VERSION, type RunFile } from './results.ts';
import { runScenario } from './scenario/run-scenario.ts';

export const midwriteVersion: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** What a run tells while it goes on. */
export interface RunProgress {
  cellStarted(cell: Planned): void;
  cellPhase(cell: Planned, phase: string): void;
  /** How much of a long one is done: 0 to 1. */
  cellShare(cell: Planned, done: number): void;
  cellEnded(cell: Planned, row: MatrixRow): void;
}

export interface RunOptions {
  resultsRoot: string;
  /** A run that was cut off, to be taken up again: what it has a verdict for does not run. */
  resume?: ResultsFolder;
  jobs: number;
  signal: AbortSignal;
  progress: RunProgress;
}

/** The tags of the images of a plan, by gateway@version; built where they are missing. */
export interface Images {
  sidecar: string;
  gateway: ReadonlyMap<string, string>;
}

const releaseKey = (cell: Planned) => `${cell.spec.gateway}@${cell.spec.version}`;

export async function buildImages(
  engine: Engine,
  cells: readonly Planned[],
  options: { say(line: string): void; signal: AbortSignal },
): Promise<Images> {
  const sidecar = await ensureImage(engine, sidecarImage, options);
  const gateway = new Map<string, string>();
  for (const cell of cells) {
    if (!gateway.has(releaseKey(cell)))
      gateway.set(releaseKey(cell), await ensureImage(engine, gated(cell.release.image), options));
  }
  return { sidecar, gateway };
}

/**
 * The life of a run: write down the plan, run the cells, judge what they left, report. The judging reads the files that were written, so `judge`
 * on the folder gives the same.
 */
export async function runPlan(
  engine: Engine,
  cells: readonly Planned[],
  images: Images,
  options: RunOptions,
): Promise<{ matrix: Matrix; results: ResultsFolder }> {
  const began = performance.now();
  const { results, file, left } = await beginOrResume(engine, cells, options);
  const facts = file.run;
  let failure: unknown;
  try {
    await runCells(engine, left, images, results, facts.id, options);
  } catch (error) {
    failure = error;
  }
  // Broken off by a signal or by an engine that is gone: either way it is not a whole run.
  const state = failure === undefined && !options.signal.aborted ? 'complete' : 'interrupted';
  const durationMs = (facts.durationMs ?? 0) + Math.round(performance.now() - began);
  const done: RunFile = { ...file, run: { ...facts, durationMs }, state };
  await results.writeRun(done);
  const matrix = await judgeRun(results, done);
  await writeReports(results, matrix);
  options.signal.throwIfAborted();
  if (failure !== undefined) {
    const code = failure instanceof Problem ? failure.code : 'engine-failed';
    throw new Problem(
      code,
      `the run was broken off: ${describe(failure)}\nWhat it had found is in ${results.folder}; the cells that did not run are inconclusive there.`,
      { cause: failure },
    );
  }
  return { matrix, results };
}

/** The folder of a new run, or of one that goes on, and what is left to run there. */
async function beginOrResume(
  engine: Engine,
  cells: readonly Planned[],
  { resultsRoot, resume }: RunOptions,
): Promise<{ results: ResultsFolder; file: RunFile; left: Planned[] }> {
  const facts = runFacts(engine);
  if (resume === undefined) {
    const plan = cells.map(plannedRow);
    const file: RunFile = { schemaVersion: RUN_SCHEMA_VERSION, run: facts, state: 'running', plan };
    return { results: await ResultsFolder.create(resultsRoot, file), file, left: [...cells] };
  }
  const before = await resume.readRun();
  refuseOtherMachine(before.run, facts);
  const resumedAt = [...(before.run.resumedAt ?? []), facts.startedAt];
  const file: RunFile = { ...before, run: { ...before.run, resumedAt }, state: 'running' };
  const left: Planned[] = [];
  for (const cell of cells) {
    const evidence = await loadEvidence(resume.cell(cell.id));
    if (evidence !== undefined && evidence.of('end').length > 0) continue;
    // A cell is one crash: half of one is nothing. A scenario goes on from its points.
    if (!isPlannedScenario(cell)) await resume.dropCell(cell.id);
    left.push(cell);
  }
  await resume.writeRun(file);
  return { results: resume, file, left };
}

/** Half a run from one engine and half from another is no run. */
function refuseOtherMachine(before: RunFacts, now: RunFacts): void {
  for (const name of ['engine', 'kernel', 'cgroupVersion', 'midwriteVersion'] as const) {
    if (before[name] === now[name]) continue;
    throw new Problem(
      'bad-usage',
      `the run was begun with another ${name} (${before[name]}; here it is ${now[name]}): its halves would not be of one run. Begin a new one.`,
    );
  }
}

/** Runs the cells, `jobs` at a time, in the order of the plan. What ends one for good (the engine is gone, the disk is full) ends all. */
async function runCells(
  engine: Engine,
  cells: readonly Planned[],
  images: Images,
  results: ResultsFolder,
  run: string,
  options: RunOptions,
): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const queue = [...cells];
  const worker = async () => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      signal.throwIfAborted();
      const { progress } = options;
      const current = cell;
      progress.cellStarted(current);
      const built = { gateway: images.gateway.get(releaseKey(current)) ?? '', sidecar: images.sidecar };
      const folder = results.cell(current.id);
      const phases = {
        phase: (name: string) => progress.cellPhase(current, name),
        share: (done: number) => progress.cellShare(current, done),
      };
      if (isPlannedScenario(current))
        await runScenario(engine, { ...current, images: built }, folder, run, phases, signal);
      else await runCell(engine, { ...current, images: built }, folder, run, phases, signal);
      progress.cellEnded(current, await judgeCell(results, plannedRow(current)));
    }
  };
  const workers = Array.from({ length: options.jobs }, () =>
    worker().catch((error: unknown) => {
      broken.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(workers);
  const first = settled.find((outcome) => outcome.status === 'rejected');
  if (first !== undefined) throw broken.signal.reason;
}

function runFacts(engine: Engine): RunFacts {
  const now = new Date();
  const id = `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;
  const { version, operatingSystem, kernel, cgroupVersion } = engine.facts;
  return {
    id,
    startedAt: now.toISOString(),
    engine: `Docker Engine ${version} on ${operatingSystem}`,
    kernel,
    cgroupVersion,
    midwriteVersion,
  };
}

function plannedRow(planned: Planned): PlannedRow {
  const { id, role } = planned;
  if (isPlannedScenario(planned)) return { id, role, ...planned.spec };
  const { gateway, version, crashPoint, fault, aftermath, memoryBytes } = planned.spec;
  return { id, role, gateway, version, crashPoint, fault, aftermath, memoryBytes };
}

/** The command that does it again. */
function reproduce(planned: PlannedRow): string {
  if (!('scenario' in planned)) return `npx midwrite run --cell ${planned.id}`;
  const { scenario, gateway, version, isQuick, seed } = planned;
  const options = [...(seed === undefined ? [] : [`--seed ${seed}`]), ...(isQuick ? ['--quick'] : [])];
  return ['npx midwrite scenario', scenario, `--gateway ${gateway}@${version}`, ...options].join(' ');
}

async function judgeCell(results: ResultsFolder, planned: PlannedRow): Promise<MatrixRow> {
  const result = judge(await loadEvidence(results.cell(planned.id)));
  const gateway = gatewayNamed(planned.gateway);
  const { expected, checks } = compare(
    planned,
    result,
    readExpectations(gateway.expectations),
    planned.role === 'canary' || planned.role === 'mutant' ? gateway.mutant : undefined,
  );
  const { verdict, detail, durationMs } = result;
  const row = { verdict, expected, detail, durationMs, checks, reproduce: reproduce(planned) };
  if (!('scenario' in planned)) return { ...planned, ...row };
  const { figures, curves } = 'figures' in result ? result : { figures: [], curves: [] };
  return { ...planned, ...row, figures, curves };
}

/** The matrix of a run from its files alone: every planned cell has a row, whether it ran or not. */
export async function judgeRun(results: ResultsFolder, file?: RunFile): Promise<Matrix> {
  const { run, plan, state } = file ?? (await results.readRun());
  const cells: MatrixRow[] = [];
  for (const planned of plan) cells.push(await judgeCell(results, planned));
  const outcome = outcomeOf(cells);
  if (state !== 'complete') {
    outcome.kind = 'unsound';
    outcome.reasons.unshift(
      `the run did not come to its end (${state === 'running' ? 'its lab was killed, or it still runs' : 'it was interrupted'})`,
    );
  }
  return { schemaVersion: MATRIX_SCHEMA_VERSION, run, outcome, cells };
}

export async function writeReports(results: ResultsFolder, matrix: Matrix): Promise<void> {
  await results.write('matrix.json', `${JSON.stringify(matrix, null, 2)}\n`);
  await results.write('matrix.md', markdownReport(matrix));
}
