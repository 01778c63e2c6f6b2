import { several } from '../plain.ts';
import type { Matrix, MatrixRow } from '../result/matrix.ts';

/** What a person wants to know first of one release in a run. */
export interface Headline {
  system: string;
  /** Red: something was violated that nobody knew. */
  verdict: 'held' | 'known' | 'new' | 'unknown';
  words: string;
}

/** `https://github.com/openclaw/openclaw/issues/89520` as `#89520`; what has no number stays as it is. */
const shortOf = (issue: string): string => /\/(?:issues|pull)\/(\d+)$/.exec(issue)?.[1]?.replace(/^/, '#') ?? issue;

/** One line for each release of the run, in the order of the plan: `openclaw@2026.5.28: 6 of 14 cells violated, all known (#89520)`. */
export function headlines({ cells }: Pick<Matrix, 'cells'>): Headline[] {
  const asked = cells.filter(({ role }) => role === 'cell');
  const bySystem = Map.groupBy(asked, ({ system, version }) => `${system}@${version}`);
  return [...bySystem].map(([system, rows]) => headlineOf(system, rows));
}

function headlineOf(system: string, rows: readonly MatrixRow[]): Headline {
  const violated = rows.filter(({ verdict }) => verdict === 'violated');
  const fresh = violated.filter(({ expected }) => !expected);
  const open = rows.filter(({ verdict }) => verdict === 'missed' || verdict === 'inconclusive');
  const issues = new Set(violated.flatMap(({ checks }) => checks.flatMap(({ issue }) => issue ?? [])).map(shortOf));
  const without = open.length === 0 ? '' : `; ${several(open.length, 'cell')} without a verdict`;
  if (violated.length === 0) {
    const held = rows.filter(({ verdict }) => verdict === 'held').length;
    const words =
      held === rows.length
        ? held === 1
          ? 'its one cell held'
          : `all ${held} cells held`
        : `${held} of ${several(rows.length, 'cell')} held`;
    return { system, verdict: open.length === 0 ? 'held' : 'unknown', words: `${words}${without}` };
  }
  const known =
    fresh.length === 0
      ? ', all known'
      : fresh.length === violated.length
        ? ', none known'
        : `, ${fresh.length} of them new`;
  const named = issues.size === 0 ? '' : ` (${[...issues].join(', ')})`;
  const words = `${violated.length} of ${several(rows.length, 'cell')} violated${known}${named}${without}`;
  return { system, verdict: fresh.length === 0 ? 'known' : 'new', words };
}
