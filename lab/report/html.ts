import pMap from 'p-map';
import { CELLS_AT_ONCE } from '../evidence/cell-evidence.ts';
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
      ...(await scenarioPages(run.matrix)),
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
    ...(await scenarioPages(matrix)),
    ...(await cellPages(after, after.matrix.cells, changes)),
    ...(await cellPages(before, gone, changes)),
  ];
  const title = `midwrite · ${before.matrix.run.id} → ${after.matrix.run.id}`;
  return htmlDocument(title, overview(matrix, { before: before.matrix, changes }), pages);
}

/** Few at once: the evidence of a cell is let go when its page is made. */
async function cellPages(
  run: Run,
  rows: readonly MatrixRow[],
  changes: readonly CellChange[] = [],
): Promise<Subpage[]> {
  const changeOf = new Map(changes.map((one) => [one.id, one]));
  const page = async (row: MatrixRow): Promise<Subpage> => {
    const view = cellView(row, await run.evidenceOf(row));
    return { name: `cell/${row.id}`, content: await pack(cellPage(view, changeOf.get(row.id))) };
  };
  return pMap(rows, page, { concurrency: CELLS_AT_ONCE });
}

const scenarioPages = (matrix: Matrix): Promise<Subpage[]> =>
  Promise.all(
    [...byScenario(matrix)].map(async ([name, rows]) => ({
      name: `scenario/${name}`,
      content: await pack(scenarioPage(name, rows)),
    })),
  );
