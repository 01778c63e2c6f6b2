/** What other programs get of midwrite: what a run left, and the verdicts on it. `midwrite/schemas/*` describes the files for programs in other languages. */
export { main } from './cli/program.ts';
export { type CellEvidence, loadEvidence } from './evidence/cell-evidence.ts';
export type { EvidenceEvent } from './evidence/event.ts';
export { type CellResult, judge, type ScenarioResult } from './judge/judge.ts';
export { ExitCode, Problem, type ProblemCode } from './problem.ts';
export type { Matrix, MatrixCell, MatrixRow, MatrixScenario } from './report/matrix.ts';
export { readMatrixFile } from './report/matrix-file.ts';
