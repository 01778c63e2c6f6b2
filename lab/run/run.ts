import type { Engine } from '../engine/engine.ts';
import { configOf, runExplorations } from '../explore/run-explorations.ts';
import type { Planned } from '../plan/planned.ts';
import { describe, Problem } from '../problem.ts';
import { reportOf, writeReports } from '../report/index.ts';
import type { Matrix } from '../result/matrix.ts';
import type { ResultsFolder, RunFile } from '../results.ts';
import { beginOrResume, plannedRow } from './begin-run.ts';
import type { Images } from './images.ts';
import { judgeRun } from './judge-run.ts';
import type { RunOptions } from './options.ts';
import { runCells } from './run-cells.ts';

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
  const { results, file: begun, left } = await beginOrResume(engine, cells, options);
  let file = begun;
  const facts = file.run;
  let failure: unknown;
  let leftOut: NonNullable<RunFile['leftOut']> = [];
  const further = async () =>
    leftOut.length === 0 ? ((await options.further?.(await judgeRun(results, file, options), results)) ?? []) : [];
  try {
    leftOut = await runCells(engine, left, images, results, facts, options);
    for (let more = await further(); more.length > 0; more = await further()) {
      file = await withMore(results, file, more);
      leftOut = await runCells(engine, more, images, results, facts, options);
    }
    leftOut = [...leftOut, ...(await explorePlanned(engine, images, results, file.shard, options))];
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

/** The run with cells that its plan did not have. Half of one, of a run that was cut off, is taken away. */
async function withMore(results: ResultsFolder, file: RunFile, more: readonly Planned[]): Promise<RunFile> {
  const known = new Set(file.plan.map(({ id }) => id));
  for (const { id } of more) await results.dropCell(id);
  const plan = [...file.plan, ...more.filter(({ id }) => !known.has(id)).map(plannedRow)];
  const longer = { ...file, plan };
  await results.writeRun(longer);
  return longer;
}

/** The explorations of a run: each takes all jobs. */
function explorePlanned(
  engine: Engine,
  images: Images,
  results: ResultsFolder,
  shard: RunFile['shard'],
  { explorations = [], jobs, maxDurationMs, again, signal, progress }: RunOptions,
): Promise<{ id: string; why: string }[]> {
  const config = configOf(again);
  return runExplorations(engine, explorations, {
    folderOf: (id) => results.exploration(id),
    imagesOf: (key) => ({ system: images.system.get(key) ?? '', sidecar: images.sidecar }),
    jobs,
    ...(shard !== undefined && { shard: { index: shard.index, count: shard.count } }),
    ...(maxDurationMs !== undefined && { maxDurationMs }),
    ...(config !== undefined && { config }),
    signal,
    say: (line) => progress.exploring?.(line),
  });
}
