import { markdownTable } from 'markdown-table';
import { markdownText } from '../plain.ts';
import type { AnyRow, Matrix, MatrixCell, MatrixExploration, MatrixScenario } from '../result/matrix.ts';
import { glyph } from '../result/verdict.ts';
import { byScenario, chart, sharedCurves } from './chart.ts';
import { exercisedNowhere, isIdle } from './exercised.ts';
import { sizeInWords, titleOf, verdictInWords } from './explorations.ts';
import { headlines } from './headline.ts';
import { labShareInWords } from './lab-share.ts';
import { NOT_STRUCK, notStruck } from './not-struck.ts';
import { ranOnInWords } from './ran-on.ts';
import type { Reporter } from './reporter.ts';
import { attempts, counts, findings, grid, scenariosOf } from './table.ts';

export const markdown: Reporter = {
  name: 'markdown',
  summary: 'the result for people',
  file: 'matrix.md',
  write: ({ matrix }) => markdownReport(matrix),
};

/** The run as a page of Markdown: the matrix, what was found, and how to see it again. */
export function markdownReport(matrix: Matrix): string {
  const { run, outcome } = matrix;
  const { columns, rows } = grid(matrix);
  const all = [...matrix.cells, ...matrix.explorations];
  const cells = matrix.cells.filter((cell) => cell.role === 'cell');
  const sections = [
    '# Fault matrix',
    `${run.id} · midwrite ${run.midwriteVersion} · ${markdownText(ranOnInWords(run))} · ${cells.length} cells: ${counts(cells)}`,
    headlines(matrix)
      .map(({ system, words }) => `- ${markdownText(`${system}: ${words}`)}`)
      .join('\n'),
    ...[labShareInWords(matrix) ?? []].flat(),
    `**${{ sound: 'Sound', unexpected: 'Not as expected', unsound: 'Not sound' }[outcome.kind]}**${outcome.reasons.length === 0 ? '' : `\n\n${outcome.reasons.map((reason) => `- ${markdownText(reason)}`).join('\n')}`}`,
    ...(rows.length === 0
      ? []
      : [
          markdownTable([
            ['', ...columns],
            ...rows.map((row) => [
              markdownText(row.title),
              ...row.boxes.map((boxes) => attempts(boxes, box).join('<br>')),
            ]),
          ]),
        ]),
    ...(scenariosOf(matrix).length === 0
      ? []
      : [
          markdownTable([
            ['scenario', 'system', '', 'what it found'],
            ...scenariosOf(matrix).map((row) => [
              row.scenario + (row.isQuick ? ' (quick)' : ''),
              markdownText(`${row.system}@${row.version}`),
              `${glyph(row.verdict)} ${row.verdict}`,
              row.checks.map((check) => `${check.id}: ${markdownText(check.detail)}`).join('<br>'),
            ]),
          ]),
          ...[...byScenario(matrix)].flatMap(([name, rows]) => scenarioSection(name, rows)),
        ]),
    ...explorationsSection(matrix.explorations),
    '## What was violated',
    ...all.filter((cell) => cell.verdict === 'violated').map(section),
  ];
  if (!all.some((cell) => cell.verdict === 'violated')) sections.push('Nothing.');
  const nowhere = exercisedNowhere(matrix.cells);
  if (nowhere.length > 0)
    sections.push(
      '## Held, and exercised nowhere',
      'Nothing that was seen in this run could have broken these promises.',
      nowhere.map(({ system, checks }) => `- ${markdownText(system)}: ${checks.join(', ')}`).join('\n'),
    );
  const missing = notStruck(matrix.cells);
  if (missing.length > 0)
    sections.push(
      '## Not tried',
      `${NOT_STRUCK}.`,
      missing.map(({ system, files }) => `- ${markdownText(system)}: ${markdownText(files.join(', '))}`).join('\n'),
    );
  return `${sections.join('\n\n')}\n`;
}

/** The explorations of a run, a row each. */
function explorationsSection(rows: readonly MatrixExploration[]): string[] {
  if (rows.length === 0) return [];
  const found = ({ findings }: MatrixExploration) =>
    findings.map(
      ({ check, model, promised, cause }) =>
        `${check} (${model}${promised ? '' : ', not promised'}): ${markdownText(cause)}`,
    );
  return [
    '## Explorations',
    'Every state that a crash can leave in the workload: before each call, and inside each write.',
    markdownTable([
      ['explored', '', 'how much', 'what it found'],
      ...rows.map((row) => [
        markdownText(titleOf(row)),
        `${glyph(row.verdict)} ${verdictInWords(row)}`,
        sizeInWords(row),
        found(row).join('<br>') || 'nothing',
      ]),
    ]),
  ];
}

/** What a scenario found, the document's figures beside it, and its curves. */
function scenarioSection(name: string, rows: readonly MatrixScenario[]): string[] {
  const figures = rows.flatMap((row) =>
    row.figures.map(({ what, document = '', measured, reproduced, why }) => [
      markdownText(`${row.system}@${row.version}`),
      markdownText(what),
      markdownText(document),
      markdownText(measured) + (why === undefined ? '' : `<br>${markdownText(why)}`),
      reproduced,
    ]),
  );
  return [
    `### ${name}`,
    ...(figures.length === 0
      ? []
      : [markdownTable([['system', 'what', 'the document', 'measured', 'reproduced'], ...figures])]),
    ...sharedCurves(rows).map((curve) => ['```', chart(curve), '```'].join('\n')),
  ];
}

function box(cell: MatrixCell): string {
  const found = findings(cell).map((one) => `${one.text}${one.known ? '' : ' (new)'}`);
  const idle = cell.checks.filter(isIdle).length;
  const earned = cell.verdict === 'held' && idle > 0 ? `, ${idle} not exercised` : '';
  return [`${glyph(cell.verdict)} ${cell.verdict}${earned}`, ...found].join('<br>');
}

function section(cell: AnyRow): string {
  const checks = cell.checks.filter((check) => check.verdict === 'violated');
  const lines = checks.map(
    (check) =>
      `- **${check.id}**: ${markdownText(check.detail)}${check.issue === undefined ? '' : ` ([known](${check.issue}))`}`,
  );
  return [`### ${cell.id}`, markdownText(cell.detail), lines.join('\n'), `\`${cell.reproduce}\``].join('\n\n');
}
