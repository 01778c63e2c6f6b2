import { compareReleases } from './versions.ts';

/** What one release was found to do. */
export interface Probe {
  version: string;
  /** The checks that it violates. Absent: it was not found out, even when it was run again. */
  violated?: readonly string[];
  /** Of one that was not found out: why. */
  why?: string;
  /** What it was looked at for. */
  purpose: 'end' | 'half' | 'another change';
  /** Where its evidence is. */
  run?: string;
  /** How often it was run. */
  attempts: number;
}

/** Which checks are looked for: those that are violated at one end and not at the other. */
export interface Change {
  checks: readonly string[];
  /** They are violated from the change on; false: until it. */
  begins: boolean;
}

/** @returns undefined: both ends violate the same */
export function changeBetween(good: readonly string[], bad: readonly string[]): Change | undefined {
  const more = bad.filter((id) => !good.includes(id));
  if (more.length > 0) return { checks: more, begins: true };
  const less = good.filter((id) => !bad.includes(id));
  return less.length > 0 ? { checks: less, begins: false } : undefined;
}

/** Which end a release is like. `mixed`: like neither, some of the checks changed and others did not. */
export type Side = 'good' | 'bad' | 'mixed' | 'unknown';

export function sideOf({ checks, begins }: Change, violated: readonly string[] | undefined): Side {
  if (violated === undefined) return 'unknown';
  const count = checks.filter((id) => violated.includes(id) === begins).length;
  if (count === checks.length) return 'bad';
  return count === 0 ? 'good' : 'mixed';
}

export type Step =
  | { kind: 'probe'; version: string; why: Probe['purpose'] }
  | { kind: 'same'; violated: readonly string[] }
  | { kind: 'end unknown'; version: string; why: string }
  | Found;

export interface Found {
  kind: 'found';
  change: Change;
  /** The last release like the good end, and the first one like the bad end. */
  last: string;
  first: string;
  /** Between them: not found out. */
  between: string[];
  /** Releases that don't fit one change, each with what is odd. */
  odd: string[];
}

/**
 * What to look at next, from what was found so far: a pure function, so that a search that was broken off goes on where it was. Halves the releases between the
 * ends (log2 of them); what could not be found out is passed over, and a neighbour is taken. When the change is found, a release in the largest gap of each side is
 * looked at as well: a search that halves can't see by itself that there are several changes.
 * @param versions from the good end to the bad one, both of them included
 */
export function nextStep(versions: readonly string[], probes: readonly Probe[]): Step {
  const known = new Map(probes.map((probe) => [probe.version, probe]));
  const [good] = versions;
  const bad = versions.at(-1);
  if (good === undefined || bad === undefined || versions.length < 2)
    throw new Error('a search has two ends that differ');
  for (const end of [good, bad]) {
    const probe = known.get(end);
    if (probe === undefined) return { kind: 'probe', version: end, why: 'end' };
    if (probe.violated === undefined) return { kind: 'end unknown', version: end, why: probe.why ?? 'no reason given' };
  }
  const ends = [known.get(good)?.violated ?? [], known.get(bad)?.violated ?? []] as const;
  const change = changeBetween(...ends);
  if (change === undefined) return { kind: 'same', violated: ends[0] };
  const side = (index: number): Side | undefined => {
    const probe = known.get(versions[index] ?? '');
    return probe === undefined ? undefined : sideOf(change, probe.violated);
  };
  let low = 0;
  let high = versions.length - 1;
  for (;;) {
    const middle = (low + high) / 2;
    const inside = Array.from({ length: Math.max(0, high - low - 1) }, (_, index) => low + 1 + index)
      .filter((index) => side(index) !== 'unknown')
      .sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b);
    const [nearest] = inside;
    if (nearest === undefined) break;
    const found = side(nearest);
    if (found === undefined) return { kind: 'probe', version: versions[nearest] ?? '', why: 'half' };
    // Something of the change is there already.
    if (found === 'good') low = nearest;
    else high = nearest;
  }
  for (const [from, to] of [
    [0, low],
    [high, versions.length - 1],
  ] as const) {
    const isLookedAt = versions.slice(from + 1, to).some((version) => known.get(version)?.purpose === 'another change');
    const middle = isLookedAt ? undefined : middleOfLargestGap(versions, from, to, known);
    if (middle !== undefined) return { kind: 'probe', version: middle, why: 'another change' };
  }
  const odd = versions.flatMap((version, index) => {
    const found = side(index);
    if (found === 'mixed') {
      const only = change.checks.filter((id) => known.get(version)?.violated?.includes(id));
      return [`${version}: of ${change.checks.join(', ')} it violates ${only.join(', ') || 'none'}`];
    }
    if (found === 'bad' && index < low)
      return [`${version} is like the bad end, before ${versions[low]} is like the good one`];
    if (found === 'good' && index > high)
      return [`${version} is like the good end, after ${versions[high]} is like the bad one`];
    return [];
  });
  return {
    kind: 'found',
    change,
    last: versions[low] ?? '',
    first: versions[high] ?? '',
    between: versions.slice(low + 1, high),
    odd,
  };
}

/** Of the releases between two that were looked at, where most of them are unseen. */
function middleOfLargestGap(
  versions: readonly string[],
  from: number,
  to: number,
  known: ReadonlyMap<string, Probe>,
): string | undefined {
  let begin = from;
  let [best, size] = [-1, 0];
  for (let index = from + 1; index <= to; index += 1) {
    if (index < to && !known.has(versions[index] ?? '')) continue;
    const gap = index - begin - 1;
    if (gap > size) [best, size] = [begin + Math.ceil(gap / 2), gap];
    begin = index;
  }
  return versions[best];
}

/** What was found, for a person. */
export function foundInWords(system: string, { change, last, first, between, odd }: Found, probes: number): string[] {
  const checks = change.checks.join(', ');
  // A search from the newer end to the older one finds the same change, told as it happened.
  const isBackwards = compareReleases(first, last) < 0;
  const [since, until] = isBackwards ? [last, first] : [first, last];
  const verb = change.begins === isBackwards ? 'is no longer' : 'begins to be';
  return [
    `${system}@${since} is the first release where ${checks} ${verb} violated; ${until} is the last one before it (${probes} releases looked at).`,
    ...(between.length === 0 ? [] : [`Not found out, so it may be one of them: ${between.join(', ')}.`]),
    ...(odd.length === 0 ? [] : [`It is not one change:`, ...odd.map((line) => `  ${line}`)]),
  ];
}
