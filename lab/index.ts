/**
 * What a config is written with (docs/your-own-system.md), and what other programs get of midwrite: what a run left, and the verdicts on it.
 * `midwrite/schemas/*` describes the files for programs in other languages.
 */
export type { Check, Judged } from './check.ts';
export { main } from './cli/program.ts';
export {
  type Config,
  type DriveDefinition,
  type Driver,
  type DriverFunction,
  defineCheck,
  defineConfig,
  defineFault,
  defineSystem,
  type SystemDefinition,
} from './define/definition.ts';
export type { Drive, DriveResult } from './drive.ts';
export { type CellEvidence, loadEvidence } from './evidence/cell-evidence.ts';
export type { EvidenceEvent } from './evidence/event.ts';
export type { Fault, Landing, Target } from './fault.ts';
export { type CellResult, judge, type ScenarioResult } from './judge/judge.ts';
export { ExitCode, Problem, type ProblemCode } from './problem.ts';
export { readMatrixFile } from './report/matrix-file.ts';
export type { Matrix, MatrixCell, MatrixRow, MatrixScenario } from './result/matrix.ts';
export { held, inconclusive, notApplicable, type Verdict, violated } from './result/verdict.ts';
export { debian, dockerfile, type ImageSource, image, npm } from './source/source.ts';
