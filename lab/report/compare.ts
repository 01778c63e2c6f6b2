import { isBroken, type Matrix, type MatrixRow } from '../result/matrix.ts';
import type { VerdictName } from '../result/verdict.ts';

/**
 * What became of a cell from one run to another. `newly-broken`: a promise that was not violated before is; `newly-fixed`: one that was violated
 * holds; `changed`: neither, and not the same either, such as a finding of which nothing is known any more.
 */
export type Change = 'newly-broken' | 'newly-fixed' | 'gone' | 'added' | 'changed' | 'same';

/** The file of a comparison, below the later run's folder. */
export const COMPARISON_FILE = 'comparison.html';

/** In the order in which they want a look. */
export const CHANGES: readonly Change[] = ['newly-broken', 'gone', 'changed', 'newly-fixed', 'added', 'same'];

export interface CheckChange {
  id: string;
  /** Undefined: it was not judged there. */
  before: VerdictName | undefined;
  after: VerdictName | undefined;
}

export interface CellChange {
  id: string;
  change: Change;
  before: MatrixRow | undefined;
  after: MatrixRow | undefined;
  /** The checks that came to something else. */
  checks: CheckChange[];
}

/** Each cell of two runs, in the order of the second one; what is in the first alone comes at the end. */
export function compareRuns(before: Matrix, after: Matrix): CellChange[] {
  const earlier = new Map(before.cells.map((row) => [row.id, row]));
  const later = new Set(after.cells.map((row) => row.id));
  return [
    ...after.cells.map((row) => changeOf(earlier.get(row.id), row)),
    ...before.cells.filter((row) => !later.has(row.id)).map((row) => changeOf(row, undefined)),
  ];
}

function changeOf(before: MatrixRow | undefined, after: MatrixRow | undefined): CellChange {
  const id = after?.id ?? before?.id ?? '';
  const checks = checkChanges(before, after);
  if (after === undefined) return { id, change: 'gone', before, after, checks };
  if (before === undefined) return { id, change: 'added', before, after, checks };
  return { id, change: between(before, after, checks), before, after, checks };
}

function checkChanges(before: MatrixRow | undefined, after: MatrixRow | undefined): CheckChange[] {
  if (before === undefined || after === undefined) return [];
  const ids = new Set([...before.checks, ...after.checks].map((check) => check.id));
  const verdict = (row: MatrixRow, id: string) => row.checks.find((check) => check.id === id)?.verdict;
  return [...ids]
    .map((id) => ({ id, before: verdict(before, id), after: verdict(after, id) }))
    .filter((check) => check.before !== check.after);
}

function between(before: MatrixRow, after: MatrixRow, checks: readonly CheckChange[]): Change {
  // What is broken on purpose is right when it is caught.
  if (isBroken(after)) {
    if (before.expected !== after.expected) return after.expected ? 'newly-fixed' : 'newly-broken';
    return checks.length === 0 ? 'same' : 'changed';
  }
  if (checks.some((check) => check.after === 'violated')) return 'newly-broken';
  if (after.verdict === 'violated' && before.verdict !== 'violated') return 'newly-broken';
  // A finding that is hidden by a miss or by a lab that failed is not fixed.
  const fixed = checks.some((check) => check.before === 'violated' && check.after === 'held');
  const isKnown = after.verdict === 'held' || after.verdict === 'violated' || after.verdict === 'not-applicable';
  if (fixed && isKnown) return 'newly-fixed';
  return checks.length === 0 && before.verdict === after.verdict ? 'same' : 'changed';
}

/** Both runs as one matrix: the second, and what only the first has. */
export function bothRuns(before: Matrix, after: Matrix): Matrix {
  const gone = compareRuns(before, after).flatMap((one) => (one.change === 'gone' ? (one.before ?? []) : []));
  return { ...after, cells: [...after.cells, ...gone] };
}

/** How many cells each change has; those that none has are left out. */
export function countChanges(changes: readonly CellChange[]): { change: Change; count: number }[] {
  return CHANGES.flatMap((change) => {
    const count = changes.filter((one) => one.change === change).length;
    return count === 0 ? [] : [{ change, count }];
  });
}

/** The marks of a comparison, readable without colours. */
export const CHANGE_SIGNS: Readonly<Record<Change, string>> = {
  'newly-broken': '▲',
  'newly-fixed': '▼',
  gone: '−',
  added: '+',
  changed: '≠',
  same: '=',
};
export const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  'newly-broken': 'newly broken',
  'newly-fixed': 'newly fixed',
  gone: 'gone',
  added: 'added',
  changed: 'changed',
  same: 'the same',
};

/** `held → violated; no-orphans held → violated`. */
export function inWords({ before, after, checks }: CellChange): string {
  const each = checks.map((check) => `${check.id} ${check.before ?? 'not judged'} → ${check.after ?? 'not judged'}`);
  const whole =
    before?.verdict === after?.verdict ? [] : [`${before?.verdict ?? 'not run'} → ${after?.verdict ?? 'not run'}`];
  return [...whole, ...each].join('; ');
}

/** A comparison in lines, what wants a look first; cells of which nothing is to be told are counted. */
export function comparisonInWords(changes: readonly CellChange[]): string {
  const counts = countChanges(changes).map(({ change, count }) => `${count} ${CHANGE_WORDS[change]}`);
  const told = CHANGES.filter((change) => change !== 'same').flatMap((change) =>
    changes
      .filter((one) => one.change === change)
      .map((one) => `${CHANGE_SIGNS[change]} ${CHANGE_WORDS[change]}: ${one.id} (${inWords(one)})`),
  );
  return [`${counts.join(', ') || 'no cell in either run'}.`, ...told].join('\n');
}
