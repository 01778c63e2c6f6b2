import type { Age } from './boot-state.ts';
import { crashStates, type DistinctState, firstOf, type Model, type Origin } from './crash-state.ts';
import type { Violation } from './finding.ts';
import { digestOf } from './folder-image.ts';
import type { Loss } from './power-loss.ts';
import { acknowledgedBefore, type WriteRecord } from './record.ts';
import { Shapes } from './shape.ts';

/*
 * States are grouped by their shape (shape.ts), by what is wrong with them before any boot, and by the turns that they must not lose. Groups with the fewest
 * losses come first: what two losses break together is told only where neither breaks it alone.
 */

/** The states of one group, in the order of their crash points. */
export interface Group {
  readonly key: string;
  readonly losses: number;
  readonly states: readonly DistinctState[];
}

/** The groups of a record's states, and by which key each state is grouped at which age. */
export interface Grouping {
  readonly groups: readonly Group[];
  readonly keys: ReadonlyMap<string, Readonly<Record<Age, string>>>;
  /** Of the record: as in `Shapes`. */
  readonly versions: ReadonlySet<string>;
}

/**
 * Of what is old all that lies there can tell; what is young differs from it only in what an unfinished update has left, since nobody asks for the age of
 * another file.
 */
export function groupsOf(
  record: WriteRecord,
  states: readonly DistinctState[],
  models: readonly Model[],
  violations: readonly Violation[],
): Grouping {
  const shapes = new Shapes(record);
  const verdicts = checksByState(violations);
  const byDigest = new Map(states.map((state) => [state.digest, state]));
  const groups = new Map<string, { losses: number; states: DistinctState[] }>();
  const keys = new Map<string, Record<Age, string>>();
  for (const { origin, image } of crashStates(record, models)) {
    const digest = digestOf(image);
    const state = byDigest.get(digest);
    if (state === undefined || keys.has(digest)) continue;
    const turns = acknowledgedBefore(record, state.latest.step).map(({ name }) => name);
    const known = `${verdicts.get(digest) ?? ''}${turns.length === 0 ? '' : ` with ${turns.join(', ')}`}`;
    const aged = `${shapes.of(image, origin.step)}${known}`;
    keys.set(digest, { aged, fresh: `${shapes.leftovers(image)}${known}` });
    const group = groups.get(aged) ?? { losses: lossesIn(firstOf(state)).length, states: [] };
    group.states.push(state);
    groups.set(aged, group);
  }
  const ordered = [...groups].map(([key, group]) => ({ key, ...group })).sort((a, b) => a.losses - b.losses);
  return { groups: ordered, keys, versions: shapes.versions };
}

/** All states, one of each group before the second of any. */
export function byGroup(groups: readonly Group[]): DistinctState[] {
  const longest = groups.reduce((most, { states }) => Math.max(most, states.length), 0);
  return Array.from({ length: longest }, (_, index) =>
    groups.flatMap(({ states }) => states.slice(index, index + 1)),
  ).flat();
}

/** What is violated in each state, as one text: two states that differ in it are never of one group. */
export function checksByState(violations: readonly Violation[]): Map<string, string> {
  const checks = new Map<string, Set<string>>();
  for (const { check, digest } of violations) checks.set(digest, (checks.get(digest) ?? new Set()).add(check));
  return new Map([...checks].map(([digest, found]) => [digest, ` violating ${[...found].sort().join(', ')}`]));
}

const lossesIn = (origin: Origin): readonly Loss[] => (origin.model === 'power-loss' ? origin.losses : []);
