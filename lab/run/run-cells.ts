import { type CellPlan, runCell } from '../cell/cell.ts';
import type { Engine } from '../engine/engine.ts';
import { isPlannedScenario, type Planned, type PlannedCell, type PlannedScenario } from '../plan/planned.ts';
import type { RunFacts } from '../result/matrix.ts';
import type { ResultsFolder, RunFile } from '../results.ts';
import { noTimeLeft } from '../results.ts';
import { runScenario } from '../scenario/run-scenario.ts';
import { slowed } from '../session/slowed.ts';
import type { Release } from '../system.ts';
import { plannedRow } from './begin-run.ts';
import type { Images } from './images.ts';
import { judgeCell } from './judge-run.ts';
import { LookAhead } from './look-ahead.ts';
import type { RunOptions } from './options.ts';

const releaseKey = (cell: Planned) => `${cell.spec.system}@${cell.spec.version}`;

/**
 * Runs the cells, `jobs` at a time, in the order of the plan. What ends one for good (the engine is gone, the disk is full) ends all.
 * @returns those for which there was no time
 */
export async function runCells(
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
  await using lookAhead = new LookAhead(engine, facts.id);
  const worker = async () => {
    for (let cell = next(); cell !== undefined; cell = next()) {
      signal.throwIfAborted();
      const { progress } = options;
      const current = cell;
      progress.cellStarted(current);
      const folder = results.cell(current.id);
      const phases = {
        phase: (name: string) => progress.cellPhase(current, name),
        share: (done: number) => progress.cellShare(current, done),
      };
      if (isPlannedScenario(current))
        await runScenario(
          engine,
          { ...current, images: builtFor(current, images), before: beforeOf(current, images) },
          folder,
          facts.id,
          phases,
          signal,
        );
      else {
        const plan = cellPlan(engine, current, images);
        const ahead = lookAhead.take(current.id);
        const upcoming = queue[0];
        if (upcoming !== undefined && !isPlannedScenario(upcoming))
          lookAhead.begin(upcoming.id, cellPlan(engine, upcoming, images));
        await runCell(engine, plan, folder, facts.id, phases, signal, ahead);
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
  return queue.map(({ id }) => ({ id, why: noTimeLeft(maxDurationMs) }));
}

const builtFor = (cell: Planned, images: Images) => ({
  system: images.system.get(releaseKey(cell)) ?? '',
  sidecar: images.sidecar,
});

const cellPlan = (engine: Engine, cell: PlannedCell, images: Images): CellPlan => ({
  ...cell,
  release: slowed(cell.release, engine.slowness ?? 1),
  images: builtFor(cell, images),
});

/** Of an upgrade: the release before, and its image. */
function beforeOf({ old }: PlannedScenario, images: Images): { release: Release; image: string } | undefined {
  if (old === undefined) return undefined;
  return { release: old, image: images.system.get(`${old.system}@${old.version}`) ?? '' };
}
