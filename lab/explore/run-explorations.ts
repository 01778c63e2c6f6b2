import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { writeProblem } from '../evidence/recorder.ts';
import { makeFolder } from '../make-folder.ts';
import { describe, endsRun } from '../problem.ts';
import { noTimeLeft } from '../results.ts';
import { slowed } from '../session/slowed.ts';
import { withOwnStart } from '../source/own-start.ts';
import { workloadOf } from '../workload/workload.ts';
import { readAsked } from './asked.ts';
import { MODELS } from './crash-state.ts';
import { EXPLORATION_FILE, type Exploration, readExploration } from './exploration.ts';
import { DRAWS, explore, RECOVERIES } from './explore.ts';
import type { PlannedExploration } from './plan-explorations.ts';
import { explorationReport } from './report.ts';
import type { ExplorationShard } from './shards/part.ts';

export interface RunExplorationsOptions {
  /** The folder of one, below the run's. */
  folderOf(id: string): string;
  imagesOf(key: string): { system: string; sidecar: string };
  /** So many states at a time. Absent: as many as do well. */
  jobs?: number | undefined;
  /** Which part of each is explored; a canary's is whole in each. Absent: all. */
  shard?: ExplorationShard | undefined;
  /** No boot and no real crash begins when the program has run for so long. */
  maxDurationMs?: number;
  /** The config that a person would name again. */
  config?: string;
  signal: AbortSignal;
  say(line: string): void;
}

/**
 * Explores what a run has planned, one after the other: each takes all jobs. One that came to its end is kept; one that was broken off is resumed where
 * its record was whole, and else begun anew.
 * @returns why those have no result that could not be explored
 * @throws Problem engine-lost, no-space, …: what ends a run for good
 */
export async function runExplorations(
  engine: Engine,
  planned: readonly PlannedExploration[],
  options: RunExplorationsOptions,
): Promise<{ id: string; why: string }[]> {
  const without: { id: string; why: string }[] = [];
  for (const one of planned) {
    options.signal.throwIfAborted();
    const folder = options.folderOf(one.row.id);
    if (isComplete(folder)) continue;
    const { maxDurationMs = Number.POSITIVE_INFINITY } = options;
    if (performance.now() >= maxDurationMs) {
      const hasOne = (await readExploration(folder)) !== undefined;
      if (!hasOne) without.push({ id: one.row.id, why: noTimeLeft(maxDurationMs) });
      continue;
    }
    try {
      await keepExploration(folder, await exploreOne(engine, one, folder, options));
    } catch (error) {
      options.signal.throwIfAborted();
      if (endsRun(error)) throw error;
      without.push({ id: one.row.id, why: `it could not be explored: ${describe(error)}` });
    }
  }
  return without;
}

async function exploreOne(
  engine: Engine,
  { row, release }: PlannedExploration,
  folder: string,
  { imagesOf, jobs, shard, maxDurationMs, config, signal, say }: RunExplorationsOptions,
): Promise<Exploration> {
  const resume = existsSync(path.join(folder, 'explore.json')) ? await readAsked(folder) : undefined;
  if (resume === undefined) await rm(folder, { recursive: true, force: true });
  const started = await withOwnStart(engine, release, { say, signal });
  const subject = {
    release: slowed(started, engine.slowness ?? 1),
    images: imagesOf(`${row.system}@${row.version}`),
    memoryBytes: row.memoryBytes,
  };
  return explore(engine, subject, folder, {
    workload: workloadOf(row.exploration, release),
    models: MODELS.filter((model) => row.models.includes(model)),
    maxStates: row.maxStates ?? Number.POSITIVE_INFINITY,
    everyState: false,
    ...DRAWS,
    maxDurationMs:
      maxDurationMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, maxDurationMs - performance.now()),
    ...(config !== undefined && { again: `--config ${config} `, config }),
    ...(resume !== undefined && { resume }),
    ...(shard !== undefined && row.role !== 'canary' && { shard }),
    jobs,
    signal,
    say,
  });
}

/** It told what it found, and had time for all of it: else what its recoveries had written is kept. */
export const isComplete = (folder: string): boolean =>
  existsSync(path.join(folder, EXPLORATION_FILE)) && !existsSync(path.join(folder, RECOVERIES));

/** The command that does an exploration again. @param system as `--system` takes it, with the defect of a mutant */
export function exploreAgain(of: {
  system: string;
  workload: string;
  config?: string;
  maxStates?: number;
  /** In place of a system and a workload: an upgrade, as `--upgrade` takes it. */
  upgrade?: string;
}): string {
  const config = of.config === undefined ? '' : `--config ${of.config} `;
  const bound = of.maxStates === undefined ? '' : ` --max-states ${of.maxStates}`;
  const what = of.upgrade === undefined ? `--system ${of.system} --workload ${of.workload}` : `--upgrade ${of.upgrade}`;
  return `npx midwrite explore ${config}${what}${bound}`;
}

/** The config in the command that runs a part of a run again. */
export const configOf = (again: string | undefined): string | undefined => /^run --config (.+)$/.exec(again ?? '')?.[1];

/** Writes what an exploration came to into its folder, for programs and for people. */
export async function keepExploration(folder: string, found: Exploration): Promise<void> {
  try {
    await makeFolder(folder);
    await writeFile(path.join(folder, EXPLORATION_FILE), `${JSON.stringify(found, null, 2)}\n`);
    await writeFile(path.join(folder, 'exploration.md'), explorationReport(found));
  } catch (error) {
    throw writeProblem(folder, error);
  }
}
