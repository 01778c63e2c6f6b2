import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { writeProblem } from '../evidence/recorder.ts';
import { isExploration } from '../explore/asked.ts';
import { readExploration } from '../explore/exploration.ts';
import { mergeExplorationFolders } from '../explore/shards/merge-folders.ts';
import { errorCode, Problem } from '../problem.ts';
import type { RunFacts } from '../result/matrix.ts';
import {
  type PlannedExplorationRow,
  type PlannedRow,
  ResultsFolder,
  RUN_SCHEMA_VERSION,
  type RunFile,
  type Shard,
} from '../results.ts';

interface StoredShard {
  results: ResultsFolder;
  file: RunFile;
  shard: Shard;
}

/**
 * Puts the shards of a plan together, in a folder of its own below `root`, to be judged as one run. A cell that no shard ran, or two, has no evidence
 * there, and so no verdict. A control that is in several shards is taken from the first one; what the others have of it is kept beside it, and must be
 * right as well.
 * @throws Problem bad-usage: these folders are no shards; bad-results: they are not of one plan
 */
export async function mergeShards(folders: readonly string[], root: string): Promise<ResultsFolder> {
  const shards = await Promise.all(folders.map(readShard));
  const [first] = shards;
  if (first === undefined) throw new Problem('bad-usage', 'Name the folders of the shards');
  refuseOthers(first, shards);
  const { whole, count } = first.shard;
  const { explorations = [] } = first.file;
  const taken: Taken[] = [];
  const controls: Taken[] = [];
  const leftOut: { id: string; why: string }[] = [];
  for (const planned of whole) {
    const having = shards.filter(({ file }) => file.plan.some(({ id }) => id === planned.id));
    const [from, ...others] = isControl(planned) ? uniqueByIndex(having) : having;
    if (from === undefined) leftOut.push({ id: planned.id, why: whyMissing(shards, count) });
    else if (others.length > 0 && !isControl(planned)) {
      const why = `${having.length} of the merged runs have it: ${having.map(nameOf).join(', ')}`;
      leftOut.push({ id: planned.id, why });
    } else {
      taken.push({ planned, from });
      controls.push(...others.map((other) => ({ planned, from: other })));
      leftOut.push(...whyNot(planned, from));
    }
  }
  const file: RunFile = {
    schemaVersion: RUN_SCHEMA_VERSION,
    run: factsOf(shards, taken),
    state: shards.every((one) => one.file.state === 'complete') ? 'complete' : 'interrupted',
    plan: whole,
    leftOut,
    ...(explorations.length > 0 && { explorations }),
    merged: { controls: controls.map(({ planned, from }) => ({ shard: from.shard.index, planned })) },
  };
  const results = await ResultsFolder.create(root, file);
  for (const { planned, from } of taken) await copy(from.results.cell(planned.id), results.cell(planned.id));
  for (const { planned, from } of controls)
    await copy(from.results.cell(planned.id), results.shardControl(from.shard.index, planned.id));
  for (const row of explorations) {
    const why = await mergeExploration(row, shards, results);
    if (why !== undefined) leftOut.push({ id: row.id, why });
  }
  if (explorations.length > 0) await results.writeRun({ ...file, leftOut });
  return results;
}

/**
 * Puts the parts of an exploration together. Every shard has the whole of a canary's, and in each it must be caught.
 * @returns why there is none
 */
async function mergeExploration(
  { id, role }: PlannedExplorationRow,
  shards: readonly StoredShard[],
  results: ResultsFolder,
): Promise<string | undefined> {
  const folders = shards.map((shard) => shard.results.exploration(id)).filter(isExploration);
  const into = results.exploration(id);
  if (role === 'canary') {
    for (const [index, shard] of shards.entries()) {
      const from = shard.results.exploration(id);
      const found = await readExploration(from);
      if (found === undefined) return `${nameOf(shard)} did not explore it to its end`;
      const isLast = index === shards.length - 1;
      if (found.outcome.verdict === 'violated' && !isLast) continue;
      await copy(from, into);
      return undefined;
    }
  }
  if (folders.length === 0) return 'no shard has explored it';
  try {
    await mergeExplorationFolders(folders, into);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && NOT_MERGED.has(error.code)) return error.message;
    throw error;
  }
}

