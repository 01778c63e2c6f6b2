import { loadEvidence } from '../evidence/cell-evidence.ts';
import { explorationView } from '../explore/view.ts';
import { Problem } from '../problem.ts';
import type { Matrix } from '../result/matrix.ts';
import type { ResultsFolder } from '../results.ts';
import { github } from './github.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';
import type { FailOn, Report, Reporter } from './reporter.ts';
import { terminal } from './terminal.ts';

/** Every format. */
export const reporters: readonly Reporter[] = [terminal, markdown, json, junit, html, github];

export const defaultReporters: readonly Reporter[] = reporters.filter((one) => one.onlyWhenAsked !== true);

/** @throws Problem bad-usage */
export function reportersNamed(names: readonly string[]): Reporter[] {
  return [...new Set(names)].map((name) => {
    const found = reporters.find((one) => one.name === name);
    if (found !== undefined) return found;
    const known = reporters.map((one) => one.name).join(', ');
    throw new Problem('bad-usage', `Unknown reporter "${name}". Available: ${known}.`);
  });
}

export function reportOf(matrix: Matrix, results: ResultsFolder, failOn: FailOn): Report {
  return {
    matrix,
    failOn,
    evidenceOf: (row) => loadEvidence(results.cell(row.id)),
    explorationOf: (row) => explorationView(results.exploration(row.id)),
  };
}

/** Writes the reports that are files into the run's folder. */
export async function writeReports(
  report: Report,
  results: ResultsFolder,
  chosen: readonly Reporter[] = defaultReporters,
): Promise<void> {
  for (const { file, write } of chosen) {
    if (file !== undefined) await results.write(file, await write(report));
  }
}

/** The texts of the reports that are printed. */
export async function printedReports(
  report: Report,
  chosen: readonly Reporter[] = defaultReporters,
): Promise<string[]> {
  const texts: string[] = [];
  for (const { file, write } of chosen) {
    if (file === undefined) texts.push(await write(report));
  }
  return texts.filter((text) => text !== '');
}
