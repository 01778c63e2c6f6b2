import { createHash } from 'node:crypto';
import type { Group } from '../groups.ts';
import type { WriteRecord } from '../record.ts';
import { rolesOf } from '../record-roles.ts';

/** Which of how many: `2/4`. */
export interface ExplorationShard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/**
 * The groups of states that a shard boots. The largest first, each goes to the shard that has the least to do (LPT), so every shard cuts the same way if
 * its record has the same groups.
 */
export function groupsOfShard(
  groups: readonly Group[],
  { index, count }: ExplorationShard,
  everyState: boolean,
): Group[] {
  const loads = new Array<number>(count).fill(0);
  const own = new Set<string>();
  for (const group of [...groups].sort((a, b) => bootsOf(b, everyState) - bootsOf(a, everyState) || compare(a, b))) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] = (loads[least] ?? 0) + bootsOf(group, everyState);
    if (least === index - 1) own.add(group.key);
  }
  return groups.filter(({ key }) => own.has(key));
}

const compare = (a: Group, b: Group) => (a.key < b.key ? -1 : 1);

/** The first, the last, and of many some between. */
const MOST_REPRESENTATIVES = 5;

const bootsOf = ({ states }: Group, everyState: boolean): number =>
  everyState ? states.length : Math.min(states.length, MOST_REPRESENTATIVES);

/** What shards of one exploration have in common; names without ids and numbers. */
export function planHashOf(asked: unknown, record: WriteRecord, groups: readonly Group[]): string {
  const roles = rolesOf(record);
  const calls = record.steps.map(({ op, path, to }) => [op, roles(path), to === undefined ? '' : roles(to)]);
  const counts = groups.map(({ key, states }) => [key, states.length]).sort();
  return createHash('sha256').update(JSON.stringify({ asked, calls, counts })).digest('hex');
}
