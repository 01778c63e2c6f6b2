import path from 'node:path';
import { ExitCode, unreachable } from '../problem.ts';
import type { Matrix, Outcome } from '../report/matrix.ts';
import { terminalReport } from '../report/terminal.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run.ts';

export async function judgeCommand(folder: string, options: { json?: boolean }): Promise<ExitCode> {
  const matrix = await judgeRun(new ResultsFolder(path.resolve(folder)));
  print(matrix, options.json === true);
  return exitCodeOf(matrix.outcome);
}

export function print(matrix: Matrix, json: boolean): void {
  console.log(
    json
      ? JSON.stringify(matrix, null, 2)
      : terminalReport(matrix, { colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined }),
  );
}

export function exitCodeOf(outcome: Outcome): ExitCode {
  switch (outcome.kind) {
    case 'sound':
      return ExitCode.sound;
    case 'unexpected':
      return ExitCode.unexpectedViolation;
    case 'unsound':
      return ExitCode.unsound;
    default:
      return unreachable(outcome.kind);
  }
}
