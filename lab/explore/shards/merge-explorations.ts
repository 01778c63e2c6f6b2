import type { Exploration, FoundFinding, MapRow } from '../exploration.ts';
import { isSameCause } from '../finding.ts';

/** What one shard came to, and where. */
export interface ShardResult {
  readonly folder: string;
  readonly found: Exploration & { shard: NonNullable<Exploration['shard']> };
}

/** A finding of the whole, and the shard that kept its smallest state. */
export interface MergedFinding {
  readonly finding: FoundFinding;
  readonly from: ShardResult;
}

export interface Merged {
  readonly found: Exploration;
  readonly findings: readonly MergedFinding[];
}

/**
 * Puts shards of one exploration together. What all judged without a boot is told once; what each booted is added up. A shard that is not there takes from the
 * whole what it would have booted: without it nothing is held.
 * @param results in the order of their numbers, at least one, all of one plan and no two of one number
 * @param missing why shards of the plan are not among them
 */
export function mergeExplorations(results: readonly ShardResult[], missing: readonly string[]): Merged {
  const [first] = results;
  if (first === undefined) throw new Error('a merged exploration has at least one shard');
  const all = results.map(({ found }) => found);
  const findings = mergeFindings(results);
  const { shard, ...rest } = first.found;
  const found: Exploration = {
    ...rest,
    outcome: outcomeOf(results, findings, missing),
    complete: missing.length > 0 || all.some(({ complete }) => complete === 'no') ? 'no' : rest.complete,
    states: sumOf(all.map(({ states }) => states)),
    groups: groupsOf(all, 'write'),
    recoveries: {
      ...sumOf(all.map(({ recoveries: { groups: _, ...counts } }) => counts)),
      groups: groupsOf(all, 'recovery'),
    },
    boots: all.reduce((sum, { boots }) => sum + boots, 0),
    lives: sumOf(all.map(({ lives, boots }) => lives ?? { whole: boots, boot: 0, turn: 0 })),
    sharedMemory: [...new Set(all.flatMap(({ sharedMemory }) => sharedMemory))].sort(),
    findings: findings.map(({ finding }) => finding),
    map: rest.map.map((row, index) =>
      mergeRows(
        row,
        all.slice(1).map(({ map }) => map[index]),
      ),
    ),
    confirmed: all.flatMap(({ confirmed }) => confirmed),
    tookMs: longestOf(all.map(({ tookMs }) => tookMs)),
    mergedFrom: { count: shard.count, shards: all.map((one) => one.shard.index) },
  };
  return { found, findings };
}

function mergeFindings(results: readonly ShardResult[]): MergedFinding[] {
  const merged: MergedFinding[] = [];
  for (const from of results)
    for (const finding of from.found.findings) {
      const at = merged.findIndex((one) => isSameCause(one.finding, finding));
      const known = merged[at];
      if (known === undefined) merged.push({ finding, from });
      else {
        const [base, other] = isTold(known.finding, finding) ? [known, { finding, from }] : [{ finding, from }, known];
        merged[at] = { ...base, finding: together(base.finding, other.finding) };
      }
    }
  return merged;
}

/** What a crash of the write shows is told of the write, though another shard saw it in a recovery; and of its first crash point. */
function isTold(one: FoundFinding, other: FoundFinding): boolean {
  return isOfWrite(one) === isOfWrite(other) ? one.step <= other.step : isOfWrite(one);
}

const isOfWrite = ({ calls }: FoundFinding): boolean => calls !== undefined;

/** What is wrong before any boot, each shard sees in all states; what a boot shows, in those that it booted. */
function together(one: FoundFinding, other: FoundFinding): FoundFinding {
  return {
    ...one,
    states: one.booted === undefined ? Math.max(one.states, other.states) : one.states + other.states,
    // A step of a recovery is none of the write's.
    step: isOfWrite(one) === isOfWrite(other) ? Math.min(one.step, other.step) : one.step,
    onExt4: one.onExt4 || other.onExt4,
  };
}

function outcomeOf(
  results: readonly ShardResult[],
  findings: readonly MergedFinding[],
  missing: readonly string[],
): Exploration['outcome'] {
  const outcomes = results.map(({ found }) => found.outcome);
  const said = results.flatMap(({ found: { shard, outcome } }) =>
    outcome.reasons.map((reason) => `shard ${shard.index}/${shard.count}: ${reason}`),
  );
  const reasons = [...missing, ...said];
  // The record of a shard that proves nothing is no proof of what was found in it either.
  const isProven = (from: ShardResult) => from.found.outcome.verdict === 'violated';
  if (findings.some(({ finding, from }) => finding.promised && isProven(from)))
    return { verdict: 'violated', ofTried: 'violated', reasons };
  const ofTried = outcomes.every((one) => one.ofTried === 'held') ? 'held' : 'inconclusive';
  const isWhole = missing.length === 0 && outcomes.every(({ verdict }) => verdict === 'held');
  return { verdict: isWhole ? ofTried : 'inconclusive', ofTried, reasons };
}

/** By what the groups are called: states of one can be in two shards, where they are grouped otherwise at another age. */
function groupsOf(all: readonly ShardResult['found'][], of: 'write' | 'recovery'): Exploration['groups'] {
  const groups = new Map<string, { isSeen: boolean; isSettled: boolean }>();
  for (const { shard } of all)
    for (const { key, seen, settled } of shard.groups[of]) {
      const known = groups.get(key);
      groups.set(key, {
        isSeen: seen || known?.isSeen === true,
        isSettled: settled && known?.isSettled !== false,
      });
    }
  const values = [...groups.values()];
  const split = all.flatMap(({ groups: own, recoveries }) => (of === 'write' ? own : recoveries.groups).split);
  return {
    all: values.length,
    seen: values.filter(({ isSeen }) => isSeen).length,
    settled: values.filter(({ isSeen, isSettled }) => isSeen && isSettled).length,
    split: [...new Set(split)],
  };
}

/** A crash point is broken where a shard saw it broken. */
function mergeRows(row: MapRow, others: readonly (MapRow | undefined)[]): MapRow {
  const verdicts = row.verdicts.map((one, lane) => {
    const violated = [...new Set([row, ...others].flatMap((each) => each?.verdicts[lane]?.violated ?? []))];
    return { ...one, violated, verdict: violated.length > 0 ? ('violated' as const) : one.verdict };
  });
  return { ...row, verdicts };
}

/** Field by field. */
function sumOf<Counts extends Readonly<Record<string, number>>>(all: readonly Counts[]): Counts {
  return reduced(all, (a, b) => a + b);
}

/** The shards were on machines of their own. */
const longestOf = <Times extends Readonly<Record<string, number>>>(all: readonly Times[]): Times =>
  reduced(all, (a, b) => Math.max(a, b));

function reduced<Numbers extends Readonly<Record<string, number>>>(
  all: readonly Numbers[],
  join: (a: number, b: number) => number,
): Numbers {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('there is nothing to put together');
  const fields = Object.entries(first).map(([name, value]) => [
    name,
    others.reduce((sum, one) => join(sum, one[name] ?? 0), value),
  ]);
  return Object.fromEntries(fields) as Numbers;
}
