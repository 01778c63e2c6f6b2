import path from 'node:path';
import type { ExitCode } from '../problem.ts';
import { reportOf } from '../report/index.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run/judge-run.ts';
import { useConfigOf } from './config.ts';
import { exitCodeOf, type GateOptions, gateOf, print } from './gate.ts';

export async function judgeCommand(folder: string, options: GateOptions): Promise<ExitCode> {
  const gate = gateOf(options);
  const results = new ResultsFolder(path.resolve(folder));
  await useConfigOf(results);
  const matrix = await judgeRun(results, undefined, gate);
  await print(reportOf(matrix, results, gate.failOn), gate.reporters, options.json === true);
  return exitCodeOf(matrix, gate.failOn);
}
