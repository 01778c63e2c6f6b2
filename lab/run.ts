import pMap from 'p-map';
import { gated } from '../images/gated/recipe.ts';
import { mutants } from '../images/index.ts';
import { sidecarImage } from '../images/sidecar/recipe.ts';
import { runCell } from './cell/cell.ts';
import type { Engine } from './engine/engine.ts';
import { CELLS_AT_ONCE, loadEvidence } from './evidence/cell-evidence.ts';
import { judgeExplorations } from './explore/judge-explorations.ts';
import type { PlannedExploration } from './explore/plan-explorations.ts';
import { configOf, runExplorations } from './explore/run-explorations.ts';
import { ensureImage } from './image/build.ts';
import { compare, inForce, readExpectations, shownExpectations } from './judge/expectations.ts';
import { judge } from './judge/judge.ts';
import { staleExpectations } from './judge/stale.ts';
import { systemTimeMs } from './judge/system-time.ts';
import { isPlannedScenario, knownSystem, type Planned, type PlannedScenario } from './plan.ts';
import { describe, Problem } from './problem.ts';
import { idleControls, type ShownMutant, withAbilities } from './report/exercised.ts';
import { reportOf, writeReports } from './report/index.ts';
import type { FailOn, Reporter } from './report/reporter.ts';
import {
  type AnyRow,
  MATRIX_SCHEMA_VERSION,
  type Matrix,
  type MatrixRow,
  outcomeOf,
  type RunFacts,
  type StaleExpectation,
} from './result/matrix.ts';
import { type PlannedRow, ResultsFolder, RUN_SCHEMA_VERSION, type RunFile, type Shard } from './results.ts';
import { runScenario } from './scenario/run-scenario.ts';
import { slowed } from './session/slowed.ts';
import { stamp } from './stamp.ts';
import type { Release } from './system.ts';
import { midwriteVersion } from './version.ts';

/** What a run tells while it goes on. */
export interface RunProgress {
  cellStarted(cell: Planned): void;
  cellPhase(cell: Planned, phase: string): void;
  /** How much of a long one is done: 0 to 1. */
  cellShare(cell: Planned, done: number): void;
  cellEnded(cell: Planned, row: MatrixRow): void;
  /** What an exploration does. */
  exploring?(line: string): void;
}

export interface RunOptions {
  resultsRoot: string;
  /** A run that was cut off, to be taken up again: what it has a verdict for does not run. */
  resume?: ResultsFolder;
  jobs: number;
  signal: AbortSignal;
  progress: RunProgress;
  /** Absent: every one that a run writes unless told otherwise. */
  reporters?: readonly Reporter[];
  failOn?: FailOn;
  /** In place of the systems' own. */
  expectations?: string;
  /** The cells are this part of a plan. */
  shard?: Shard;
  /** What is explored when the cells have run. Absent: nothing. */
  explorations?: readonly PlannedExploration[];
  /** No cell begins when the program has run for so long. */
  maxDurationMs?: number;
  /** The command and its options that run a part of this again, without what says which. Absent: `run`. */
  again?: string;
}

/** The tags of the images of a plan, by system@version; built where they are missing. */
export interface Images {
  sidecar: string;
  system: ReadonlyMap<string, string>;
}

const releaseKey = (cell: Planned) => `${cell.spec.system}@${cell.spec.version}`;

export async function buildImages(
  engine: Engine,
  cells: readonly Planned[],
  options: { say(line: string): void; signal: AbortSignal },
  observed: readonly Release[] = [],
): Promise<Images> {
  const sidecar = await ensureImage(engine, sidecarImage, options);
  const system = new Map<string, string>();
  const before = cells.flatMap((cell) => ('old' in cell && cell.old !== undefined ? [cell.old] : []));
  for (const release of [...cells.map((cell) => cell.release), ...before]) {
    const key = `${release.system}@${release.version}`;
    if (!system.has(key)) system.set(key, await ensureImage(engine, imageOf(release), options));
  }
  for (const release of observed)
    system.set(`${release.system}@${release.version}`, await ensureImage(engine, imageOf(release), options));
  return { sidecar, system };
}

/** A release's image with writegate in it, and the state folder. */
export const imageOf = ({ image, promises }: Pick<Release, 'image' | 'promises'>) =>
  gated(image, { path: promises.root });

