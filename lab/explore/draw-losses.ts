import { randomFrom } from '../random.ts';

/*
 * Where every change of a name and every file's data has its own fate, there are too many power losses to try each. What the bound leaves out is drawn, by
 * group: of the pending changes in each role, all are kept, all are lost, or some; of the pending files in each role, this is the set of fates that are met.
 */

/** How many power losses are drawn, over the whole record, and from what. */
export interface Draws {
  readonly seed: number;
  readonly samples: number;
}

/** What is pending at a crash point and is combined: the role of each change of a name, and of each file with data. */
export interface Pending<Fate> {
  readonly names: readonly string[];
  readonly data: readonly string[];
  readonly fates: readonly Fate[];
}

/** One choice of fates. */
export interface Choice<Fate> {
  readonly kept: readonly boolean[];
  readonly fates: readonly Fate[];
}

/** Two crash points with one kind have the same groups: what is pending there is of the same roles. */
export function kindOf<Fate>({ names, data, fates }: Pending<Fate>): string {
  return [
    ...[...countsOf(names)].map(([role, count]) => `${role} ${Math.min(count, 2)}`),
    ...[...countsOf(data)].map(([role, count]) => `${role} ${Math.min(count, fates.length)} files`),
  ].join('\n');
}

/** How many groups there are, and which were seen. */
export class LossGroups {
  readonly #seen = new Set<string>();
  readonly #all = new Map<string, bigint>();

  /** Takes in what is pending at one crash point. @returns the name of its choices */
  at<Fate>(pending: Pending<Fate>): (choice: Choice<Fate>) => void {
    const names = countsOf(pending.names);
    const data = countsOf(pending.data);
    const signature = kindOf(pending);
    if (!this.#all.has(signature)) {
      const ofNames = [...names.values()].reduce((product, count) => product * (count === 1 ? 2n : 3n), 1n);
      const ofData = [...data.values()].reduce((all, count) => all * setsUpTo(pending.fates.length, count), 1n);
      this.#all.set(signature, ofNames * ofData);
    }
    const places = new Map([...names.keys()].map((role, place) => [role, place]));
    const files = new Map([...data.keys()].map((role, place) => [role, names.size + place]));
    const placeOfName = pending.names.map((role) => places.get(role) ?? 0);
    const placeOfFile = pending.data.map((role) => files.get(role) ?? 0);
    const bitOf = new Map(pending.fates.map((fate, bit) => [fate, 1 << bit]));
    return ({ kept, fates }) => {
      // Of each role, what its changes and files met: a bit for each fate.
      const met = new Array<number>(names.size + data.size).fill(0);
      for (const [index, place] of placeOfName.entries())
        met[place] = (met[place] ?? 0) | (kept[index] === true ? 2 : 1);
      for (const [index, place] of placeOfFile.entries())
        met[place] = (met[place] ?? 0) | (bitOf.get(fates[index] as Fate) ?? 0);
      this.#seen.add(`${signature}\n\n${met.join()}`);
    };
  }

  get counts(): { all: bigint; seen: number } {
    return { all: [...this.#all.values()].reduce((sum, count) => sum + count, 0n), seen: this.#seen.size };
  }
}

/** How many sets of so many things there are that have at least one and at most `most` of them. */
function setsUpTo(things: number, most: number): bigint {
  let sum = 0n;
  let choose = 1n;
  for (let size = 1; size <= Math.min(things, most); size += 1) {
    choose = (choose * BigInt(things - size + 1)) / BigInt(size);
    sum += choose;
  }
  return sum;
}

function countsOf(roles: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const role of [...roles].sort()) counts.set(role, (counts.get(role) ?? 0) + 1);
  return counts;
}

/**
 * Draws choices for one crash point: first, for each role, what it comes to, and then which of its changes and files. The same for the same seed and step.
 */
export function drawChoices<Fate>(
  { names, data, fates }: Pending<Fate>,
  seed: number,
  step: number,
  count: number,
): Choice<Fate>[] {
  // Far apart in the generator's sequence, as in lab/scenario/draw.ts.
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca77));
  const whole = (below: number) => Math.floor(random() * below);
  return Array.from({ length: count }, () => {
    const shares = new Map([...countsOf(names).keys()].map((role) => [role, [0, 1, 0.5][whole(3)] ?? 1]));
    const sets = new Map([...countsOf(data).keys()].map((role) => [role, [whole(fates.length), whole(fates.length)]]));
    return {
      kept: names.map((role) => random() < (shares.get(role) ?? 1)),
      fates: data.map((role) => fates[sets.get(role)?.[whole(2)] ?? 0] as Fate),
    };
  });
}
