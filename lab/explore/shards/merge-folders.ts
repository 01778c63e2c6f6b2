import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { writeProblem } from '../../evidence/recorder.ts';
import { makeFolder } from '../../make-folder.ts';
import { Problem } from '../../problem.ts';
import { type Asked, isExploration, readAsked } from '../asked.ts';
import { type Exploration, readExploration } from '../exploration.ts';
import { keepExploration } from '../run-explorations.ts';
import { type Merged, mergeExplorations, type ShardResult } from './merge-explorations.ts';

interface StoredShard {
  readonly folder: string;
  readonly asked: Asked;
  readonly shard: NonNullable<Asked['shard']>;
  /** Undefined: it did not come to its end. */
  readonly found: Exploration | undefined;
}

/** Which of these folders are explorations. Another kind of folder is a run. */
export const areExplorations = (folders: readonly string[]): boolean => folders.some(isExploration);

/**
 * Puts the shards of an exploration together in a folder of its own, as of one that was not cut: what it came to, the record of the first, and the kept
 * states.
 * @param into a new folder
 * @throws Problem bad-usage: these folders are no shards, or one is there twice; bad-results: they are not of one plan, or none came to its end
 */
export async function mergeExplorationFolders(folders: readonly string[], into: string): Promise<Exploration> {
  const shards = await Promise.all(folders.map(readShard));
  refuseOtherwiseAsked(shards);
  refuseTwice(shards);
  const results = shards.flatMap(resultOf).sort((a, b) => a.found.shard.index - b.found.shard.index);
  const [first] = results;
  if (first === undefined)
    throw new Problem(
      'bad-results',
      `none of the shards came to its end, so there is nothing to merge. \`npx midwrite explore --resume\` goes on with each.`,
    );
  refuseOthers(first, results);
  return await keepMerged(mergeExplorations(results, missingIn(shards, first.found.shard.count)), first.folder, into);
}

async function readShard(folder: string): Promise<StoredShard> {
  if (!isExploration(folder))
    throw new Problem(
      'bad-usage',
      `${folder} is no exploration. Runs and explorations are merged apart from each other.`,
    );
  const asked = await readAsked(folder);
  const { shard } = asked;
  if (shard === undefined)
    throw new Problem(
      'bad-usage',
      `${folder} is a whole exploration, not a shard. Explore shards with \`npx midwrite explore --shard\`.`,
    );
  return { folder, asked, shard, found: await readExploration(folder) };
}

function resultOf({ folder, found }: StoredShard): ShardResult[] {
  const shard = found?.shard;
  return found === undefined || shard === undefined ? [] : [{ folder, found: { ...found, shard } }];
}

const nameOf = ({ shard, folder }: Pick<StoredShard, 'shard' | 'folder'>): string =>
  `shard ${shard.index}/${shard.count} (${path.basename(folder)})`;

/** Two of one number would count what they booted twice. */
function refuseTwice(shards: readonly StoredShard[]): void {
  const seen = new Map<number, StoredShard>();
  for (const one of shards) {
    const other = seen.get(one.shard.index);
    if (other !== undefined)
      throw new Problem('bad-usage', `${nameOf(other)} and ${nameOf(one)} are the same shard. Name each once.`);
    seen.set(one.shard.index, one);
  }
}

/** What was asked of a shard, whether it came to its end or not. */
function refuseOtherwiseAsked(shards: readonly StoredShard[]): void {
  const [first] = shards;
  if (first === undefined) throw new Problem('bad-usage', 'Name the folders of the shards.');
  for (const one of shards)
    for (const name of AGREE) {
      const [here, there] = [first, one].map(({ asked }) => JSON.stringify(asked[name]));
      if (here !== there || one.shard.count !== first.shard.count)
        throw new Problem(
          'bad-results',
          `${nameOf(first)} and ${nameOf(one)} are not of one plan${here === there ? '' : `: ${name} is ${here} and ${there}`}. All shards take the same midwrite, the same system and the same options.`,
        );
    }
}

const AGREE = [
  ...(['midwriteVersion', 'system', 'version', 'image', 'defect', 'workload', 'from'] as const),
  ...(['models', 'maxStates', 'everyState', 'seed', 'samples'] as const),
];

/** Groups are booted by the shard that they fall to: what has other groups does not complete this one. */
function refuseOthers(first: ShardResult, results: readonly ShardResult[]): void {
  const { planHash, count } = first.found.shard;
  const other = results.find(({ found }) => found.shard.planHash !== planHash);
  if (other === undefined) return;
  const [one, another] = [first, other].map(({ folder, found }) => nameOf({ folder, shard: found.shard }));
  throw new Problem(
    'bad-results',
    `${one} and ${another} are not of one plan (${planHash.slice(0, 12)} and ${other.found.shard.planHash.slice(0, 12)}). Their records must make the same calls and have the same groups of states. Where a program writes otherwise each time, give them one record: \`npx midwrite explore --record FOLDER --shard 2/${count}\`.`,
  );
}

function missingIn(shards: readonly StoredShard[], count: number): string[] {
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((index) => {
    const one = shards.find(({ shard }) => shard.index === index);
    if (one?.found !== undefined) return [];
    const why = one === undefined ? 'is not there' : 'did not come to its end';
    return [`shard ${index}/${count} ${why}: what it would have booted is not known`];
  });
}

async function keepMerged({ found, findings }: Merged, first: string, into: string): Promise<Exploration> {
  const shown = path.relative(process.cwd(), into);
  try {
    await makeFolder(into);
    for (const name of ['record', 'advice'])
      if (existsSync(path.join(first, name)))
        await cp(path.join(first, name), path.join(into, name), { recursive: true });
    for (const { finding, from } of findings)
      await cp(path.join(from.folder, finding.kept), path.join(into, finding.kept), { recursive: true });
  } catch (error) {
    throw writeProblem(into, error);
  }
  const here = {
    ...found,
    findings: found.findings.map((one) => ({
      ...one,
      reproduce: one.reproduce.replace(/--state .*$/s, () => `--state ${path.join(shown, one.kept)}`),
    })),
  };
  await keepExploration(into, here);
  return here;
}
