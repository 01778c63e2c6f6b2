import { several } from '../plain.ts';
import { unreachable } from '../problem.ts';
import { isBroken, type MatrixExploration } from '../result/matrix.ts';

/** `turn of reference@1.0.0`. */
export const titleOf = ({ exploration, system, version, role }: MatrixExploration): string =>
  `${exploration} of ${system}@${version}${role === 'canary' ? ' [canary]' : ''}`;

/** What an exploration came to, in a few words: `held, complete by representatives`. */
export function verdictInWords(row: MatrixExploration): string {
  switch (row.verdict) {
    case 'held':
      return `held, ${row.complete === 'every-state' ? 'every state booted' : 'complete by representatives'}`;
    case 'violated':
      if (isBroken(row)) return row.expected ? 'violated, as it must be' : 'violated, and not in what it must be';
      return row.expected ? 'violated, as known' : 'violated, NEW';
    case 'inconclusive':
    case 'missed':
    case 'not-applicable':
      return row.verdict;
    default:
      return unreachable(row.verdict);
  }
}

/** How much of it there was: `23 calls, 127 crash points, 39 states: 35 booted, for 4 another one stands`. */
export function sizeInWords({ calls, crashPoints, states }: MatrixExploration): string {
  const stood = states.stoodFor === 0 ? '' : `, for ${states.stoodFor} another one stands`;
  return `${several(calls, 'call')}, ${several(crashPoints, 'crash point')}, ${several(states.distinct, 'state')}: ${states.booted} booted${stood}`;
}
