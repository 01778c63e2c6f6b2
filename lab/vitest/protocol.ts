import type { SystemDefinition } from '../define/definition.ts';
import type { MatrixCell, MatrixExploration } from '../result/matrix.ts';

/*
 * What a test process and the lab say to each other, a JSON text a line: the lab runs in a process of its own, under the Node that midwrite brings, and the
 * tests under whatever Node runs Vitest.
 */

/** The first line to the lab. */
export interface Begin {
  systems: readonly SystemDefinition[];
  faults: readonly string[];
  places: readonly string[];
  every: boolean;
  results: string;
  /** Explorations are planned in place of cells. No model named: each of them. */
  explore?: { workloads: readonly string[]; models: readonly string[] };
}

/** Every other line to it: run this cell, or make this exploration. */
export interface RunCell {
  run: string;
}

export interface PlannedName {
  id: string;
  role: 'cell' | 'control' | 'canary' | 'mutant';
  /** What a person calls it. */
  name: string;
}

/** A line from it. */
export type Said =
  | { say: string }
  | { planned: PlannedName[]; folder: string }
  | { row: MatrixCell; promises: Record<string, string> }
  | { explored: MatrixExploration }
  | { problem: string; of?: string };
