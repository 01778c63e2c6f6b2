import { loopIn } from '../checks/recovers.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { MatrixRow } from '../result/matrix.ts';

/** What became of the write when a call of it failed. */
export interface Fate {
  call: number;
  fault: string;
  /** In a word: `refused`, `succeeded`, `ended itself`, `violated`, `missed`, `inconclusive`, `not run`, `not known`. */
  fate: string;
  /** What was said, or what was violated. */
  detail: string;
  violated: string[];
  /** So many calls a second failed while the error lasted, where it tried without a pause. */
  loopPerSecond?: number;
  /** A call of its kind that stands for this one, with another behind it. */
  sameAs?: number;
  cell: string;
}

/** Of a case between two that came to different ends, while there was no time to look closer. */
export const DIFFERS = 'not known';
/** Of a case for which there was no time. */
export const NOT_RUN = 'not run';

/** What became of the write in one run. */
export function fateOf(
  row: MatrixRow,
  evidence: CellEvidence | undefined,
): Pick<Fate, 'fate' | 'detail' | 'violated' | 'loopPerSecond'> {
  const loop = evidence === undefined ? undefined : loopIn(evidence);
  return { ...whatBecame(row, evidence), ...(loop !== undefined && { loopPerSecond: loop }) };
}

function whatBecame(row: MatrixRow, evidence: CellEvidence | undefined): Pick<Fate, 'fate' | 'detail' | 'violated'> {
  const violated = row.checks.filter((check) => check.verdict === 'violated');
  if (evidence === undefined && row.verdict === 'inconclusive')
    return { fate: NOT_RUN, detail: row.detail, violated: [] };
  if (row.verdict === 'missed' || row.verdict === 'inconclusive')
    return { fate: row.verdict, detail: row.detail, violated: [] };
  if (violated.length > 0)
    return {
      fate: 'violated',
      detail: violated.map((check) => `${check.id}: ${check.detail}`).join('; '),
      violated: violated.map((check) => check.id),
    };
  const turn = evidence?.of('turn').find((one) => one.name.startsWith('struck'));
  const ended =
    (evidence?.gateOf('exit', 1).length ?? 0) > 0 && evidence?.of('turn').every((one) => one.name !== 'after');
  const said = turn?.result.error ?? '';
  const fate = ended === true ? 'ended itself' : turn?.result.acknowledged === true ? 'succeeded' : 'refused';
  return { fate, detail: said, violated: [] };
}
