import type { DrawnMoment } from '../evidence/event.ts';
import { randomFrom } from '../random.ts';

/** What a seed chooses for a step. */
export interface Draw {
  fault: string;
  /** How many clients have turns under way. */
  clients: number;
  moment: DrawnMoment;
}

/** What it chooses from. */
export interface Choices {
  faults: readonly { name: string; lethal: boolean }[];
  /** The crash points that the system's store has. */
  crashPoints: readonly string[];
}

const MOST_CLIENTS = 3;
const LONGEST_MS = 1_500;
/** Kinds of calls, and of how many of them the moment may be the last: a boot has fewer than some turns. */
const CALLS = [
  { op: 'any', at: 'before', inTurns: 96, inBoot: 24 },
  { op: 'any', at: 'before', inTurns: 96, inBoot: 24 },
  { op: 'write', at: 'torn', inTurns: 32, inBoot: 6 },
  { op: 'rename', at: 'after', inTurns: 6, inBoot: 2 },
] as const;

/**
 * The same for the same seed, step and attempt, whatever happened in the steps before.
 * @param attempt from 1; a moment that did not come is drawn again
 */
export function draw(seed: number, step: number, attempt: number, { faults, crashPoints }: Choices): Draw {
  // Far apart in the generator's sequence, which has one state for each number below 2^32.
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(step, 0x85ebca77) ^ Math.imul(attempt, 0xc2b2ae3d));
  const whole = (below: number) => Math.floor(random() * below);
  const one = <T>(list: readonly T[]): T => {
    const chosen = list[whole(list.length)];
    if (chosen === undefined) throw new Error('there is nothing to draw from');
    return chosen;
  };
  const { name: fault, lethal } = one(faults);
  const clients = 1 + whole(MOST_CLIENTS);
  const kinds: readonly DrawnMoment['kind'][] = [
    'crash-point',
    'crash-point',
    'call',
    'call',
    ...ifLethal('time' as const),
  ];
  switch (one(kinds)) {
    case 'crash-point':
      return { fault, clients, moment: { kind: 'crash-point', name: one(crashPoints) } };
    case 'time':
      return { fault, clients, moment: { kind: 'time', afterMs: whole(LONGEST_MS) } };
    case 'call': {
      const during = one(['turns', 'turns', ...ifLethal('boot' as const)] as const);
      const { op, at, inTurns, inBoot } = one(CALLS);
      // As often 1 to 2 as 8 to 16: what a write does first is passed as often as what many turns come to.
      const nth = Math.floor((during === 'boot' ? inBoot : inTurns) ** random());
      return { fault, clients, moment: { kind: 'call', during, op, nth, at } };
    }
  }

  /** What the system lives through has to be let go on: only a call can be, and a boot that is let go on serves nobody yet. */
  function ifLethal<T>(kind: T): T[] {
    return lethal ? [kind] : [];
  }
}

/** `at the 37th call in a boot (any, before)`: for people. */
export function momentInWords(moment: DrawnMoment): string {
  switch (moment.kind) {
    case 'crash-point':
      return moment.name;
    case 'call':
      return `${moment.op} call ${moment.nth} of ${moment.during === 'boot' ? 'a boot' : 'its turns'}, ${moment.at}`;
    case 'time':
      return `${moment.afterMs} ms into its turns`;
  }
}
