import { type Expectation, fits } from '../judge/expectations.ts';
import { unreachable } from '../problem.ts';
import type { MatrixExploration, MatrixFinding } from '../result/matrix.ts';
import type { PlannedExplorationRow } from '../results.ts';
import type { Mutant } from '../system.ts';
import type { Exploration, FoundFinding } from './exploration.ts';

type Checked = MatrixExploration['checks'][number];

/** What a row is judged with, beside what the exploration came to. */
export interface ExplorationContext {
  readonly expectations: readonly Expectation[];
  /** Of a canary: the check that must be violated. */
  readonly mutant: Pick<Mutant, 'caughtBy'> | undefined;
  /** The command that does it again. */
  readonly reproduce: string;
  /** Why it did not run, or did not come to its end. */
  readonly why?: string;
}

/** The row of one exploration, from exploration.json alone; undefined: it has none. */
export function judgeExploration(
  planned: PlannedExplorationRow,
  found: Exploration | undefined,
  { expectations, mutant, reproduce, why }: ExplorationContext,
): MatrixExploration {
  if (found === undefined)
    return {
      ...planned,
      verdict: 'inconclusive',
      expected: false,
      detail: why ?? 'it did not come to its end',
      durationMs: 0,
      checks: [],
      reproduce,
      complete: 'no',
      calls: 0,
      crashPoints: 0,
      states: { distinct: 0, booted: 0, stoodFor: 0 },
      findings: [],
    };
  const { outcome, states, complete, tookMs, models } = found;
  const known = (check: string) => expectations.find((one) => fits(one, planned) && one.checks.includes(check));
  const checks = violatedChecks(found.findings).map((check) => {
    const issue = known(check.id)?.issue;
    return issue === undefined ? check : { ...check, issue };
  });
  return {
    ...planned,
    verdict: outcome.verdict,
    expected: isExpected(found, checks, mutant),
    detail: inWords(found),
    durationMs: tookMs.whole,
    checks,
    reproduce,
    complete,
    calls: found.map.length - 1,
    crashPoints: models.reduce((sum, one) => sum + one.crashPoints, 0),
    states: { distinct: states.distinct, booted: states.booted, stoodFor: states.represented + states.stoodFor },
    findings: found.findings.map(
      ({ check, model, promised, cause, detail, states: count, reproduce: again }): MatrixFinding => ({
        check,
        model,
        promised,
        cause,
        detail,
        states: count,
        reproduce: again,
      }),
    ),
  };
}

/** Of each check that a promise of the system is broken in, what its first finding says. */
function violatedChecks(findings: readonly FoundFinding[]): Checked[] {
  const promised = Map.groupBy(
    findings.filter((one) => one.promised),
    (one) => one.check,
  );
  return [...promised].map(([id, [first, ...others]]) => {
    const more = others.length === 0 ? '' : `; and ${others.length} more`;
    const detail = first === undefined ? '' : `${first.model}: ${first.cause}: ${first.detail}${more}`;
    return { id, verdict: 'violated', detail, lines: [] };
  });
}

function isExpected(
  { outcome }: Exploration,
  checks: readonly Checked[],
  mutant: Pick<Mutant, 'caughtBy'> | undefined,
): boolean {
  if (mutant !== undefined) return outcome.verdict === 'violated' && checks.some(({ id }) => id === mutant.caughtBy);
  switch (outcome.verdict) {
    case 'held':
      return true;
    case 'violated':
      return checks.every(({ issue }) => issue !== undefined);
    case 'inconclusive':
      return false;
    default:
      return unreachable(outcome.verdict);
  }
}

function inWords({ outcome, states, complete, confirmed, shard }: Exploration): string {
  const agreed = confirmed.filter((one) => one.agrees).length;
  const stood = states.represented + states.stoodFor;
  const part = shard === undefined ? '' : `shard ${shard.index}/${shard.count}: `;
  const seen = `${part}${states.distinct} states judged, ${states.booted} booted, for ${stood} more another one stands; ${agreed} of ${confirmed.length} real crashes left what the model says`;
  switch (outcome.verdict) {
    case 'held':
      return `${complete === 'every-state' ? 'every state was booted' : 'complete by representatives'}: ${seen}`;
    case 'violated':
      return seen;
    case 'inconclusive':
      return `${outcome.reasons[0] ?? 'it proves nothing'}${outcome.reasons.length > 1 ? ` (and ${outcome.reasons.length - 1} more reasons)` : ''}; ${seen}`;
    default:
      return unreachable(outcome.verdict);
  }
}
