import { roleOf } from '../observe/places.ts';
import { type DistinctState, firstOf, type Origin } from './crash-state.ts';
import type { Loss } from './power-loss.ts';
import type { WriteRecord } from './record.ts';

/*
 * States are grouped by what makes them different to a recovery: what the unfinished update does to a file of which role, and what of it is on disk; not by
 * its bytes (Pathfinder, OOPSLA 2025, calls one of each a representative). Where not all states can be booted, one of each group is, those with the fewest
 * losses first: what two losses break together is told only where neither breaks it alone.
 */

/** The states of one group, in the order in which they are booted. */
export interface Group {
  readonly key: string;
  readonly losses: number;
  readonly states: readonly DistinctState[];
}

/** The groups of a record's states, those with the fewest losses first. */
export function groupsOf(record: WriteRecord, states: readonly DistinctState[]): Group[] {
  const roles = new Map<string, string>();
  const role = (file: string, isFolder = false): string => {
    const key = `${isFolder} ${file}`;
    const known = roles.get(key) ?? roleOf(file, isFolder);
    roles.set(key, known);
    return known;
  };
  const groups = new Map<string, { losses: number; states: DistinctState[] }>();
  for (const state of states) {
    const origin = firstOf(state);
    const keys = keysOf(record, origin, role);
    const key = `${origin.model} ${keys.join(', ')}`;
    const group = groups.get(key) ?? { losses: lossesIn(origin).length, states: [] };
    group.states.push(state);
    groups.set(key, group);
  }
  return [...groups]
    .map(([key, group]) => ({ key, losses: group.losses, states: ordered(group.states) }))
    .sort((a, b) => a.losses - b.losses);
}

/** All states, one of each group before the second of any. */
export function byGroup(groups: readonly Group[]): DistinctState[] {
  const longest = groups.reduce((most, { states }) => Math.max(most, states.length), 0);
  return Array.from({ length: longest }, (_, index) =>
    groups.flatMap(({ states }) => states.slice(index, index + 1)),
  ).flat();
}

const lossesIn = (origin: Origin): readonly Loss[] => (origin.model === 'power-loss' ? origin.losses : []);

/** After a power loss the last crash point of a group has the most to lose, and the first one is the furthest from it. */
function ordered(states: readonly DistinctState[]): DistinctState[] {
  const [first, ...more] = states;
  if (first === undefined || firstOf(first).model === 'process-crash') return [...states];
  const last = more.pop();
  return [...(last === undefined ? [] : [last]), first, ...more];
}

function keysOf(record: WriteRecord, origin: Origin, role: (file: string, isFolder?: boolean) => string): string[] {
  const { steps } = record;
  if (origin.model === 'process-crash') {
    const { op = 'the end', path = '', to = '' } = steps[origin.step] ?? {};
    return [`${op} ${role(path)} ${to === '' ? '' : role(to)} ${origin.tornBytes === undefined ? 'before' : 'torn'}`];
  }
  const keys = origin.losses.map((loss) =>
    loss.kind === 'name'
      ? `${loss.change.op} in ${loss.change.folders.map((folder) => role(folder, true)).join()}`
      : `${loss.fate} ${role(steps[loss.step]?.path ?? '')}`,
  );
  return [...new Set(keys)].sort();
}
