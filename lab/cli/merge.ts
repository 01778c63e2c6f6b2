import path from 'node:path';
import type { ExitCode } from '../problem.ts';
import { reportOf, writeReports } from '../report/index.ts';
import { judgeRun } from '../run/judge-run.ts';
import { mergeShards } from '../shard/merge.ts';
import { useConfigOf } from './config.ts';
import { exitCodeOf, type GateOptions, gateOf, print } from './gate.ts';

export interface MergeOptions extends GateOptions {
  results: string;
}

/** Puts shards together and judges them as one run. */
export async function mergeCommand(folders: readonly string[], options: MergeOptions): Promise<ExitCode> {
  const gate = gateOf(options);
  const results = await mergeShards(
    folders.map((folder) => path.resolve(folder)),
    path.resolve(options.results),
  );
  await useConfigOf(results);
  const matrix = await judgeRun(results, undefined, gate);
  const report = reportOf(matrix, results, gate.failOn);
  await writeReports(report, results, gate.reporters);
  await print(report, gate.reporters, options.json === true);
  return exitCodeOf(matrix, gate.failOn);
}
