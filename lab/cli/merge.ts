import path from 'node:path';
import { readAsked } from '../explore/asked.ts';
import { areExplorations, mergeExplorationFolders } from '../explore/shards/merge-folders.ts';
import type { ExitCode } from '../problem.ts';
import { reportOf, writeReports } from '../report/index.ts';
import { judgeRun } from '../run/judge-run.ts';
import { mergeShards } from '../shard/merge.ts';
import { stamp } from '../stamp.ts';
import { useConfigOf } from './config.ts';
import { keepPage, shownSystem, shownUpgrade, tellExploration } from './explore.ts';
import { exitCodeOf, type GateOptions, gateOf, print } from './gate.ts';

export interface MergeOptions extends GateOptions {
  results: string;
}

/** Puts shards together and judges them as one run. */
export async function mergeCommand(folders: readonly string[], options: MergeOptions): Promise<ExitCode> {
  const full = folders.map((folder) => path.resolve(folder));
  if (areExplorations(full)) return mergeExplorations(full, options);
  const gate = gateOf(options);
  const results = await mergeShards(full, path.resolve(options.results));
  await useConfigOf(results);
  const matrix = await judgeRun(results, undefined, gate);
  const report = reportOf(matrix, results, gate.failOn);
  await writeReports(report, results, gate.reporters);
  await print(report, gate.reporters, options.json === true);
  return exitCodeOf(matrix, gate.failOn);
}

/** Puts the shards of one exploration together, and tells of it as of one that was not cut. */
async function mergeExplorations(folders: readonly string[], options: MergeOptions): Promise<ExitCode> {
  const id = `explore-${stamp()}-merged`;
  const into = path.resolve(options.results, id);
  const found = await mergeExplorationFolders(folders, into);
  const { defect, workload, config, from } = await readAsked(folders[0] ?? '');
  await keepPage(into, {
    system: shownSystem(found, defect),
    workload,
    ...(config !== undefined && { config }),
    ...(from !== undefined && { upgrade: shownUpgrade(found, defect, from) }),
  });
  return tellExploration(found, path.relative(process.cwd(), into), options.json === true);
}
