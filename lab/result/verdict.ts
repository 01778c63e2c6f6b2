import type { EvidenceEvent } from '../evidence/event.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { unreachable } from '../problem.ts';

/** An observation that a verdict rests on: an event of the evidence, or of writegate within one. */
export type Seen = EvidenceEvent | GateEvent;

/** What a check comes to. `detail` is one sentence with the figures that it rests on; `seen` are the observations, the weightiest first. */
export type Verdict =
  | { verdict: 'held'; detail: string; seen?: readonly Seen[] }
  | { verdict: 'violated'; detail: string; seen: readonly Seen[] }
  | { verdict: 'missed'; detail: string; seen?: readonly Seen[] }
  | { verdict: 'inconclusive'; detail: string; seen?: readonly Seen[] }
  | { verdict: 'not-applicable'; detail: string; seen?: readonly Seen[] };

export type VerdictName = Verdict['verdict'];

/** In the order in which one hides another when several make up a cell: a finding stays a finding, and unknown is never success. */
export const RANKING: readonly VerdictName[] = ['missed', 'violated', 'inconclusive', 'held', 'not-applicable'];

declare const proven: unique symbol;
/** The proof that the fault landed where it should have. Only `prove` in landing.ts makes one, and nothing is `held` without it. */
export type Proof = { readonly [proven]: true; readonly text: string };

export const held = (_proof: Proof, detail: string, ...seen: readonly Seen[]): Verdict => ({
  verdict: 'held',
  detail,
  seen,
});
/** @param seen at least one: what nobody saw is no finding */
export const violated = (detail: string, ...seen: readonly [Seen, ...Seen[]]): Verdict => ({
  verdict: 'violated',
  detail,
  seen,
});
export const missed = (detail: string): Verdict => ({ verdict: 'missed', detail });
export const inconclusive = (detail: string): Verdict => ({ verdict: 'inconclusive', detail });
export const notApplicable = (detail: string): Verdict => ({ verdict: 'not-applicable', detail });

/** The verdict of a cell from those of its checks. Nothing judged is `inconclusive`. */
export function worst(verdicts: readonly VerdictName[]): VerdictName {
  return RANKING.find((name) => verdicts.includes(name)) ?? 'inconclusive';
}

/** One sign for a verdict, readable without colours. */
export function glyph(name: VerdictName): string {
  switch (name) {
    case 'held':
      return '✓';
    case 'violated':
      return '✗';
    case 'missed':
      return '○';
    case 'inconclusive':
      return '?';
    case 'not-applicable':
      return '–';
    default:
      return unreachable(name);
  }
}
