import { whyNot } from './allows.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { type Book, Durability, moments } from './power-loss.ts';
import { NO_PROTOCOL } from './protocol.ts';
import type { WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

/** A folder that a power failure left on a real disk. */
export interface RealState {
  readonly image: FolderImage;
  /** When the power failed: by the clock of the record, between these, in ms since 1970. */
  readonly from: number;
  readonly to: number;
  /** Where it comes from, for a person. */
  readonly origin: string;
}

/** What real power failures left, against what the model of power losses says of the same calls. */
export interface AgainstKernel {
  /** Real states that were compared. */
  readonly real: number;
  /** Different folders among them. */
  readonly distinct: number;
  /** Different folders that the explorer tries. */
  readonly ofModel: number;
  /** Of those, how many a real state was; by their digests. */
  readonly reached: ReadonlySet<string>;
  /** Different real folders that the model allows, and that the explorer leaves to the ones that it tries. */
  readonly between: ReadonlySet<string>;
  /** Real states that the model does not allow: it is wrong. */
  readonly outside: readonly { origin: string; why: string }[];
}

/** The model at one moment: behind so many calls. */
interface Moment {
  readonly book: Book;
  readonly tried: ReadonlySet<string>;
}

/** @param real in any order; a state may come many times */
export function againstKernel(record: WriteRecord, real: readonly RealState[]): AgainstKernel {
  const all = momentsOf(record);
  const ofModel = new Set(all.flatMap(({ tried }) => [...tried]));
  const reached = new Set<string>();
  const between = new Set<string>();
  const outside: { origin: string; why: string }[] = [];
  const seen = new Set<string>();
  for (const { image, from, to, origin } of real) {
    const digest = digestOf(image);
    seen.add(digest);
    const { first, last } = callsAt(record, from, to);
    const possible = all.slice(first, last + 1);
    if (possible.some(({ tried }) => tried.has(digest))) {
      reached.add(digest);
      continue;
    }
    const why = possible.map(({ book }) => whyNot(book, image));
    if (why.includes(undefined)) between.add(digest);
    else outside.push({ origin: `${origin}, behind ${first} to ${last} calls`, why: why.join('; ') });
  }
  return { real: real.length, distinct: seen.size, ofModel: ofModel.size, reached, between, outside };
}

/**
 * How many calls had been over at some moment between the two: at least `first`, and at most `last`, with the one that was not over yet and may have done
 * all that it does.
 */
export function callsAt({ steps }: WriteRecord, from: number, to: number): { first: number; last: number } {
  const overBy = (t: number) => steps.filter((step) => step.t <= t).length;
  return { first: overBy(from), last: Math.min(steps.length, overBy(to) + 1) };
}

function momentsOf(record: WriteRecord): Moment[] {
  const replay = new Replay(record);
  const durability = new Durability(replay, NO_PROTOCOL, true);
  return Array.from(moments(replay, durability), () => {
    const tried = new Set([...durability.states()].map((state) => digestOf(state.image)));
    return { book: durability.book, tried };
  });
}
