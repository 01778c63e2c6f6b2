import type { z } from 'zod';
import { plain } from '../plain.ts';
import { Problem } from '../problem.ts';
import type { AnyRow } from '../result/matrix.ts';
import { type Expectation, fits } from './expectations.ts';

/** An expectation as it is written, without what goes without saying. */
export type NewExpectation = z.input<typeof Expectation>;

/** What a person says of new findings; the run says the rest. */
export interface Review {
  /** Where the new findings are discussed. */
  issue?: string;
  note?: string;
  /** YYYY-MM-DD: until when new findings, and those whose time is over, are expected. */
  until?: string;
}

/**
 * Entries for the findings that nobody knows, as few as say exactly these cells.
 * @throws Problem bad-usage: there are some, and no issue
 */
export function newExpectations(
  known: readonly Expectation[],
  rows: readonly AnyRow[],
  day: string,
  { issue, note, until }: Review,
): NewExpectation[] {
  const findings = rows.flatMap((row) => {
    const checks = row.checks.filter(
      ({ id, verdict }) =>
        row.role === 'cell' &&
        verdict === 'violated' &&
        !known.some((one) => fits(one, row) && one.checks.includes(id)),
    );
    return checks.length === 0 ? [] : [{ row, checks: checks.map(({ id }) => id), detail: checks[0]?.detail ?? '' }];
  });
  if (findings.length === 0) return [];
  if (issue === undefined) {
    const what = findings.map(({ row, checks }) => `${row.id}: ${checks.join(', ')}`).join('; ');
    throw new Problem('bad-usage', `Add --issue with the URL where the new findings are discussed: ${what}.`);
  }
  const alike = Map.groupBy(findings, ({ row, checks }) => {
    const place =
      'exploration' in row
        ? { exploration: row.exploration }
        : 'scenario' in row
          ? { scenario: row.scenario }
          : row.aftermath;
    return JSON.stringify([row.system, row.version, place, checks]);
  });
  return [...alike.values()].flatMap((cells): NewExpectation[] => {
    const [{ row, checks, detail } = cells[0] as (typeof cells)[number]] = cells;
    const about = { checks, issue, since: day, ...(until !== undefined && { until }), note: note ?? plain(detail) };
    const release = { system: row.system, versions: row.version };
    if ('exploration' in row) return [{ ...release, exploration: row.exploration, ...about }];
    if ('scenario' in row) return [{ ...release, scenario: row.scenario, ...about }];
    return places(cells.flatMap((one) => ('crashPoint' in one.row ? [one.row] : []))).map((place) => ({
      ...release,
      ...place,
      aftermath: row.aftermath,
      ...about,
    }));
  });
}

/** Crash points and faults as patterns: each fault with the crash points it was seen at, those with the same ones together. */
function places(cells: readonly { crashPoint: string; fault: string }[]): { crashPoint: string; fault: string }[] {
  const pattern = (names: Iterable<string>) => {
    const unique = [...new Set(names)].sort();
    return unique.length === 1 ? (unique[0] ?? '') : `{${unique.join(',')}}`;
  };
  const byFault = Map.groupBy(cells, ({ fault }) => fault);
  const points = [...byFault].map(([fault, list]) => ({
    fault,
    crashPoint: pattern(list.map((one) => one.crashPoint)),
  }));
  return [...Map.groupBy(points, ({ crashPoint }) => crashPoint)].map(([crashPoint, list]) => ({
    crashPoint,
    fault: pattern(list.map(({ fault }) => fault)),
  }));
}

/** An expectation's cells, for people. */
export function placeOf({ system, versions, crashPoint, fault, scenario, exploration }: NewExpectation): string {
  const explored = exploration === undefined ? undefined : `an exploration of ${exploration}`;
  return `${system}@${versions} ${scenario ?? explored ?? `${crashPoint} ${fault}`}`;
}
