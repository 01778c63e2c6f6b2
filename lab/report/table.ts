import { formatSize } from '../cell-id.ts';
import { knownFaults } from '../known.ts';
import {
  type AnyRow,
  isBroken,
  isScenario,
  type Matrix,
  type MatrixCell,
  type MatrixRow,
  type MatrixScenario,
} from '../result/matrix.ts';

/** The fault matrix as rows and columns, for every report that draws it: systems and crash points down, faults across. */
export interface Grid {
  columns: string[];
  rows: { title: string; boxes: (MatrixCell[] | undefined)[] }[];
}

export function grid(matrix: Matrix): Grid {
  const all = matrix.cells.filter((row): row is MatrixCell => !isScenario(row));
  const struck = new Set(all.map((cell) => cell.fault));
  const columns = knownFaults()
    .map((fault) => fault.name)
    .filter((name) => struck.has(name));
  const rows = new Map<string, MatrixCell[]>();
  // Controls stand at the end: the cells are what was asked for.
  for (const cell of all.toSorted((a, b) => Number(a.role !== 'cell') - Number(b.role !== 'cell'))) {
    const title = titleOf(cell, matrix);
    rows.set(title, [...(rows.get(title) ?? []), cell]);
  }
  return {
    columns,
    rows: [...rows].map(([title, cells]) => ({
      title,
      boxes: columns.map((name) => {
        const found = cells.filter((cell) => cell.fault === name);
        return found.length === 0 ? undefined : found;
      }),
    })),
  };
}

function titleOf(cell: MatrixCell, matrix: Matrix): string {
  const sizes = new Set(
    matrix.cells
      .filter((one) => one.system === cell.system && one.version === cell.version)
      .map((one) => one.memoryBytes),
  );
  const parts =
    cell.place === undefined
      ? [`${cell.system}@${cell.version}`, cell.crashPoint]
      : [`${cell.system}@${cell.version}:`, cell.place];
  if (cell.aftermath !== 'aged') parts.push(`(${cell.aftermath})`);
  if (sizes.size > 1) parts.push(formatSize(cell.memoryBytes));
  if (cell.role !== 'cell') parts.push(`[${cell.role}]`);
  return parts.join(' ');
}

/** The violated checks of a cell; with a mark where the finding is not known yet. */
export function findings(cell: MatrixRow): { text: string; known: boolean }[] {
  return cell.checks
    .filter((check) => check.verdict === 'violated')
    .map((check) => ({
      text: check.id,
      known: check.issue !== undefined || (isBroken(cell) && cell.expected),
    }));
}

/**
 * What came of each attempt at one box of the grid, the same once with its count: nobody reads it a hundred times, and cli-table3 takes five seconds
 * for a box of a hundred lines.
 */
export function attempts(cells: readonly MatrixCell[] | undefined, inWords: (cell: MatrixCell) => string): string[] {
  const same = Map.groupBy(cells ?? [], inWords);
  return [...same].map(([text, { length }]) => (length === 1 ? text : `${length} × ${text}`));
}

/** The scenarios of a run, in the order of the plan. */
export const scenariosOf = (matrix: Matrix): MatrixScenario[] => matrix.cells.filter(isScenario);

/** A summary in numbers: how many cells came to what. */
export function counts(cells: readonly AnyRow[]): string {
  const by = new Map<string, number>();
  for (const cell of cells) {
    const name = cell.verdict === 'violated' ? (cell.expected ? 'violated as known' : 'violated, new') : cell.verdict;
    by.set(name, (by.get(name) ?? 0) + 1);
  }
  return [...by].map(([name, count]) => `${count} ${name}`).join(', ');
}