/** The images of one release, and the sidecar's. */
export async function buildImagesOf(
  engine: Engine,
  release: Release,
  options: { say(line: string): void; signal: AbortSignal },
): Promise<{ system: string; sidecar: string }> {
  const sidecar = await ensureImage(engine, sidecarImage, options);
  return { sidecar, system: await ensureImage(engine, imageOf(release), options) };
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
  let leftOut: RunFile['leftOut'] = [];
  try {
    leftOut = await runCells(engine, left, images, results, facts, options);
    leftOut = [...leftOut, ...(await explorePlanned(engine, images, results, options))];
  } catch (error) {
    failure = error;
  }
  // Broken off by a signal or by an engine that is gone: either way it is not a whole run.
  const state = failure === undefined && !options.signal.aborted ? 'complete' : 'interrupted';
  const durationMs = (facts.durationMs ?? 0) + Math.round(performance.now() - began);
  const run = { ...facts, durationMs };
  const done: RunFile = { ...file, run, state, leftOut: leftOut.length === 0 ? undefined : leftOut };
  await results.writeRun(done);
  const matrix = await judgeRun(results, done, options);
  await writeReports(reportOf(matrix, results, options.failOn ?? 'unexpected'), results, options.reporters);
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
  { resultsRoot, resume, shard, again, explorations = [] }: RunOptions,
): Promise<{ results: ResultsFolder; file: RunFile; left: Planned[] }> {
  const facts = { ...runFacts(engine), ...(again !== undefined && { again }) };
  if (resume === undefined) {
    const plan = cells.map(plannedRow);
    const explored = explorations.length === 0 ? {} : { explorations: explorations.map(({ row }) => row) };
    const file: RunFile = {
      schemaVersion: RUN_SCHEMA_VERSION,
      run: facts,
      state: 'running',
      plan,
      ...explored,
      shard,
    };
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

/**
 * Runs the cells, `jobs` at a time, in the order of the plan. What ends one for good (the engine is gone, the disk is full) ends all.
 * @returns those for which there was no time
 */
async function runCells(
  engine: Engine,
  cells: readonly Planned[],
  images: Images,
  results: ResultsFolder,
  facts: RunFacts,
  options: RunOptions,
): Promise<NonNullable<RunFile['leftOut']>> {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const queue = [...cells];
  const { maxDurationMs = Number.POSITIVE_INFINITY } = options;
  // The program's own time, so that a limit in CI holds for all that it does.
  const next = () => (performance.now() < maxDurationMs ? queue.shift() : undefined);
  const worker = async () => {
    for (let cell = next(); cell !== undefined; cell = next()) {
      signal.throwIfAborted();
      const { progress } = options;
      const current = cell;
      progress.cellStarted(current);
      const built = { system: images.system.get(releaseKey(current)) ?? '', sidecar: images.sidecar };
      const folder = results.cell(current.id);
      const phases = {
        phase: (name: string) => progress.cellPhase(current, name),
        share: (done: number) => progress.cellShare(current, done),
      };
      if (isPlannedScenario(current))
        await runScenario(
          engine,
          { ...current, images: built, before: beforeOf(current, images) },
          folder,
          facts.id,
          phases,
          signal,
        );
      else {
        const release = slowed(current.release, engine.slowness ?? 1);
        await runCell(engine, { ...current, release, images: built }, folder, facts.id, phases, signal);
      }
      progress.cellEnded(current, await judgeCell(results.cell(current.id), plannedRow(current), facts, options));
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
  const why = `left out: the time that the run was given (${maxDurationMs / 1000} s) was over`;
  return queue.map(({ id }) => ({ id, why }));
}

/** The explorations of a run: each takes all jobs. */
function explorePlanned(
  engine: Engine,
  images: Images,
  results: ResultsFolder,
  { explorations = [], jobs, maxDurationMs, again, signal, progress }: RunOptions,
): Promise<{ id: string; why: string }[]> {
  const config = configOf(again);
  return runExplorations(engine, explorations, {
    folderOf: (id) => results.exploration(id),
    imagesOf: (key) => ({ system: images.system.get(key) ?? '', sidecar: images.sidecar }),
    jobs,
    ...(maxDurationMs !== undefined && { maxDurationMs }),
    ...(config !== undefined && { config }),
    signal,
    say: (line) => progress.exploring?.(line),
  });
}

/** Of an upgrade: the release before, and its image. */
function beforeOf({ old }: PlannedScenario, images: Images): { release: Release; image: string } | undefined {
  if (old === undefined) return undefined;
  return { release: old, image: images.system.get(`${old.system}@${old.version}`) ?? '' };
}

/** What a run says of itself when it begins. */
export function runFacts(engine: Engine): RunFacts {
  const now = new Date();
  const { version, operatingSystem, kernel, cgroupVersion } = engine.facts;
  return {
    id: stamp(now),
    startedAt: now.toISOString(),
    engine: `Docker Engine ${version} on ${operatingSystem}`,
    kernel,
    cgroupVersion,
    midwriteVersion,
  };
}

export function plannedRow(planned: Planned): PlannedRow {
  const { id, role } = planned;
  if (isPlannedScenario(planned)) return { id, role, ...planned.spec };
  const { system, version, crashPoint, fault, aftermath, memoryBytes } = planned.spec;
  const { words } = planned.crashPoint;
  const place = words === undefined ? {} : { place: words };
  return { id, role, system, version, crashPoint, ...place, fault, aftermath, memoryBytes };
}

/** The command that does it again. */
function reproduce(planned: PlannedRow, run: RunFacts): string {
  if (!('scenario' in planned)) return `npx midwrite ${run.again ?? 'run'} --cell ${planned.id}`;
  const { scenario, system, version, isQuick, seed, from } = planned;
  if (from !== undefined) return `npx midwrite upgrade ${system}@${from}..${version}${isQuick ? ' --quick' : ''}`;
  const options = [...(seed === undefined ? [] : [`--seed ${seed}`]), ...(isQuick ? ['--quick'] : [])];
  return ['npx midwrite scenario', scenario, `--system ${system}@${version}`, ...options].join(' ');
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
  const row = { verdict, expected, detail, ...time, checks, reproduce: reproduce(planned, run) };
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
