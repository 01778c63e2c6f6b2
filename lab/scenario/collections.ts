import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import { pointsOf } from './points.ts';

/** How many entries a collection of the heap gained while many of one thing were done, by the name of what holds it. */
export interface Grown {
  /** `Map`, `Set`, `Array` or `Object`. */
  kind: string;
  name: string;
  before: number;
  after: number;
  /** Entries for each operation. */
  each: number;
}

export interface Growth {
  /** All that were in the heap afterwards. */
  collections: readonly Grown[];
  operations: number;
  seen: readonly [EvidenceOf<'collections'>, EvidenceOf<'collections'>];
}

/** What counts as an entry for each: two that share an entry, and one that keeps every second, are told too. */
export const ENTRIES_EACH = 0.5;

/**
 * What was in the collections after a series, whose x counts from the look before it, against what was in them then. Undefined: the heap was not looked at twice in one boot of the gateway, or
 * nothing was done in between.
 */
export function growthIn(evidence: CellEvidence, series: string): Growth | undefined {
  const looks = looksAt(evidence, series);
  const operations = pointsOf(evidence, series).at(-1)?.x ?? 0;
  if (looks === undefined || operations <= 0) return undefined;
  const [before, after] = looks;
  const was = new Map(before.named.map(([kind, name, , entries]) => [`${kind} ${name}`, entries]));
  const collections = after.named.map(([kind, name, , entries]): Grown => {
    // Arrays and objects with few entries are in no look.
    const unseen = kind === 'Array' || kind === 'Object' ? Math.min(entries, before.atLeast - 1) : 0;
    const had = was.get(`${kind} ${name}`) ?? unseen;
    return { kind, name, before: had, after: entries, each: (entries - had) / operations };
  });
  return { collections, operations, seen: looks };
}

/** The look after a series, and the one before that. A step that was cut off and done again counts as it was done last. */
function looksAt(
  evidence: CellEvidence,
  series: string,
): readonly [EvidenceOf<'collections'>, EvidenceOf<'collections'>] | undefined {
  let last: EvidenceOf<'collections'> | undefined;
  let found: readonly [EvidenceOf<'collections'>, EvidenceOf<'collections'>] | undefined;
  for (const event of evidence.events) {
    // Another boot has another heap.
    if (event.type === 'ready') last = undefined;
    if (event.type !== 'collections') continue;
    if (event.after === series && last !== undefined) found = [last, event];
    last = event;
  }
  return found;
}

/** Those that grew with the number of operations: Maps and Sets first, the fastest first. */
export function growing(collections: readonly Grown[]): Grown[] {
  const rank = ({ kind }: Grown) => (kind === 'Map' || kind === 'Set' ? 0 : 1);
  return collections
    .filter(({ each }) => each >= ENTRIES_EACH)
    .sort((a, b) => rank(a) - rank(b) || b.each - a.each || (a.name < b.name ? -1 : 1));
}

/** `seqByRun +1.00 entries each (12 to 60)`. */
export function grownInWords({ name, each, before, after }: Grown): string {
  return `${name} ${each < 0 ? '' : '+'}${each.toFixed(2)} entries each (${before} to ${after})`;
}

/** How much of the gateway's processor time went into the looks at its heap, from 0 to 1; undefined where there was none. */
export function lookShare(evidence: CellEvidence): number | undefined {
  let looks = 0;
  let total = 0;
  let ofBoot = 0;
  for (const event of evidence.events) {
    if (event.type === 'ready') {
      total += ofBoot;
      ofBoot = 0;
    }
    if (event.type === 'point') ofBoot = Math.max(ofBoot, event.values.cpuMs ?? 0);
    if (event.type === 'point') looks += event.values.lookCpuMs ?? 0;
    if (event.type === 'collections') looks += event.lookCpuMs;
  }
  total += ofBoot;
  return total === 0 ? undefined : looks / total;
}
