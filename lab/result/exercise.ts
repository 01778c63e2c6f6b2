import type { CellEvidence } from '../evidence/cell-evidence.ts';

/** What could have broken a promise in a cell: a promise that nothing could have broken is kept by everybody. */
export interface Exercise {
  /** As the end of "could have been broken by …". */
  by: string;
  /** What the system was seen to do here. */
  shows?: string;
  /** It counts only where the system is seen to do that somewhere in the run: one that never sweeps spares everything. */
  needs?: string;
}

/** The write that was under way when the fault came, in words. */
export function writeUnderWay(evidence: CellEvidence): Exercise | undefined {
  const [held] = evidence.gateOf('held', 1);
  return held === undefined ? undefined : { by: `a fault in the middle of a write, at ${held.op} ${held.path}` };
}

/** A call that failed, or a turn that was refused for want of one that worked. */
export function failure(evidence: CellEvidence): Exercise | undefined {
  const [answered] = evidence.gateOf('answered', 1);
  if (answered !== undefined)
    return {
      by: `${answered.op} ${answered.path}, which ${answered.error === undefined ? `wrote ${answered.result} bytes only` : `failed with ${answered.error}`}`,
    };
  const refused = evidence.of('turn').find(({ name, result }) => name.startsWith('struck') && !result.acknowledged);
  return refused === undefined
    ? undefined
    : { by: `a write that failed: ${refused.result.error ?? 'no reason given'}` };
}
