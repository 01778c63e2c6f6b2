import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseResult } from '../evidence/schema.ts';
import { errorCode, Problem } from '../problem.ts';
import { Advice } from './advice/advice.ts';
import { MODELS } from './crash-state.ts';
import { SourceLines } from './source-lines/source-lines.ts';

/** The version of exploration.json. 6: `advice`; 7: `sourceLines`, and a finding's `calls`; 8: shards. Files from version 5 on read as they are. */
export const EXPLORATION_SCHEMA_VERSION = 8;
const READ_AS_THEY_ARE: ReadonlySet<unknown> = new Set([5, 6, 7]);

/** Its file in the folder of an exploration. */
export const EXPLORATION_FILE = 'exploration.json';

const Verdict = z.enum(['held', 'violated', 'inconclusive']);
export type MapVerdict = z.infer<typeof Verdict>;
const ModelName = z.enum(MODELS);

/** One crash point of the map: just before a call, and inside it where it writes. */
const MapRow = z.object({
  /** From 1; one more than there are calls: behind all of them. */
  call: z.number(),
  op: z.string(),
  path: z.string(),
  to: z.string().optional(),
  bytes: z.number().optional(),
  /** The turns that were acknowledged between the call before and this one. */
  acknowledged: z.array(z.string()),
  verdicts: z.array(
    z.object({ model: ModelName, states: z.number(), verdict: Verdict, violated: z.array(z.string()) }),
  ),
});
export type MapRow = z.infer<typeof MapRow>;

/** Groups of states that are alike (behaviour.ts): all, those of which one was tried, those that were tried to the end, and what was split. */
const Groups = z.object({ all: z.number(), seen: z.number(), settled: z.number(), split: z.array(z.string()) });

/** Groups that a shard has states of; a group of young states can be in several shards. */
const ShardGroups = z.array(z.object({ key: z.string(), seen: z.boolean(), settled: z.boolean() }));

/** Violations of one promise that have one cause, with the smallest state that shows it. */
const FoundFinding = z.object({
  check: z.string(),
  model: ModelName,
  cause: z.string(),
  place: z.string(),
  detail: z.string(),
  /** The first crash point that shows it: before this step, from 0, or in it. */
  step: z.number(),
  /** The calls that it is about, from 1. Absent: of an older midwrite, or of a recovery, whose calls are not those of the write. */
  calls: z.array(z.number()).optional(),
  states: z.number(),
  digest: z.string(),
  booted: z.string().optional(),
  onExt4: z.boolean(),
  promised: z.boolean(),
  /** The folder of the state, below the exploration's. */
  kept: z.string(),
  reproduce: z.string(),
  /** Whether a power failure really left it, on what; where that was looked at. */
  seen: z.string().optional(),
});
export type FoundFinding = z.infer<typeof FoundFinding>;

const Place = z.object({ origin: z.string(), why: z.string() });

