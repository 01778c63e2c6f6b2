import path from 'node:path';
import { plain } from '../plain.ts';
import { type ExitCode, Problem } from '../problem.ts';
import { COMPARISON_FILE, compareRuns, comparisonInWords } from '../report/compare.ts';
import { compareHtml } from '../report/html.ts';
import { reportOf, writeReports } from '../report/index.ts';
import type { Report } from '../report/reporter.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run/judge-run.ts';
import { useConfigOf } from './config.ts';
import { exitCodeOf, type Gate, type GateOptions, gateOf, print } from './gate.ts';

/** Judges a stored run and writes its reports again; with `compare` two of them, side by side. */
export async function reportCommand(
  folders: readonly string[],
  options: GateOptions & { compare?: boolean },
): Promise<ExitCode> {
  const gate = gateOf(options);
  const wanted = options.compare === true ? 2 : 1;
  const [first, second] = folders;
  if (first === undefined || folders.length !== wanted)
    throw new Problem(
      'bad-usage',
      `\`midwrite report\` takes one run, and with --compare two, the earlier one first; ${folders.length} were named.`,
    );
  if (second !== undefined) return compare(first, second, gate);
  const { report, results } = await judged(first, gate);
  await writeReports(report, results, gate.reporters);
  await print(report, gate.reporters, options.json === true);
  return exitCodeOf(report.matrix, gate.failOn);
}

/** Writes what became of each cell beside the later run's reports. The exit code is the later run's. */
async function compare(earlier: string, later: string, gate: Gate): Promise<ExitCode> {
  const [before, after] = [await judged(earlier, gate), await judged(later, gate)];
  const file = await after.results.write(COMPARISON_FILE, await compareHtml(before.report, after.report));
  console.log(plain(comparisonInWords(compareRuns(before.report.matrix, after.report.matrix))));
  console.log(`\nThe page: ${path.relative(process.cwd(), file)}`);
  return exitCodeOf(after.report.matrix, gate.failOn);
}

async function judged(folder: string, gate: Gate): Promise<{ report: Report; results: ResultsFolder }> {
  const results = new ResultsFolder(path.resolve(folder));
  await useConfigOf(results);
  const matrix = await judgeRun(results, undefined, gate);
  return { report: reportOf(matrix, results, gate.failOn), results };
}
