import type { CellEvidence } from './evidence/cell-evidence.ts';
import type { Fault } from './fault.ts';
import type { Exercise } from './result/exercise.ts';
import type { Proof, Verdict } from './result/verdict.ts';

/** What a check gets to see: evidence, and the proof that the fault landed. No clock, no file system, no engine. */
export interface Judged {
  evidence: CellEvidence;
  fault: Fault;
  proof: Proof;
}

/** One promise: one file in lab/checks/, one line in its index. */
export interface Check {
  id: string;
  /** The promise, as a sentence. */
  promise: string;
  judge(judged: Judged): Verdict;
  /** What in a cell could have broken the promise; undefined: nothing that was seen could. Asked where it is held or violated. Absent: nobody says. */
  exercised?(judged: Judged): Exercise | undefined;
}
