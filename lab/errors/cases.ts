import { changing, type Place, placesOf, roleOf } from '../crash-point/places.ts';
import type { Fault } from '../fault.ts';
import type { Op, SeenWrite } from './watch.ts';

/** A call of the write, and where it is held. */
export interface Call {
  /** From 1. */
  number: number;
  op: string;
  /** Below the state folder, with `*` where a name changes from write to write. */
  file: string;
  to?: string;
  place: Place;
}

/** A call and an error that it can return. */
export interface Case {
  call: Call;
  fault: Fault;
  /** Equal where others may stand for it: the same error, at the same call on the same file, after the same call, when as many files had been changed. */
  kind: string;
}

const roleOfCall = (op: Op | undefined): string =>
  op === undefined ? '' : `${op.op} ${roleOf(op.path)} ${op.to === undefined ? '' : roleOf(op.to)}`;

/** The calls of a write that an error can meet. What fails by itself, such as the making of a folder that is there, is none. */
export function callsOf({ ops, existing }: SeenWrite, root: string): Call[] {
  const places = placesOf(ops, root, existing, true).filter((place) => place.arm.at === 'before');
  const changes = changing(ops, existing);
  return ops.flatMap((op, index): Call[] => {
    const place = places[index];
    if (place === undefined || !changes.has(op)) return [];
    const below = (file: string) => roleOf(file).slice(root.length + 1) || '.';
    const to = op.to === undefined ? {} : { to: below(op.to) };
    return [{ number: index + 1, op: op.op, file: below(op.path), ...to, place }];
  });
}

/**
 * Of how many files a write had changed something before each of its calls, by the number of the call. What a program does with a failure depends on how far
 * it has come: OpenClaw 2026.5.28 refuses a turn whose store can't be written, but not once the transcript is.
 */
function filesChangedBefore(calls: readonly Call[]): Map<number, number> {
  const changed = new Set<string>();
  const before = new Map<number, number>();
  for (const { number, file, to } of calls) {
    before.set(number, changed.size);
    changed.add(to ?? file);
  }
  return before;
}

/**
 * Every call with every error that it can return, once and from there on.
 * @param every none may stand for another
 */
export function casesOf(
  write: SeenWrite,
  root: string,
  faults: readonly Fault[],
  every: boolean,
): { calls: Call[]; cases: Case[] } {
  const calls = callsOf(write, root);
  const changedBefore = filesChangedBefore(calls);
  const kindOf = ({ number }: Call) =>
    every
      ? String(number)
      : `${roleOfCall(write.ops[number - 1])} after ${roleOfCall(write.ops[number - 2])}, ${changedBefore.get(number)} files changed`;
  const cases = calls.flatMap((call): Case[] =>
    faults
      .filter((fault) => fault.unfit?.(call.place.arm) === undefined)
      .map((fault) => ({ call, fault, kind: `${fault.name} at ${kindOf(call)}` })),
  );
  return { calls, cases };
}
