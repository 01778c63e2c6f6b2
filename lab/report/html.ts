import { byScenario } from './chart.ts';
import { bothRuns, type CellChange, compareRuns } from './compare.ts';
import type { Matrix, MatrixRow } from './matrix.ts';
import { cellPage } from './page/cell-page.ts';
import { cellView } from './page/cell-view.ts';
import { htmlDocument, pack, type Subpage } from './page/document.ts';
import { overview } from './page/overview.ts';
import { scenarioPage } from './page/scenario-page.ts';
import type { Report, Reporter } from './reporter.ts';

type Run = Pick<Report, 'matrix' | 'evidenceOf'>;

/** The page: one file that opens from disk and asks the network for nothing. */
export const html: Reporter & { file: string } = {
  name: 'html',
  summary: 'report.html: the matrix, and a page for each cell and scenario, in one file',
  file: 'report.html',

  async write(run) {
    const pages = await cellPages(run, run.matrix.cells);
    return htmlDocument(`midwrite · ${run.matrix.run.id}`, overview(run.matrix), [
      ...scenarioPages(run.matrix),
      ...pages,
    ]);
  },
};

/** The file of a comparison, below the later run's folder. */
export const COMPARISON_FILE = 'comparison.html';

/** The page of two runs: the later one's, with what became of each cell. A cell that is gone shows what it was. */
export async function compareHtml(before: Run, after: Run): Promise<string> {
  const changes = compareRuns(before.matrix, after.matrix);
  const matrix = bothRuns(before.matrix, after.matrix);
  const gone = matrix.cells.slice(after.matrix.cells.length);
  const pages = [
    ...scenarioPages(matrix),
    ...(await cellPages(after, after.matrix.cells, changes)),
    ...(await cellPages(before, gone, changes)),
  ];
  const title = `midwrite · ${before.matrix.run.id} → ${after.matrix.run.id}`;
  return htmlDocument(title, overview(matrix, { before: before.matrix, changes }), pages);
}

/** One after the other: the evidence of a cell is let go before the next one's is read. */
async function cellPages(
  run: Run,
  rows: readonly MatrixRow[],
  changes: readonly CellChange[] = [],
): Promise<Subpage[]> {
  const changeOf = new Map(changes.map((one) => [one.id, one]));
  const pages: Subpage[] = [];
  for (const row of rows) {
    const view = cellView(row, await run.evidenceOf(row));
    pages.push({ name: `cell/${row.id}`, content: pack(cellPage(view, changeOf.get(row.id))) });
  }
  return pages;
}

const scenarioPages = (matrix: Matrix): Subpage[] =>
  [...byScenario(matrix)].map(([name, rows]) => ({
    name: `scenario/${name}`,
    content: pack(scenarioPage(name, rows)),
  }));
