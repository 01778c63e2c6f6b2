import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { readExpectations } from '../judge/expectations.ts';
import { ExitCode, Problem, unreachable } from '../problem.ts';
import { defaultReporters, printedReports, reporters, reportersNamed } from '../report/index.ts';
import { FAIL_ON, type FailOn, type Report, type Reporter } from '../report/reporter.ts';
import type { Matrix } from '../result/matrix.ts';
import { several } from './several.ts';

/** The options of every command that judges: what lets it fail, and what it writes. */
export interface GateOptions {
  failOn?: FailOn;
  expectations?: string;
  reporter?: string[];
  json?: boolean;
}

export interface Gate {
  failOn: FailOn;
  /** Absolute. */
  expectations?: string;
  reporters: readonly Reporter[];
}

export function judging(command: Command): Command {
  return command
    .addOption(new Option('--fail-on <what>', 'which violations let it fail').choices(FAIL_ON).default('unexpected'))
    .option('--expectations <file>', "known findings, in place of the systems' own")
    .option('-r, --reporter <name>', `${reportersInWords()}; several with commas or by repeating it`, several)
    .option('--json', 'print JSON');
}

const reportersInWords = (): string =>
  reporters
    .map(
      ({ name, file, onlyWhenAsked }) =>
        `${name}${file === undefined ? '' : ` (${file})`}${onlyWhenAsked === true ? ', only when asked for' : ''}`,
    )
    .join(', ');

/** @throws Problem bad-usage, bad-definition */
export function gateOf({ failOn = 'unexpected', expectations, reporter }: GateOptions): Gate {
  const chosen = reporter === undefined ? defaultReporters : reportersNamed(reporter);
  if (expectations === undefined) return { failOn, reporters: chosen };
  if (!existsSync(expectations))
    throw new Problem('bad-usage', `${expectations} does not exist. --expectations takes a file of known findings.`);
  const full = path.resolve(expectations);
  // What is wrong with it is told before anything runs.
  readExpectations(full);
  return { failOn, expectations: full, reporters: chosen };
}

/** Prints the reports that are no files. With `json` standard output is the matrix alone, and the others go to stderr. */
export async function print(report: Report, chosen: readonly Reporter[], json: boolean): Promise<void> {
  const others = chosen.filter((one) => !json || one.name !== 'terminal');
  if (json) console.log(JSON.stringify(report.matrix, null, 2));
  for (const text of await printedReports(report, others)) (json ? console.error : console.log)(text);
}

/** A run that is not sound is never green; of one that is, `failOn` decides. */
export function exitCodeOf(
  { outcome, cells, explorations = [] }: Pick<Matrix, 'outcome' | 'cells'> & Partial<Pick<Matrix, 'explorations'>>,
  failOn: FailOn,
): ExitCode {
  switch (outcome.kind) {
    case 'unsound':
      return ExitCode.unsound;
    case 'unexpected':
      return failOn === 'never' ? ExitCode.sound : ExitCode.unexpectedViolation;
    case 'sound': {
      const isViolated = [...cells, ...explorations].some(
        (cell) => cell.role === 'cell' && cell.verdict === 'violated',
      );
      return failOn === 'any' && isViolated ? ExitCode.unexpectedViolation : ExitCode.sound;
    }
    default:
      return unreachable(outcome.kind);
  }
}
