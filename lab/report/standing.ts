import { type AnyRow, isBroken } from '../result/matrix.ts';
import type { FailOn } from './reporter.ts';

/**
 * How a row stands, for formats that know no more than this. `known` and `new`: a violated cell. `unknown`: nothing is proven: a row or a check of it is
 * missed or inconclusive, or a control is not what it must be.
 */
export type Standing = 'as it should be' | 'not applicable' | 'known' | 'new' | 'unknown';

export function standingOf(row: AnyRow): Standing {
  const isUnknown = (verdict: AnyRow['verdict']) => verdict === 'missed' || verdict === 'inconclusive';
  if (isUnknown(row.verdict) || (row.role !== 'cell' && !row.expected)) return 'unknown';
  if (isBroken(row)) return 'as it should be';
  if (row.checks.some((check) => isUnknown(check.verdict))) return 'unknown';
  if (row.verdict === 'violated') return row.expected ? 'known' : 'new';
  return row.verdict === 'not-applicable' ? 'not applicable' : 'as it should be';
}

/** Whether a violated cell lets the run fail. */
export function fails(standing: 'known' | 'new', failOn: FailOn): boolean {
  return failOn === 'any' || (failOn === 'unexpected' && standing === 'new');
}

/** The violated checks of a row, a line each, with the issue of those that are known. */
export function violations(row: AnyRow): string[] {
  return row.checks
    .filter((check) => check.verdict === 'violated')
    .map((check) => `${check.id}: ${check.detail}${check.issue === undefined ? '' : ` (known: ${check.issue})`}`);
}
