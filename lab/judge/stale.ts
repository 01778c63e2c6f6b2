import { type AnyRow, isScenario, type MatrixExploration, type StaleExpectation } from '../result/matrix.ts';
import { type Expectation, fits, isExpired } from './expectations.ts';

/** A file of expectations, and the rows of a run that it speaks of. */
export interface Expected {
  /** As it is to be shown. */
  file: string;
  expectations: readonly Expectation[];
  rows: readonly AnyRow[];
}

/**
 * The expectations that no longer fit a run: their time is over, or what they expect did not happen in any cell that they name. Only those are looked
 * at of which a cell ran here, each release for itself; where one cell proves nothing, nothing is said. The quick form of a scenario looks at less than
 * the whole one, so it tells of none that it is fixed.
 * @param day when the run was made, as YYYY-MM-DD
 */
export function staleExpectations({ file, expectations, rows }: Expected, day: string): StaleExpectation[] {
  return expectations.flatMap((one) => {
    const named = rows.filter((row) => row.role === 'cell' && fits(one, row));
    return [...Map.groupBy(named, releaseOf).values()].flatMap((cells): StaleExpectation[] => {
      const [first] = cells;
      if (first === undefined) return [];
      const { system, version } = first;
      const about = (checks: readonly string[]) => `${checks.join(', ')} of ${system}@${version} (${one.issue})`;
      const stale = { system, version, issue: one.issue };
      if (isExpired(one, day)) {
        const detail = `the expectation of ${about(one.checks)} expired on ${one.until}: look whether it still holds, and give it another date or remove it in ${file}`;
        return [{ ...stale, why: 'expired', checks: one.checks, detail }];
      }
      if (one.sometimes === true || cells.some((row) => !isExploration(row) && isScenario(row) && row.isQuick))
        return [];
      const checks = one.checks.filter((check) => cells.every((row) => holds(row, check)));
      if (checks.length === 0) return [];
      const kind = isExploration(first) ? 'explorations' : 'cells';
      const where = cells.length === 1 ? `in ${first.id}` : `in any of ${cells.length} ${kind}`;
      const detail = `${about(checks)} did not happen ${where}: it is fixed, remove it from ${file}`;
      return [{ ...stale, why: 'fixed', checks, detail }];
    });
  });
}

const isExploration = (row: AnyRow): row is MatrixExploration => 'exploration' in row;

const releaseOf = (row: AnyRow): string => `${row.system}@${row.version}`;

function holds(row: AnyRow, id: string): boolean {
  // It has no row for what it did not find. One that was cut off, or that proves nothing, says nothing of it.
  if (isExploration(row))
    return row.complete !== 'no' && row.verdict !== 'inconclusive' && !row.findings.some((one) => one.check === id);
  const check = row.checks.find((one) => one.id === id);
  return check?.verdict === 'held' || check?.verdict === 'not-applicable';
}
