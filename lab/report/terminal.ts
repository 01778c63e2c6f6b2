import { styleText } from 'node:util';
import Table from 'cli-table3';
import { glyph } from '../judge/verdict.ts';
import { isBroken, type Matrix, type MatrixCell } from './matrix.ts';
import { plain } from './plain.ts';
import { counts, findings, grid } from './table.ts';

type Colour = Parameters<typeof styleText>[0];

function colourOf(cell: MatrixCell): Colour {
  switch (cell.verdict) {
    case 'held':
      return 'green';
    case 'violated':
      return cell.expected ? 'yellow' : 'red';
    case 'missed':
    case 'inconclusive':
      return 'magenta';
    case 'not-applicable':
      return 'gray';
  }
}

/** `colour`: false leaves plain text, which says the same. */
export function terminalReport(matrix: Matrix, options: { colour: boolean }): string {
  const paint = (colour: Colour, text: string) =>
    options.colour ? styleText(colour, text, { validateStream: false }) : text;
  const { columns, rows } = grid(matrix);
  const table = new Table({
    head: ['', ...columns],
    style: { head: options.colour ? ['bold'] : [], border: [] },
    wordWrap: true,
  });
  for (const row of rows) {
    table.push([
      row.title,
      ...row.boxes.map((cells) =>
        cells === undefined ? '' : cells.map((cell) => paint(colourOf(cell), box(cell))).join('\n'),
      ),
    ]);
  }
  const lines = [table.toString(), '', legend(matrix)];
  const known = new Map<string, Set<string>>();
  for (const cell of matrix.cells) {
    for (const check of cell.checks) {
      if (check.issue !== undefined)
        known.set(
          check.issue,
          (known.get(check.issue) ?? new Set()).add(`${cell.gateway}@${cell.version} ${check.id}`),
        );
    }
  }
  if (known.size > 0)
    lines.push('', 'Known findings:', ...[...known].map(([issue, what]) => `  ${issue}  (${[...what].join(', ')})`));
  const fresh = matrix.cells.filter((cell) => !cell.expected);
  if (fresh.length > 0) lines.push('', 'Not as expected:', ...fresh.flatMap(explain));
  return lines.join('\n');
}

function box(cell: MatrixCell): string {
  const found = findings(cell);
  const news = found.filter((one) => !one.known).map((one) => one.text);
  const known = found.filter((one) => one.known).map((one) => one.text);
  const lines = [`${glyph(cell.verdict)} ${cell.verdict}`];
  if (news.length > 0) lines.push(...news.map((text) => `NEW ${text}`));
  if (known.length > 0) lines.push(...known.map((text) => `${isBroken(cell) ? 'caught by' : 'known'}: ${text}`));
  return lines.join('\n');
}

/** What is wrong with a cell, and how to see it again. */
export function explain(cell: MatrixCell): string[] {
  const checks = cell.checks.filter((check) => check.verdict === 'violated' && check.issue === undefined);
  const said =
    cell.verdict === 'violated'
      ? checks.map((check) => `    ${check.id}: ${plain(check.detail)}`)
      : [`    ${plain(cell.detail)}`];
  return [`  ${cell.id}: ${cell.verdict}`, ...said, `    again: ${cell.reproduce}`];
}

function legend(matrix: Matrix): string {
  const { run, outcome } = matrix;
  const seconds = run.durationMs === undefined ? '' : ` in ${Math.round(run.durationMs / 1000)} s`;
  const words = {
    sound: 'sound: everything is as expected',
    unexpected: 'sound, with violations that are not known yet',
    unsound: 'NOT SOUND: it proves nothing as a whole',
  }[outcome.kind];
  const cells = matrix.cells.filter((cell) => cell.role === 'cell');
  const lines = [
    `${cells.length} cells and ${matrix.cells.length - cells.length} controls${seconds}: ${counts(cells)}.`,
    `The run is ${words}.`,
  ];
  if (outcome.kind === 'unsound') lines.push(...outcome.reasons.map((reason) => `  - ${plain(reason)}`));
  return lines.join('\n');
}
