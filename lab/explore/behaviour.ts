/** A state at one age, as far as the others of its behaviour want to know of it. */
export interface Member {
  /** What it comes to is known: it was booted, or nothing that a boot opens tells it from one that was. */
  readonly isKnown: boolean;
  /** Equal where all verdicts are; undefined: something is not known. */
  readonly verdicts: string | undefined;
}

/** Members that nobody boots: the two around them came to the same. */
export interface StoodFor<M> {
  readonly by: M;
  readonly members: readonly M[];
}

/** From so many members on, the middle is booted as well, and from so many on, the quarters. */
const MIDDLE_FROM = 16;
const QUARTERS_FROM = 256;

/**
 * States of one shape, in the order of their crash points. The first stands for them all where the last confirms it. Where the two disagree the behaviour is
 * split in its middle, and each half has a first and a last of its own: what comes to something else from some call on is found in a few boots, and what
 * changes from one to the next is booted whole.
 */
export class Behaviour<M extends Member> {
  readonly key: string;
  /** How often two members disagreed. */
  splits = 0;
  readonly #members: M[] = [];
  #open: M[][] | undefined;
  #isKnown = false;

  constructor(key: string) {
    this.key = key;
  }

  get members(): readonly M[] {
    return this.#members;
  }

  /** One member is known: it stays so. */
  get isKnown(): boolean {
    this.#isKnown ||= this.#members.some(({ isKnown }) => isKnown);
    return this.#isKnown;
  }

  /** All members are known, or stood for. */
  get isSettled(): boolean {
    return this.#segments().length === 0;
  }

  /** One that comes later is stood for where all others came to the same, and is booted itself where they did not. */
  add(member: M): void {
    this.#members.push(member);
    if (this.#open === undefined) return;
    const [piece, ...more] = this.#open;
    if (this.splits > 0 || more.length > 0) this.#open.push([member]);
    else this.#open = [piece === undefined ? this.#between(member) : withInside(piece, member)];
  }

  #between(member: M): M[] {
    const known = this.#members.filter(({ isKnown }) => isKnown);
    return [...known.slice(0, 1), member, ...known.slice(1).slice(-1)];
  }

  #segments(): M[][] {
    this.#open ??= cut(this.#members);
    return this.#open;
  }

  /** The first and the last of each piece: what says whether anything must be split. */
  ends(): M[] {
    return [...new Set(this.#segments().flatMap((piece) => [...piece.slice(0, 1), ...piece.slice(-1)]))];
  }

  /** Those that must be booted next: the first of each piece, and its last once the first is known. */
  wanted(): M[] {
    return this.#segments().flatMap((piece) => {
      const first = piece[0];
      const last = piece.at(-1);
      if (first !== undefined && !first.isKnown) return [first];
      return last !== undefined && !last.isKnown ? [last] : [];
    });
  }

  /** Takes in what is known by now. @returns who is stood for from now on */
  settle(): StoodFor<M>[] {
    const found: StoodFor<M>[] = [];
    const open: M[][] = [];
    const pieces = [...this.#segments()];
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      const [first] = piece;
      const last = piece.at(-1);
      if (first === undefined || last === undefined) continue;
      if (!first.isKnown || !last.isKnown) open.push(piece);
      else if (first.verdicts !== undefined && first.verdicts === last.verdicts) {
        const members = piece.filter(({ isKnown }) => !isKnown);
        if (members.length > 0) found.push({ by: first, members });
      } else if (piece.length > 1) {
        this.splits += 1;
        if (piece.length === 2) continue;
        const middle = Math.ceil(piece.length / 2);
        pieces.push(piece.slice(0, middle), piece.slice(middle));
      }
    }
    this.#open = open;
    return found;
  }
}

/** The first and the last stay what they are. */
const withInside = <M>(piece: readonly M[], member: M): M[] =>
  piece.length < 2 ? [...piece, member] : [...piece.slice(0, -1), member, ...piece.slice(-1)];

/** Neighbours share the member at which they meet. */
function cut<M>(members: readonly M[]): M[][] {
  const count = members.length >= QUARTERS_FROM ? 4 : members.length >= MIDDLE_FROM ? 2 : 1;
  const at = (piece: number) => Math.round(((members.length - 1) * piece) / count);
  return Array.from({ length: count }, (_, piece) => members.slice(at(piece), at(piece + 1) + 1));
}
