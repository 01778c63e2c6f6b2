import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { ExplorationView } from '../explore/view.ts';
import type { Matrix, MatrixExploration, MatrixRow } from '../result/matrix.ts';

/**
 * What lets a run fail. `unexpected`: a violation that no expectation knows, or an expectation that no longer fits; `any`: known violations as well;
 * `never`: no violation. A run that is not sound fails whatever was asked for.
 */
export const FAIL_ON = ['unexpected', 'any', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** A judged run, as reporters get it. */
export interface Report {
  matrix: Matrix;
  failOn: FailOn;
  /** The evidence of a row, read from the run's folder; undefined where the cell did not run. */
  evidenceOf(row: MatrixRow): Promise<CellEvidence | undefined>;
  /** What a page shows of an exploration, from the run's folder; undefined where it did not come to its end. */
  explorationOf(row: MatrixExploration): Promise<ExplorationView | undefined>;
}

/** One format: one file in lab/report/, one line in its index. */
export interface Reporter {
  name: string;
  /** One line for `--help`. */
  summary: string;
  /** The file below the run's folder that holds what it writes. Absent: that is printed. */
  file?: string;
  /** Only where it is asked for. Absent: every run writes it. */
  onlyWhenAsked?: boolean;
  write(report: Report): string | Promise<string>;
}
