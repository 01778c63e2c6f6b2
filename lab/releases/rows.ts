import Table from 'cli-table3';
import { plain } from '../plain.ts';
import type { Matrix, MatrixRow } from '../result/matrix.ts';
import { glyph } from '../result/verdict.ts';
import type { Prepared } from './look-at.ts';

/** What came of one release. */
export interface ReleaseRow {
  version: string;
  verdict: MatrixRow['verdict'];
  /** The checks that it violates. */
  violated: string[];
  /** Why there is no more to say, or what the first check said. */
  detail: string;
  id?: string;
}

/** A row for each release, in their order, whether it could be run or not. */
export function rowsOf(prepared: readonly Prepared[], matrix: Matrix | undefined): ReleaseRow[] {
  return prepared.map((one): ReleaseRow => {
    const { version } = one;
    if ('why' in one) return { version, verdict: 'not-applicable', violated: [], detail: one.why };
    const row = matrix?.cells.find(({ id }) => id === one.id);
    if (row === undefined)
      return { version, verdict: 'inconclusive', violated: [], detail: 'it did not run', id: one.id };
    const controlOf = matrix?.cells.find(
      (cell) => cell.role === 'control' && cell.version === version && !cell.expected,
    );
    const withoutFault = new Set(
      controlOf?.checks.flatMap((check) => (check.verdict === 'violated' ? [check.id] : [])),
    );
    const violated = row.checks.filter((check) => check.verdict === 'violated');
    const own = violated.filter(({ id }) => !withoutFault.has(id));
    // What it does without a fault too says nothing of the fault; a control that proves nothing says nothing at all.
    if (controlOf !== undefined && (controlOf.verdict !== 'violated' || own.length === 0))
      return {
        version,
        verdict: 'inconclusive',
        violated: [],
        detail: `its control is ${controlOf.verdict}: ${[...withoutFault].join(', ') || controlOf.detail}`,
        id: one.id,
      };
    const besides = controlOf === undefined ? '' : `; without a fault too: ${[...withoutFault].join(', ')}`;
    const detail = `${own[0]?.detail ?? row.detail}${besides}`;
    return { version, verdict: row.verdict, violated: own.map(({ id }) => id), detail, id: one.id };
  });
}

const DETAIL_CHARS = 100;

/** For a terminal: one line a release. */
export function tableOfReleases(rows: readonly ReleaseRow[]): string {
  const table = new Table({
    head: ['release', 'verdict', 'violated', 'what it says'],
    style: { head: [], border: [] },
  });
  for (const { version, verdict, violated, detail } of rows) {
    const [line = ''] = plain(detail).split('\n');
    const said = line.length > DETAIL_CHARS ? `${line.slice(0, DETAIL_CHARS)}…` : line;
    table.push([version, `${glyph(verdict)} ${verdict}`, violated.join(', '), said]);
  }
  return table.toString();
}
