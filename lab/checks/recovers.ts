import type { Check } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import { failure } from '../result/exercise.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

/** So many calls in a second that fail are a loop that does nothing else. */
const LOOP_PER_SECOND = 100;

/** How often it tried while its calls failed. Undefined: they did not go on failing. */
function triesIn(evidence: CellEvidence): { calls: number; seconds: number; perSecond: number } | undefined {
  const [refusing] = evidence.gateOf('refusing', 1);
  const [allowed] = evidence.gateOf('allowed', 1);
  if (refusing === undefined || allowed === undefined) return undefined;
  const seconds = Math.max(0.001, (allowed.t - refusing.t) / 1000);
  return { calls: allowed.answered, seconds, perSecond: Math.round(allowed.answered / seconds) };
}

/** How often a second it tried, where it did so without a pause. */
export function loopIn(evidence: CellEvidence): number | undefined {
  const { perSecond = 0 } = triesIn(evidence) ?? {};
  return perSecond < LOOP_PER_SECOND ? undefined : perSecond;
}

/** The tries, where they are worth a word. */
function triesOf(evidence: CellEvidence): string {
  const tries = triesIn(evidence);
  if (tries === undefined) return '';
  const calls = `${tries.calls} more call${tries.calls === 1 ? '' : 's'} failed in ${tries.seconds.toFixed(1)} s`;
  const loop = loopIn(evidence);
  return loop === undefined ? `; ${calls}` : `; it tried without a pause: ${calls}, ${loop} a second`;
}

const reason = ({ result }: EvidenceOf<'turn'>): string => result.error ?? 'no reason given';

/** The reason of a later write, where it is another one than that of the first. */
const otherReason = (turn: EvidenceOf<'turn'>, first: EvidenceOf<'turn'> | undefined): string =>
  first !== undefined && reason(turn) === reason(first) ? '' : `: ${reason(turn)}`;

export const recovers: Check = {
  id: 'recovers',
  promise:
    'it works again when its calls do not fail any more: by itself, at the second write at the latest, or after a boot where no more is promised',

  exercised: ({ evidence }) => failure(evidence),

  judge({ evidence, fault, proof }) {
    if (fault.failsCalls !== true) return notApplicable('no call failed');
    const named = (name: string) => evidence.of('turn').find((one) => one.name === name);
    const [after, again, restarted] = [named('after'), named('again'), named('restarted')];
    const tries = triesOf(evidence);
    const took = (turn: NonNullable<typeof after>) => Math.round(turn.result.tEnded - turn.result.tSent);
    if (after?.result.acknowledged === true)
      return held(proof, `the next write was acknowledged after ${took(after)} ms, without a restart${tries}`, after);
    const refused = after === undefined ? '' : `the next write failed after ${took(after)} ms: ${reason(after)}`;
    if (again?.result.acknowledged === true)
      return held(
        proof,
        `${refused}; the one after it was acknowledged, without a restart${tries}`,
        again,
        after ?? again,
      );
    const notReady = evidence.of('not-ready').find(({ boot }) => boot >= 2);
    if (notReady !== undefined)
      return violated(`it does not work again, even after a restart: ${notReady.why}${tries}`, notReady);
    const [exit] = evidence.gateOf('exit', 1);
    const why =
      after === undefined
        ? `it ended itself with ${exit?.signal === undefined ? `code ${exit?.code ?? '?'}` : `signal ${exit.signal}`}`
        : `${refused}${again === undefined ? '' : `, and the one after it too${otherReason(again, after)}`}`;
    if (restarted === undefined) {
      if (after !== undefined) return violated(`${why}${tries}`, after);
      return inconclusive(`no write was sent after the fault (${why})`);
    }
    if (!restarted.result.acknowledged)
      return violated(
        `${why}; and after a boot as well${otherReason(restarted, after)}${tries}`,
        restarted,
        ...(after === undefined ? [] : [after]),
      );
    if (evidence.cell.promises.recoversBy === 'restart')
      return held(proof, `${why}; after a boot it works, which is what is promised${tries}`, restarted);
    return violated(`${why}; only a boot makes it work again${tries}`, after ?? exit ?? restarted, restarted);
  },
};
