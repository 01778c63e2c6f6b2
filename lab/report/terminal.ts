import { styleText } from 'node:util';
import Table from 'cli-table3';
import { plain } from '../plain.ts';
import {
  type AnyRow,
  isBroken,
  type Matrix,
  type MatrixExploration,
  type MatrixFigure,
  type MatrixRow,
  type MatrixScenario,
} from '../result/matrix.ts';
import { glyph } from '../result/verdict.ts';
import { byScenario, chart, sharedCurves } from './chart.ts';
import { exercisedNowhere, isIdle } from './exercised.ts';
import { sizeInWords, titleOf, verdictInWords } from './explorations.ts';
import { headlines } from './headline.ts';
import { labShareInWords } from './lab-share.ts';
import { NOT_STRUCK, notStruck } from './not-struck.ts';
import type { Reporter } from './reporter.ts';
import { attempts, counts, findings, grid, scenariosOf } from './table.ts';

export const terminal: Reporter = {
  name: 'terminal',
  summary: 'the result as a table, printed',
  write: ({ matrix }) => terminalReport(matrix, { colour: hasColours() }),
};

/** https://no-color.org */
export const hasColours = (): boolean => process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

/** Longer names of places are wrapped. */
const TITLE_WIDTH = 96;

type Colour = Parameters<typeof styleText>[0];

function colourOf(cell: AnyRow): Colour {
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
    ...(rows.some(({ title }) => title.length > TITLE_WIDTH) && { colWidths: [TITLE_WIDTH + 2] }),
  });
  for (const row of rows) {
    table.push([
      row.title,
      ...row.boxes.map((cells) => attempts(cells, (cell) => paint(colourOf(cell), box(cell))).join('\n')),
    ]);
  }
  const told = [...byScenario(matrix).values()].flatMap((rows) => [
    ...rows.flatMap((row) => scenarioInWords(row, paint)),
    ...sharedCurves(rows).flatMap((curve) => [chart(curve), '']),
  ]);
  const explored = matrix.explorations.flatMap((row) => explorationInWords(row, paint));
  const lines = [...(rows.length === 0 ? [] : [table.toString(), '']), ...told, ...explored, legend(matrix)];
  const known = new Map<string, Set<string>>();
  const all = [...matrix.cells, ...matrix.explorations];
  for (const cell of all) {
    for (const check of cell.checks) {
      if (check.issue !== undefined)
        known.set(check.issue, (known.get(check.issue) ?? new Set()).add(`${cell.system}@${cell.version} ${check.id}`));
    }
  }
  if (known.size > 0)
    lines.push('', 'Known findings:', ...[...known].map(([issue, what]) => `  ${issue}  (${[...what].join(', ')})`));
  const fresh = all.filter((cell) => !cell.expected);
  if (fresh.length > 0) lines.push('', 'Not as expected:', ...fresh.flatMap(explain));
  const nowhere = exercisedNowhere(matrix.cells);
  if (nowhere.length > 0)
    lines.push(
      '',
      'Held, and exercised nowhere in this run (nothing that was seen could have broken them):',
      ...nowhere.map(({ system, checks }) => `  ${system}: ${checks.join(', ')}`),
    );
  const missing = notStruck(matrix.cells);
  if (missing.length > 0)
    lines.push('', `${NOT_STRUCK}:`, ...missing.map(({ system, files }) => `  ${system}: ${plain(files.join(', '))}`));
  if (matrix.stale.length > 0)
    lines.push('', 'Expectations that no longer fit:', ...matrix.stale.map((one) => `  ${plain(one.detail)}`));
  return lines.join('\n');
}

/** A scenario says in words what its checks found. */
function scenarioInWords(row: MatrixScenario, paint: (colour: Colour, text: string) => string): string[] {
  const title = `${row.scenario}${row.isQuick ? ' (quick)' : ''} · ${row.system}@${row.version}: ${glyph(row.verdict)} ${row.verdict}${row.verdict === 'violated' ? (row.expected ? ', as known' : ', NEW') : ''}`;
  const checks = row.checks
    .filter((check) => check.verdict !== 'not-applicable')
    .map((check) => `    ${glyph(check.verdict)} ${check.id}: ${plain(check.detail)}`);
  return [
    paint(colourOf(row), title),
    ...(row.checks.every((check) => check.detail === row.detail) ? [`    ${plain(row.detail)}`] : checks),
    ...row.figures.flatMap(figureInWords),
    '',
  ];
}

