import { randomFrom } from '../random.ts';
import type { LogEntry } from './block-log.ts';

/** A disk as a power failure may leave it: all of the log before `flushed`, and of what came after that, these entries. */
export interface DiskState {
  /** How many entries of the log are there for sure: all that the last flush before it had made durable. */
  readonly flushed: number;
  /** Entries behind those that are there too, in their order. */
  readonly kept: readonly number[];
  /** How many entries had been made when the power failed. */
  readonly at: number;
  readonly kind: 'flush' | 'prefix' | 'subset';
}

/** Of so many entries that no flush has made durable, every subset is tried. */
const ALL_SUBSETS_UP_TO = 3;

/**
 * The disk at each flush; after each request, as one without a cache has it; and, where a cache may lose what it was sent, with subsets of what was not
 * flushed yet: each lost alone, each kept alone, and `sampled` more by chance, or all where they are few. The same seed gives the same states.
 * @param from states before this entry are none
 */
export function* diskStates(
  entries: readonly LogEntry[],
  { from, to, sampled, seed }: { from: number; to: number; sampled: number; seed: number },
): Generator<DiskState> {
  let flushed = from;
  let open: number[] = [];
  yield { flushed, kept: [], at: from, kind: 'flush' };
  for (let index = from; index < to; index += 1) {
    const entry = entries[index] as LogEntry;
    const at = index + 1;
    if (entry.kind === 'flush') {
      flushed = at;
      open = [];
      yield { flushed, kept: [], at, kind: 'flush' };
      continue;
    }
    open = [...open, index];
    yield { flushed, kept: open, at, kind: 'prefix' };
    const isLast = at === to || entries[at]?.kind === 'flush';
    if (!isLast) continue;
    for (const kept of subsetsOf(open, entries, sampled, seed + index)) yield { flushed, kept, at, kind: 'subset' };
  }
}

/** What a cache keeps of what it was sent; never all, which is no subset of interest, and always what was written with FUA. */
function subsetsOf(open: readonly number[], entries: readonly LogEntry[], sampled: number, seed: number): number[][] {
  const loose = open.filter((index) => entries[index]?.isDurable !== true);
  const chosen = new Map<string, number[]>();
  const add = (lost: (index: number) => boolean) => {
    const kept = open.filter((index) => entries[index]?.isDurable === true || !lost(index));
    if (kept.length < open.length) chosen.set(kept.join(), kept);
  };
  if (loose.length <= ALL_SUBSETS_UP_TO) {
    for (let bits = 1; bits < 2 ** loose.length; bits += 1) add((index) => ((bits >> loose.indexOf(index)) & 1) === 1);
    return [...chosen.values()];
  }
  for (const [nth, index] of shuffled(loose, seed).entries()) {
    if (nth >= sampled) break;
    add((one) => one === index);
    add((one) => one !== index);
    const half = new Set(shuffled(loose, seed + nth + 1).slice(0, Math.ceil(loose.length / 2)));
    add((one) => half.has(one));
  }
  return [...chosen.values()];
}

/** The same in another order: Fisher and Yates, from the back. */
function shuffled(all: readonly number[], seed: number): number[] {
  const random = randomFrom(seed);
  const order = [...all];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
