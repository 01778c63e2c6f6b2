import { type AnyRow, isBroken } from '../../result/matrix.ts';
import type { VerdictName } from '../../result/verdict.ts';
import { glyph } from '../../result/verdict.ts';

/** What a box says at a glance: the verdict, and for a finding whether anybody knew it. */
export type State = 'new' | 'known' | 'caught' | Exclude<VerdictName, 'violated'>;

/** In the order of the filters: what wants a look comes first. */
export const STATES: readonly State[] = ['new', 'missed', 'inconclusive', 'known', 'caught', 'held', 'not-applicable'];

export function stateOf(row: Pick<AnyRow, 'verdict' | 'expected' | 'role'>): State {
  if (row.verdict !== 'violated') return row.verdict;
  if (!row.expected) return 'new';
  return isBroken(row) ? 'caught' : 'known';
}

/** The state of one check: a violation is known where an issue tells of it. */
export function stateOfCheck(row: AnyRow, check: AnyRow['checks'][number]): State {
  if (check.verdict !== 'violated') return check.verdict;
  if (check.issue !== undefined) return 'known';
  return isBroken(row) && row.expected ? 'caught' : 'new';
}

/** The word beside the sign; colours repeat what the two say. */
export const WORDS: Readonly<Record<State, string>> = {
  new: 'violated, new',
  known: 'violated, known',
  caught: 'caught, as it must be',
  held: 'held',
  missed: 'missed',
  inconclusive: 'inconclusive',
  'not-applicable': 'not applicable',
};

export function sign(state: State): string {
  return glyph(state === 'new' || state === 'known' || state === 'caught' ? 'violated' : state);
}
