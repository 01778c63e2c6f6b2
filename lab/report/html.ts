import pMap from 'p-map';
import { CELLS_AT_ONCE } from '../evidence/cell-evidence.ts';
import { workloadInWords } from '../explore/report.ts';
import type { ExplorationView } from '../explore/view.ts';
import { type Matrix, type MatrixRow, shardOf } from '../result/matrix.ts';
import { byScenario } from './chart.ts';
import { bothRuns, type CellChange, compareRuns } from './compare.ts';
import { cellPage } from './page/cell-page.ts';
import { cellView } from './page/cell-view.ts';
import { htmlDocument, pack, type Subpage } from './page/document.ts';
import { aloneExploration, explorationPage } from './page/exploration-page.ts';
import { overview } from './page/overview.ts';
import { scenarioPage } from './page/scenario-page.ts';
import type { Report, Reporter } from './reporter.ts';

type Run = Pick<Report, 'matrix' | 'evidenceOf' | 'explorationOf'>;

/** The page: one file that opens from disk and asks the network for nothing. */
export const html: Reporter & { file: string } = {
  name: 'html',
  summary: 'report.html: the matrix, and a page for each cell, scenario and exploration, in one file',
  file: 'report.html',

  async write(run) {
    const pages = await cellPages(run, run.matrix.cells);
    return htmlDocument(`midwrite · ${run.matrix.run.id}`, overview(run.matrix), [
      ...(await scenarioPages(run.matrix)),
      ...(await explorationPages(run)),
      ...pages,
    ]);
  },
};

/** The page of two runs: the later one's, with what became of each cell. A cell that is gone shows what it was. */
export async function compareHtml(before: Run, after: Run): Promise<string> {
  const changes = compareRuns(before.matrix, after.matrix);
  const matrix = bothRuns(before.matrix, after.matrix);
  const gone = matrix.cells.slice(after.matrix.cells.length);
  const pages = [
    ...(await scenarioPages(matrix)),
    ...(await explorationPages(after)),
    ...(await cellPages(after, after.matrix.cells, changes)),
    ...(await cellPages(before, gone, changes)),
  ];
  const title = `midwrite · ${before.matrix.run.id} → ${after.matrix.run.id}`;
  return htmlDocument(title, overview(matrix, { before: before.matrix, changes }), pages);
}

/** The page of an exploration that was made by itself, beside its files. */
export function explorationHtml(view: ExplorationView, reproduce: string): string {
  const { system, version } = view.found;
  const title = `${system}@${version}: every crash point of ${workloadInWords(view.found)}`;
  return htmlDocument(title, aloneExploration(title, view, reproduce), []);
}

/** Few at once: the evidence of a cell is let go when its page is made. */
async function cellPages(
  run: Run,
  rows: readonly MatrixRow[],
  changes: readonly CellChange[] = [],
): Promise<Subpage[]> {
  const changeOf = new Map(changes.map((one) => [one.id, one]));
  const page = async (row: MatrixRow): Promise<Subpage> => {
    const view = cellView(row, await run.evidenceOf(row), shardOf(run.matrix.run, row.id)?.shard);
    return { name: `cell/${row.id}`, content: await pack(cellPage(view, changeOf.get(row.id))) };
  };
  return pMap(rows, page, { concurrency: CELLS_AT_ONCE });
}

/** One after the other: a record can be large. */
async function explorationPages(run: Run): Promise<Subpage[]> {
  const pages: Subpage[] = [];
  for (const row of run.matrix.explorations)
    pages.push({
      name: `exploration/${row.id}`,
      content: await pack(explorationPage(row, await run.explorationOf(row))),
    });
  return pages;
}

const scenarioPages = (matrix: Matrix): Promise<Subpage[]> =>
  Promise.all(
    [...byScenario(matrix)].map(async ([name, rows]) => ({
      name: `scenario/${name}`,
      content: await pack(scenarioPage(name, rows)),
    })),
  );