/** What is wrong with the parts of one exploration leaves it without a verdict, and the others as they are. */
const NOT_MERGED: ReadonlySet<string> = new Set(['bad-results', 'bad-usage']);

interface Taken {
  planned: PlannedRow;
  from: StoredShard;
}

/** Why a shard has no evidence of a cell of its own: what it said itself, or that it was broken off. */
function whyNot({ id }: PlannedRow, { file, shard }: StoredShard): { id: string; why: string }[] {
  const said = file.leftOut?.find((one) => one.id === id);
  if (said !== undefined) return [said];
  return file.state === 'complete' ? [] : [{ id, why: `shard ${shard.index}/${shard.count} did not come to its end` }];
}

/** The first run of each shard; that a shard is there twice is told of its cells. */
function uniqueByIndex(shards: readonly StoredShard[]): StoredShard[] {
  return [...new Map(shards.toReversed().map((one) => [one.shard.index, one])).values()].sort(
    (a, b) => a.shard.index - b.shard.index,
  );
}

const isControl = ({ role }: PlannedRow): boolean => role === 'control' || role === 'canary';
const nameOf = ({ shard, results }: StoredShard): string =>
  `shard ${shard.index}/${shard.count} (${path.basename(results.folder)})`;

async function readShard(folder: string): Promise<StoredShard> {
  const results = new ResultsFolder(folder);
  const file = await results.readRun();
  if (file.shard === undefined)
    throw new Problem('bad-usage', `${folder} is a run of the whole plan, not a shard. Run shards with --shard.`);
  return { results, file, shard: file.shard };
}

/** Shards of another plan, or of one that was cut in another way, tell nothing about this one. */
function refuseOthers(first: StoredShard, shards: readonly StoredShard[]): void {
  const other = shards.find(
    ({ shard }) => shard.planHash !== first.shard.planHash || shard.count !== first.shard.count,
  );
  if (other === undefined) return;
  const hash = ({ shard }: StoredShard) => shard.planHash.slice(0, 12);
  throw new Problem(
    'bad-results',
    `${nameOf(first)} and ${nameOf(other)} are not of one plan (${hash(first)} and ${hash(other)}). All shards take the same midwrite, the same options and the same --durations.`,
  );
}

function whyMissing(shards: readonly StoredShard[], count: number): string {
  const there = new Set(shards.map(({ shard }) => shard.index));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((index) => !there.has(index));
  return missing.length === 0
    ? 'no shard has it'
    : `its shard is not there: ${missing.map((index) => `${index}/${count}`).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
}

/** One frame for all: the earliest begin, the longest time, and what each shard ran on, with the cells that are taken from it. */
function factsOf(shards: readonly StoredShard[], taken: readonly Taken[]): RunFacts {
  const runs = shards.map(({ file }) => file.run);
  const [first] = runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  if (first === undefined) throw new Error('a merged run has at least one shard');
  const all = (values: readonly string[]) => [...new Set(values)].sort().join('; ');
  const { startedAt, again } = first;
  const cgroups = new Set(runs.map((run) => run.cgroupVersion));
  const cellsOf = (shard: StoredShard) => taken.filter(({ from }) => from === shard).map(({ planned }) => planned.id);
  return {
    id: `${startedAt.slice(0, 19).replaceAll(':', '-')}-merged-${randomBytes(2).toString('hex')}`,
    startedAt,
    engine: all(runs.map((run) => run.engine)),
    kernel: all(runs.map((run) => run.kernel)),
    ...(cgroups.size === 1 && { cgroupVersion: first.cgroupVersion }),
    ...(runs.every((run) => run.on === 'machine') && { on: 'machine' as const }),
    ...(again !== undefined && { again }),
    midwriteVersion: first.midwriteVersion,
    durationMs: Math.max(...runs.map((run) => run.durationMs ?? 0)),
    shards: shards
      .toSorted((a, b) => a.shard.index - b.shard.index)
      .map((stored) => {
        const { shards: _, ...run } = stored.file.run;
        return { shard: stored.shard.index, ...run, cells: cellsOf(stored) };
      }),
  };
}

/** A cell that did not run has no folder. */
async function copy(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true, errorOnExist: true, force: false });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw writeProblem(to, error);
  }
}