/** An exploration: how much of it there was, and what it found. Of a canary that was caught nobody wants to know what is wrong with it. */
function explorationInWords(row: MatrixExploration, paint: (colour: Colour, text: string) => string): string[] {
  const found = isBroken(row) && row.expected ? [] : row.findings;
  return [
    paint(colourOf(row), `explored: ${titleOf(row)}: ${glyph(row.verdict)} ${verdictInWords(row)}`),
    `    ${sizeInWords(row)}`,
    ...found.flatMap(({ check, model, promised, cause, detail, states }) => [
      `    ${promised ? '✗' : '·'} ${check} (${model}${promised ? '' : ', not promised'}): ${plain(cause)}`,
      `        ${plain(detail)} (${states} state${states === 1 ? '' : 's'})`,
    ]),
    '',
  ];
}

/** What was found, and what the document says of it. */
function figureInWords({ what, document, measured, reproduced, why }: MatrixFigure): string[] {
  const told = document === undefined ? '' : ` (the document: ${document}; reproduced: ${reproduced})`;
  return [`    · ${what}: ${plain(measured)}${told}${why === undefined ? '' : `: ${plain(why)}`}`];
}

function box(cell: MatrixRow): string {
  const found = findings(cell);
  const news = found.filter((one) => !one.known).map((one) => one.text);
  const known = found.filter((one) => one.known).map((one) => one.text);
  const lines = [`${glyph(cell.verdict)} ${cell.verdict}`];
  const idle = cell.checks.filter(isIdle).length;
  // The box says how much of it was earned; the page says which promises.
  if (cell.verdict === 'held' && idle > 0) lines[0] = `${glyph(cell.verdict)} ${cell.verdict}, ${idle} not exercised`;
  if (news.length > 0) lines.push(...news.map((text) => `NEW ${text}`));
  if (known.length > 0) lines.push(...known.map((text) => `${isBroken(cell) ? 'caught by' : 'known'}: ${text}`));
  return lines.join('\n');
}

/** What is wrong with a cell, and how to see it again. */
export function explain(cell: AnyRow): string[] {
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
    sound: 'as expected. The run is sound: its controls held and its canary was caught',
    unexpected: 'not as expected. The run is sound: its controls held and its canary was caught',
    unsound: 'inconclusive. Fix these before trusting any verdict',
  }[outcome.kind];
  const cells = matrix.cells.filter((cell) => cell.role === 'cell');
  const scenarios = scenariosOf(matrix).length;
  const explorations = matrix.explorations.filter((one) => one.role === 'cell');
  const what = [
    ...(scenarios > 0 ? [`${scenarios} scenario${scenarios === 1 ? '' : 's'}`] : []),
    ...(cells.length > scenarios
      ? [`${cells.length - scenarios} cell${cells.length - scenarios === 1 ? '' : 's'}`]
      : []),
    ...(matrix.cells.length > cells.length
      ? [`${matrix.cells.length - cells.length} control${matrix.cells.length - cells.length === 1 ? '' : 's'}`]
      : []),
    ...(explorations.length > 0 ? [`${explorations.length} exploration${explorations.length === 1 ? '' : 's'}`] : []),
  ].join(' and ');
  const lines = [
    ...headlines(matrix).map(({ system, words }) => `${system}: ${words}`),
    '',
    `${what}${seconds}: ${counts([...cells, ...explorations])}.`,
    labShareInWords(matrix) ?? [],
    `Result: ${words}${outcome.kind === 'unsound' ? ':' : '.'}`,
  ].flat();
  if (outcome.kind === 'unsound') lines.push(...outcome.reasons.map((reason) => `  - ${plain(reason)}`));
  return lines.join('\n');
}
