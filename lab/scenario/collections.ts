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
  /** An earlier look saw it: arrays and objects with few entries are in none. */
  wasSeen: boolean;
}

export interface Growth {
  /** All that were in the heap afterwards. */
  collections: readonly Grown[];
  operations: number;
  seen: readonly [EvidenceOf<'collections'>, EvidenceOf<'collections'>];
}

/** What counts as an entry for each in a Map or a Set: two that share an entry, and one that keeps every second, are told too. */
const ENTRIES_EACH = 0.5;
/** More than that for each is a copy of something large that the look met, and not what one thing leaves. */
const ENTRIES_EACH_MOST = 4;
/** Arrays and objects are what programs are made of as well: a module that is loaded late brings some. Those that were there, and gained as many as were done. */
const EXACTLY = 0.02;

/**
 * What was in the collections after a series, whose x counts from the look before it, against what was in them until then. V8 names an object after whatever
 * holds it first, so entries move between two names from one look to the next: the most that any look before it saw counts as before, and the least that any look
 * from then on saw as after. Undefined: the heap was not looked at twice in one boot of the system, or nothing was done in between.
 */
export function growthIn(evidence: CellEvidence, series: string): Growth | undefined {
  const looks = looksAround(evidence, series);
  const operations = pointsOf(evidence, series).at(-1)?.x ?? 0;
  if (looks === undefined || operations <= 0) return undefined;
  const { before, after, later } = looks;
  const earlier = before.map(entriesIn);
  const since = later.map(entriesIn);
  const last = before.at(-1) ?? after;
  const collections = after.named.map(([kind, name, , entries]): Grown => {
    const key = `${kind} ${name}`;
    // Arrays and objects with few entries are in no look.
    const unseen = kind === 'Array' || kind === 'Object' ? Math.min(entries, last.atLeast - 1) : 0;
    const had = Math.max(...earlier.map((of) => of.get(key) ?? unseen));
    const left = Math.min(entries, ...since.map((of) => of.get(key) ?? unseen));
    const wasSeen = earlier.some((of) => of.has(key));
    return { kind, name, before: had, after: left, each: (left - had) / operations, wasSeen };
  });
  return { collections, operations, seen: [last, after] };
}

type Look = EvidenceOf<'collections'>;

const entriesIn = ({ named }: Look) => new Map(named.map(([kind, name, , entries]) => [`${kind} ${name}`, entries]));

/** The look after a series, and those before and after it in the same boot. A step that was cut off and done again counts as it was done last. */
function looksAround(
  evidence: CellEvidence,
  series: string,
): { before: readonly Look[]; after: Look; later: readonly Look[] } | undefined {
  let boot: Look[] = [];
  const boots = [boot];
  for (const event of evidence.events) {
    // Another boot has another heap.
    if (event.type === 'ready') {
      boot = [];
      boots.push(boot);
    }
    if (event.type === 'collections') boot.push(event);
  }
  const looks = boots.findLast((some) => some.slice(1).some(({ after }) => after === series)) ?? [];
  const at = looks.findLastIndex(({ after }) => after === series);
  const after = looks[at];
  return at < 1 || after === undefined ? undefined : { before: looks.slice(0, at), after, later: looks.slice(at + 1) };
}

/** Those that grew with the number of operations: Maps and Sets first, the fastest first. */
export function growing(collections: readonly Grown[]): Grown[] {
  const isKeyed = ({ kind }: Grown) => kind === 'Map' || kind === 'Set';
  const rank = (one: Grown) => (isKeyed(one) ? 0 : 1);
  return collections
    .filter((one) =>
      isKeyed(one)
        ? one.each >= ENTRIES_EACH && one.each <= ENTRIES_EACH_MOST
        : one.wasSeen && Math.abs(one.each - 1) <= EXACTLY,
    )
    .sort((a, b) => rank(a) - rank(b) || b.each - a.each || (a.name < b.name ? -1 : 1));
}

/** `seqByRun +1.00 entries each (12 to 60)`. */
export function grownInWords({ name, each, before, after }: Grown): string {
  return `${name} ${each < 0 ? '' : '+'}${each.toFixed(2)} entries each (${before} to ${after})`;
}

/** How much of the system's processor time went into the looks at its heap, from 0 to 1; undefined where there was none. */
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
