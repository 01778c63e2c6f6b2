import type { Check } from '../../check.ts';
import { lostTurn } from '../../checks/acked-durable.ts';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { EvidenceEvent, EvidenceOf } from '../../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';
import { inEachStep } from './in-each-step.ts';

/** What was acknowledged in any step is there in the same step, and still there when all of them are over. */
export function keptThroughout(check: Check): ScenarioCheck {
  const eachStep = inEachStep(check);
  return {
    id: check.id,
    promise: `${check.promise}; in every step, and at the end for all of them`,

    judge({ evidence, proof }) {
      const inSteps = eachStep.judge({ evidence, proof });
      if (inSteps.verdict === 'violated') return inSteps;
      let found = 0;
      const ends: EvidenceOf<'snapshot'>[] = [];
      for (const events of segments(evidence)) {
        const end = events.findLast(
          (event) => event.type === 'snapshot' && ['rebooted', 'served'].includes(event.moment),
        );
        if (end?.type !== 'snapshot') continue;
        ends.push(end);
        for (const turn of events) {
          if (turn.type !== 'turn' || !turn.result.acknowledged || turn.t > end.t) continue;
          const { missing, unknown } = lostTurn(evidence, end, turn);
          if (missing.length > 0)
            return violated(
              `at the end the acknowledged turn "${turn.name}" is not in ${missing.join(', ')}`,
              end,
              turn,
            );
          if (unknown.length > 0) return inconclusive(`at the end the content of ${unknown.join(', ')} was not kept`);
          found += 1;
        }
      }
      if (ends.length === 0) {
        return evidence.of('not-ready').length > 0 || evidence.of('died').length > 0
          ? notApplicable('the system was not there again')
          : inconclusive('the state folder was not looked at after the faults');
      }
      if (inSteps.verdict !== 'held') return inSteps;
      return held(proof, `all ${found} acknowledged turns were found at the end; after process crashes`, ...ends);
    },
  };
}

/** A run that was taken up again went on with an empty state folder: what was acknowledged before is in the one before. */
function segments(evidence: CellEvidence): EvidenceEvent[][] {
  const parts: EvidenceEvent[][] = [[]];
  for (const event of evidence.events) {
    if (event.type === 'resumed') parts.push([]);
    parts.at(-1)?.push(event);
  }
  return parts;
}
