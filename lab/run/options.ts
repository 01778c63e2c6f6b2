import type { PlannedExploration } from '../explore/plan-explorations.ts';
import type { Planned } from '../plan/planned.ts';
import type { FailOn, Reporter } from '../report/reporter.ts';
import type { Matrix, MatrixRow } from '../result/matrix.ts';
import type { ResultsFolder, Shard } from '../results.ts';

/** What a run tells while it goes on. */
export interface RunProgress {
  cellStarted(cell: Planned): void;
  cellPhase(cell: Planned, phase: string): void;
  /** How much of a long one is done: 0 to 1. */
  cellShare(cell: Planned, done: number): void;
  cellEnded(cell: Planned, row: MatrixRow): void;
  /** What an exploration does. */
  exploring?(line: string): void;
}

export interface RunOptions {
  resultsRoot: string;
  /** A run that was cut off, to be taken up again: what it has a verdict for does not run. */
  resume?: ResultsFolder;
  jobs: number;
  signal: AbortSignal;
  progress: RunProgress;
  /** Absent: every one that a run writes unless told otherwise. */
  reporters?: readonly Reporter[];
  failOn?: FailOn;
  /** In place of the systems' own. */
  expectations?: string;
  /** The cells are this part of a plan. */
  shard?: Shard;
  /** What is explored when the cells have run. Absent: nothing. */
  explorations?: readonly PlannedExploration[];
  /**
   * What runs beside the plan because of what came out so far; asked again until it is nothing, or no time is left. A cell that has a verdict is not run
   * again.
   */
  further?(matrix: Matrix, results: ResultsFolder): Promise<readonly Planned[]>;
  /** No cell begins when the program has run for so long. */
  maxDurationMs?: number;
  /** Files of its folder, by name, that are there from its beginning. */
  files?: Readonly<Record<string, string>>;
  /** The command and its options that run a part of this again, without what says which. Absent: `run`. */
  again?: string;
}
