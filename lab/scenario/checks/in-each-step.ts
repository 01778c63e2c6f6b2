import type { Check } from '../../check.ts';
import { held, inconclusive, notApplicable, type Verdict, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';
import { struckSteps } from '../struck-steps.ts';

const MOST_TOLD = 3;

/** A cell's promise, judged in every step in which a fault landed as if the step were a cell. */
export function inEachStep(check: Check): ScenarioCheck {
  return {
    id: check.id,
    promise: `${check.promise}; in every step`,

    judge({ evidence, proof }) {
      const steps = struckSteps(evidence);
      const judged = steps.map((step) => ({ step, verdict: check.judge({ ...step, proof }) }));
      const bad = judged.flatMap(({ step, verdict }) => (verdict.verdict === 'violated' ? [{ step, verdict }] : []));
      const [first] = bad;
      if (first !== undefined) {
        const [weightiest, ...others] = first.verdict.seen.map(first.step.original);
        const more = bad.length > 1 ? `; in ${bad.length} of ${steps.length} steps` : '';
        if (weightiest === undefined) throw new Error(`${check.id} saw nothing and calls it a violation`);
        return violated(`${first.step.inWords}: ${first.verdict.detail}${more}`, weightiest, ...others);
      }
      const unclear = judged.find(({ verdict }) => verdict.verdict === 'inconclusive' || verdict.verdict === 'missed');
      if (unclear !== undefined) return inconclusive(`${unclear.step.inWords}: ${unclear.verdict.detail}`);
      const told = judged.filter(({ verdict }) => verdict.verdict === 'held');
      const last = told.at(-1);
      if (last === undefined) return notApplicable(reasons(judged.map(({ verdict }) => verdict)));
      const seen = (last.verdict.seen ?? []).map(last.step.original);
      return held(
        proof,
        `in ${told.length} of ${steps.length} steps; ${last.step.inWords}: ${last.verdict.detail}`,
        ...seen,
      );
    },
  };
}

function reasons(verdicts: readonly Verdict[]): string {
  const distinct = [...new Set(verdicts.map((verdict) => verdict.detail))];
  return distinct.slice(0, MOST_TOLD).join('; ') || 'no fault landed';
}
