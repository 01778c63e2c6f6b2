import type { Check, Judged } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { knownChecks } from '../known.ts';
import { describe } from '../problem.ts';
import type { Exercise } from '../result/exercise.ts';
import type { Figure } from '../result/figure.ts';
import { inconclusive, notApplicable, type Verdict, type VerdictName, worst } from '../result/verdict.ts';
import { type DrawnCurve, drawnCurves } from '../scenario/curves.ts';
import { scenarios } from '../scenarios/index.ts';
import { prove, proveScenario } from './landing.ts';

export interface CheckResult {
  id: string;
  verdict: VerdictName;
  detail: string;
  /** The lines of evidence.jsonl that it rests on, from 1, the weightiest first. */
  lines: number[];
  /** What could have broken it; null: nothing could. Absent: nobody says, or there is nothing to judge. */
  exercised?: Exercise | null;
}

export interface CellResult {
  verdict: VerdictName;
  /** Why the cell is `missed` or `inconclusive` as a whole, or the proof that the fault landed. */
  detail: string;
  checks: CheckResult[];
  durationMs: number;
}

/** What a scenario comes to: with its curves, and with what it found where it is proven that all of it took place. */
export interface ScenarioResult extends CellResult {
  figures: Figure[];
  curves: DrawnCurve[];
}

/** Judges a cell from its evidence alone: the same evidence gives the same result, here or on another machine. */
export function judge(evidence: CellEvidence | undefined): CellResult | ScenarioResult {
  if (evidence === undefined)
    return whole(inconclusive('there is no evidence: the cell was planned and did not run'), 0);
  const durationMs = evidence.of('end')[0]?.durationMs ?? 0;
  if (evidence.scenario !== undefined) return judgeScenario(evidence, evidence.scenario.scenario, durationMs);
  const proved = prove(evidence);
  if ('verdict' in proved) return whole(proved.verdict, durationMs);
  const results = knownChecks().map((check): CheckResult => {
    try {
      const reason = evidence.promises.notPromised?.[check.id];
      const verdict = reason === undefined ? check.judge({ evidence, ...proved }) : notApplicable(reason);
      return { ...result(check.id, verdict, evidence), ...exerciseOf(check, verdict, { evidence, ...proved }) };
    } catch (error) {
      // A check that throws has told nothing about the system.
      return result(check.id, inconclusive(`the check itself failed: ${describe(error)}`), evidence);
    }
  });
  return {
    verdict: worst(results.map((result) => result.verdict)),
    detail: proved.proof.text,
    checks: results,
    durationMs,
  };
}

/** The same of a scenario, by its own checks. */
function judgeScenario(evidence: CellEvidence, name: string, durationMs: number): ScenarioResult {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) {
    const verdict = inconclusive(`this midwrite knows no scenario "${name}"`);
    return { verdict: verdict.verdict, detail: verdict.detail, checks: [], durationMs, figures: [], curves: [] };
  }
  const curves = drawnCurves(scenario.curves, evidence);
  const proved = proveScenario(evidence, scenario);
  if ('verdict' in proved) {
    const { verdict, detail } = proved.verdict;
    const none = scenario.checks.map((check) => result(check.id, proved.verdict));
    return { verdict, detail, checks: none, durationMs, figures: [], curves };
  }
  const results = scenario.checks.map((check) => {
    try {
      return result(check.id, check.judge({ evidence, proof: proved.proof }), evidence);
    } catch (error) {
      return result(check.id, inconclusive(`the check itself failed: ${describe(error)}`), evidence);
    }
  });
  return {
    verdict: worst(results.map((one) => one.verdict)),
    detail: proved.proof.text,
    checks: results,
    durationMs,
    figures: [...scenario.figures(evidence)],
    curves,
  };
}

/** What was violated could be broken. */
function exerciseOf(check: Check, { verdict, detail }: Verdict, judged: Judged): Pick<CheckResult, 'exercised'> {
  if (check.exercised === undefined || (verdict !== 'held' && verdict !== 'violated')) return {};
  const found = check.exercised(judged);
  return { exercised: found ?? (verdict === 'violated' ? { by: detail } : null) };
}

function result(id: string, { verdict, detail, seen = [] }: Verdict, evidence?: CellEvidence): CheckResult {
  return { id, verdict, detail, lines: seen.map((one) => evidence?.lineOf(one) ?? 0) };
}

/** One verdict for the cell and for each of its checks. */
function whole(verdict: Verdict, durationMs: number): CellResult {
  const { verdict: name, detail } = verdict;
  return { verdict: name, detail, checks: knownChecks().map((check) => result(check.id, verdict)), durationMs };
}
