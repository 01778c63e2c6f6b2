import { z } from 'zod';
import { GateEvent } from '../gate/protocol.ts';
import { Entry } from '../sidecar/client.ts';
import type { Draws } from './draw-losses.ts';

/** The version of a record; a reader refuses any other. */
export const RECORD_SCHEMA_VERSION = 3;

const NameEffect = z.object({ kind: z.literal('name'), path: z.string(), ino: z.number().nullable() });
const InodeEffect = z.object({
  kind: z.literal('inode'),
  ino: z.number(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  mode: z.number(),
  size: z.number(),
  target: z.string().optional(),
});
/** Bytes of a file; they are in the record's data, from `at`. */
const DataEffect = z.object({
  kind: z.literal('data'),
  ino: z.number(),
  offset: z.number(),
  bytes: z.number(),
  at: z.number(),
});
/** One thing that a call did to the disk, as it was read from there. */
export const Effect = z.discriminatedUnion('kind', [NameEffect, InodeEffect, DataEffect]);
export type Effect = z.infer<typeof Effect>;

/** One call that changed a state folder, or what was written through shared mappings before it (`op` is `mapped`). */
export const Step = z.object({
  kind: z.literal('step'),
  op: z.string(),
  syscall: z.string(),
  comm: z.string().optional(),
  path: z.string(),
  to: z.string().optional(),
  /** When it was over, by the engine's clock: ms since 1970, with fraction. What went out before that had not waited for it. */
  t: z.number(),
  /** Of a write: how many bytes, and where. */
  bytes: z.number().optional(),
  offset: z.number().nullable().optional(),
  /** The data is on the disk when the call is over: O_SYNC, O_DSYNC. */
  synchronous: z.boolean().optional(),
  effects: z.array(Effect),
  /** The call as writegate told of it. */
  event: GateEvent.optional(),
});
export type Step = z.infer<typeof Step>;

/** A turn of the workload, when its end was heard of; `t` by the same clock as the steps'. */
export const Turn = z.object({
  kind: z.literal('turn'),
  name: z.string(),
  session: z.string(),
  text: z.string(),
  durable: z.array(z.object({ file: z.union([z.string(), z.array(z.string()).readonly()]), contains: z.string() })),
  acknowledged: z.boolean(),
  t: z.number(),
});
export type Turn = z.infer<typeof Turn>;

/** What a system that can be asked answered before the record began. `error`: why it is no answer. */
export const AnswerBefore = z.object({ acknowledged: z.boolean(), text: z.string(), error: z.string().optional() });
export type AnswerBefore = z.infer<typeof AnswerBefore>;

/** What an upgrade begins with: what was made under the release before, and whether the store of the new one was there. */
export const BeforeUpgrade = z.object({ version: z.string(), made: z.array(z.string()), hadStore: z.boolean() });
export type BeforeUpgrade = z.infer<typeof BeforeUpgrade>;

/** One line of a record. */
export const RecordLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('record'),
    schemaVersion: z.literal(RECORD_SCHEMA_VERSION),
    system: z.string(),
    version: z.string(),
    workload: z.string(),
    root: z.string(),
  }),
  /** What writegate told of this boot before the record began, as far as it shows how the system writes. */
  z.object({ kind: z.literal('seen'), events: z.array(GateEvent) }),
  /** The folder as it was when the record began. */
  z.object({ kind: z.literal('base'), effects: z.array(Effect) }),
  Step,
  Turn,
  AnswerBefore.extend({ kind: z.literal('answer') }),
  BeforeUpgrade.extend({ kind: z.literal('upgrade') }),
  /** What the record does not have. */
  z.object({ kind: z.literal('unrecorded'), path: z.string(), why: z.string() }),
  /** The last line: the folder as another process read it when all was over. Without it the record was cut short. */
  z.object({ kind: z.literal('end'), entries: z.array(Entry) }),
]);
export type RecordLine = z.infer<typeof RecordLine>;

/** A record in memory: everything but the data, which stays in its file. */
export interface WriteRecord {
  readonly system: string;
  readonly version: string;
  readonly workload: string;
  readonly root: string;
  /** Before the record, in the same boot: writegate's start, and calls. */
  readonly seen: readonly GateEvent[];
  readonly base: readonly Effect[];
  readonly steps: readonly Step[];
  /** In the order in which they ended. */
  readonly turns: readonly Turn[];
  /** Of a system that is judged by what it answers. */
  readonly before?: AnswerBefore;
  /** Of an upgrade. */
  readonly upgrade?: BeforeUpgrade;
  readonly unrecorded: readonly { path: string; why: string }[];
  readonly end: readonly Entry[];
  /** Files whose bytes are no part of what a crash leaves (shared-memory.ts): empty in every state. */
  readonly sharedMemory?: ReadonlySet<string>;
  /** How many of the power losses that are too many to try each are drawn; absent: none. */
  readonly draws?: Draws;
  /** So many power losses are tried without a draw, over all crash points, if there are more. Absent: as many as an explorer has time for. */
  readonly triedAtMost?: number;
  /** Only crash points before and in these steps are looked at. Absent: all. */
  readonly crashPoints?: ReadonlySet<number>;
  /** Reads a piece of the data. */
  readonly data: (at: number, bytes: number) => Buffer;
}

/** The acknowledged turns that a crash just before step `index` must not lose; `index` may be the number of steps: a crash after all of them. */
export function acknowledgedBefore({ steps, turns }: WriteRecord, index: number): Turn[] {
  const t = steps[index]?.t ?? Number.POSITIVE_INFINITY;
  return turns.filter((turn) => turn.acknowledged && turn.t < t);
}

/** What a state is judged by beside its turns: what was there before the record. */
export const beforeOf = ({ before, upgrade }: WriteRecord): Pick<WriteRecord, 'before' | 'upgrade'> => ({
  ...(before !== undefined && { before }),
  ...(upgrade !== undefined && { upgrade }),
});

/** Those, and, of a system that is judged by what it answers, the turns that nobody had an answer to yet: they may have taken the place of others. */
export function turnsAt(record: WriteRecord, index: number): Turn[] {
  const acknowledged = acknowledgedBefore(record, index);
  if (record.before === undefined) return acknowledged;
  return record.turns.map((turn) => (acknowledged.includes(turn) ? turn : { ...turn, acknowledged: false }));
}
