import path from 'node:path';
import type { ExitCode } from '../problem.ts';
import { reportOf, writeReports } from '../report/index.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run.ts';
import { exitCodeOf, type GateOptions, gateOf, print } from './gate.ts';

/** Judges a stored run and writes its reports again. */
export async function reportCommand(folder: string, options: GateOptions): Promise<ExitCode> {
  const gate = gateOf(options);
  const results = new ResultsFolder(path.resolve(folder));
  const matrix = await judgeRun(results, undefined, gate);
  const report = reportOf(matrix, results, gate.failOn);
  await writeReports(report, results, gate.reporters);
  await print(report, gate.reporters, options.json === true);
  return exitCodeOf(matrix, gate.failOn);
}