/** What an exploration came to: exploration.json. */
export const Exploration = z.object({
  schemaVersion: z.literal(EXPLORATION_SCHEMA_VERSION),
  system: z.string(),
  version: z.string(),
  workload: z.string(),
  /** Of an upgrade: the release that has lived in the folder. */
  from: z.string().optional(),
  /** Its files, without a boot and after it; or what a system from outside answers when it runs on a state. */
  judgedBy: z.enum(['files', 'answers']),
  /** `ofTried`: what it is without what was left out for want of time, or by a bound that was asked for. */
  outcome: z.object({ verdict: Verdict, ofTried: Verdict, reasons: z.array(z.string()) }),
  /** `inRecoveries`: its crashes of recoveries were tried too. Absent: of an older midwrite, and they were. */
  models: z.array(
    z.object({ model: ModelName, assumes: z.string(), crashPoints: z.number(), inRecoveries: z.boolean().optional() }),
  ),
  /** What nobody booted itself: nothing; states for which others stand, and all have one; or states that a bound left out. */
  complete: z.enum(['every-state', 'by-representatives', 'no']),
  /**
   * All distinct states are judged without a boot. So many of them were booted, aged or fresh or both; so many differ from a booted one only in what no boot
   * opened (alike.ts); the representatives of their group stand for so many (behaviour.ts); so many were left out by a bound.
   */
  states: z.object({
    distinct: z.number(),
    booted: z.number(),
    represented: z.number(),
    stoodFor: z.number(),
    leftOut: z.number(),
  }),
  /** Groups of states that are alike at one age (groups.ts). With every state booted there are none. */
  groups: Groups,
  /** What the system wrote when it was booted on them, one level deep: its own crash points, and the distinct states that they leave. */
  recoveries: z.object({
    recorded: z.number(),
    /** Of those, the ones that do what an earlier one does: their states are not judged again. */
    equal: z.number(),
    crashPoints: z.number(),
    states: z.number(),
    booted: z.number(),
    represented: z.number(),
    stoodFor: z.number(),
    boundLeftOut: z.number(),
    groups: Groups,
  }),
  /** Boots of states and of states of recoveries, each at one age. */
  boots: z.number(),
  /**
   * Of the boots that were not known from an earlier piece: after how many a turn and a second boot followed, and how many were ended after the `boot` or after
   * the `turn`, since lives that had come to the same by then stand for the rest (stand-ins.ts). Absent: of an older midwrite, and all were whole.
   */
  lives: z.object({ whole: z.number(), boot: z.number(), turn: z.number() }).optional(),
  /** Files whose bytes are no part of what a crash leaves (shared-memory.ts), `*` where a name changes. */
  sharedMemory: z.array(z.string()),
  /** Power losses that the bound leaves out, as a number in digits. */
  leftOutByBound: z.string(),
  /** Of those, so many were drawn by the seed; `groups`: of how many sets of fates, by role, one was tried or drawn; numbers in digits. */
  powerLosses: z.object({
    seed: z.number(),
    drawn: z.number(),
    groups: z.object({ all: z.string(), seen: z.number() }),
    /** Files that are replaced by temp, sync, rename and a sync of the folder, by their roles, and how often: safe as a whole, and not combined. */
    protocols: z.array(z.object({ file: z.string(), times: z.number() })),
  }),
  /** What power failures really left on a machine whose disk's writes were written down (`--power block-log`). */
  power: z
    .object({
      fileSystem: z.string(),
      kernel: z.string(),
      real: z.number(),
      distinct: z.number(),
      ofModel: z.number(),
      reached: z.number(),
      between: z.number(),
      outside: z.array(Place),
      refused: z.array(Place),
      tookMs: z.number(),
    })
    .optional(),
  findings: z.array(FoundFinding),
  /** What each sync, rename and answer of the write is needed for. Absent: it was not looked at. */
  advice: Advice.optional(),
  /** Where in the program's source the calls were made. Absent: nobody asked for it. */
  sourceLines: SourceLines.optional(),
  /** It is a part of an exploration: it boots its own groups, and its counts are of their states. */
  shard: z
    .object({
      /** From 1. */
      index: z.number(),
      count: z.number(),
      /** Of what was asked for, of the calls and of the groups: what has another one does not belong together. */
      planHash: z.string(),
      groups: z.object({ write: ShardGroups, recovery: ShardGroups }),
    })
    .optional(),
  /** It was put together from these shards of so many. */
  mergedFrom: z.object({ count: z.number(), shards: z.array(z.number()) }).optional(),
  map: z.array(MapRow),
  confirmed: z.array(z.object({ at: z.string(), agrees: z.boolean(), differences: z.array(z.string()) })),
  tookMs: z.object({ record: z.number(), judge: z.number(), boot: z.number(), whole: z.number() }),
});
export type Exploration = z.infer<typeof Exploration>;

/**
 * What an exploration came to, from its folder. Undefined: it did not come to its end.
 * @throws Problem bad-results
 */
export async function readExploration(folder: string): Promise<Exploration | undefined> {
  const file = path.join(folder, EXPLORATION_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Problem('bad-results', `${file} can't be read`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Problem('bad-results', `${file} is not JSON: it was changed or is damaged`, { cause: error });
  }
  const { schemaVersion } = (json ?? {}) as { schemaVersion?: unknown };
  if (READ_AS_THEY_ARE.has(schemaVersion)) json = { ...(json as object), schemaVersion: EXPLORATION_SCHEMA_VERSION };
  return parseResult(Exploration, json, file, EXPLORATION_SCHEMA_VERSION);
}
