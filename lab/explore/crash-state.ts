import type { Promises } from '../system.ts';
import { LossGroups } from './draw-losses.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { PAGE_BYTES } from './pages.ts';
import { Durability, type Loss, moments } from './power-loss.ts';
import { NO_PROTOCOL, type Protocols, protocolsOf } from './protocol.ts';
import { acknowledgedBefore, type Turn, type WriteRecord } from './record.ts';
import { rolesOf } from './record-roles.ts';
import { type Reading, Replay } from './replay.ts';

/** What is assumed of what a crash leaves. */
export const MODELS = ['process-crash', 'power-loss'] as const;
export type Model = (typeof MODELS)[number];

/** Every system promises something of a crash of its process; of a power loss only where its definition says so. */
export const isPromised = ({ level }: Pick<Promises, 'level'>, model: Model): boolean =>
  model === 'process-crash' || level === 'power-loss';

/** What each model assumes, and where that is from. */
export const ASSUMPTIONS: Readonly<Record<Model, string>> = {
  'process-crash':
    'the process ends and the kernel lives on: every call that came back is there, synced or not, and of one write a part (write(2): it may transfer fewer bytes)',
  'power-loss':
    'what no fsync made durable is there or not, in any order (POSIX fsync; fsync(2); ALICE, OSDI 2014); what was in the folder before the record is durable; ' +
    'on ext4 (data=ordered, auto_da_alloc: Documentation/admin-guide/ext4.rst) names keep the order of the calls and a replaced file has its data',
};

/** Where a crash takes place, and how. */
export type Origin =
  /** Just before step `step`; behind the last one where there is no such step. */
  | { readonly model: 'process-crash'; readonly step: number; readonly tornBytes?: number }
  | { readonly model: 'power-loss'; readonly step: number; readonly losses: readonly Loss[]; readonly onExt4: boolean };

/** A state that a crash can leave. */
export interface CrashState {
  readonly origin: Origin;
  readonly image: FolderImage;
}

/**
 * Inside one write: behind its first byte, at every page of the file, and before its last byte. Where it overwrites what is there, at the pages alone
 * (lab/crash-point/tear.ts says why).
 * @param size of the file before it, in bytes
 */
export function tornAt(offset: number, bytes: number, size: number): number[] {
  const at = new Set<number>();
  if (bytes > 1 && offset + bytes > size) at.add(1).add(bytes - 1);
  const firstPage = (Math.floor(offset / PAGE_BYTES) + 1) * PAGE_BYTES;
  for (let page = firstPage; page < offset + bytes; page += PAGE_BYTES) at.add(page - offset);
  return [...at].sort((a, b) => a - b);
}

/** Counts the power losses that there are without any bound, and the groups of those that are tried. */
export interface Tally {
  combinations: bigint;
  groups?: LossGroups;
}

/** What is known of a record's power losses before any is tried. */
interface Losses {
  readonly protocols: Protocols;
  /** By step: how many are drawn. */
  readonly draws: ReadonlyMap<number, number>;
  /** By step: at most so many of those that are not drawn. Without a step: all. */
  readonly atMost: ReadonlyMap<number, number>;
}

/** A boot that makes hundreds of files before its first sync has millions. */
const TRIED_AT_MOST = 50_000;

const NO_LOSSES: Losses = { protocols: NO_PROTOCOL, draws: new Map(), atMost: new Map() };
const known = new WeakMap<WriteRecord, Losses>();

function lossesOf(record: WriteRecord): Losses {
  let losses = known.get(record);
  if (losses === undefined) {
    const protocols = protocolsOf(record);
    const pending = pendingIn(record, protocols);
    losses = { protocols, draws: drawsOf(record, pending), atMost: limitsOf(record, pending) };
    known.set(record, losses);
  }
  return losses;
}

/** How many power losses there are at each crash point, by its step. */
interface PendingAt {
  readonly tried: number;
  readonly kind: string;
  /** There are more than are tried. */
  readonly isOver: boolean;
}

export function pendingIn(record: WriteRecord, protocols: Protocols): PendingAt[] {
  const replay = new Replay(record, 'when-asked');
  const durability = new Durability(replay, protocols, false, rolesOf(record));
  return Array.from(moments(replay, durability), (step) =>
    isLookedAt(record, step)
      ? {
          tried: durability.tried,
          kind: durability.kind,
          isOver: durability.combinations > BigInt(durability.bounded),
        }
      : NOT_LOOKED_AT,
  );
}

const NOT_LOOKED_AT: PendingAt = { tried: 0, kind: 'not looked at', isOver: false };

const isLookedAt = ({ crashPoints }: WriteRecord, step: number): boolean => crashPoints?.has(step) ?? true;

/** What the bound leaves out is drawn, as many at each crash point that has such. */
function drawsOf(record: WriteRecord, pending: readonly PendingAt[]): Map<number, number> {
  const { samples } = record.draws ?? { samples: 0 };
  if (samples === 0) return new Map();
  const over = [...pending.keys()].filter((step) => pending[step]?.isOver);
  const each = (index: number) =>
    Math.floor(((index + 1) * samples) / over.length) - Math.floor((index * samples) / over.length);
  return new Map(over.map((step, index) => [step, each(index)]));
}

/**
 * Where a record has too many, they are tried at the first and the last crash point of each kind of what is pending, and of the others as many as there is room
 * for, spread over them; that everything is lost is tried at each. What is left out is counted by `crashStates` as what the bound leaves out.
 */
export function limitsOf(record: WriteRecord, pending: readonly PendingAt[]): Map<number, number> {
  const { triedAtMost = TRIED_AT_MOST } = record;
  const tried = pending.map((one) => one.tried);
  const all = sumOf(tried);
  if (all <= triedAtMost) return new Map();
  const ends = new Map<string, { first: number; last: number }>();
  for (const [step, { kind }] of pending.entries())
    ends.set(kind, { first: ends.get(kind)?.first ?? step, last: step });
  const chosen = new Set([...ends.values()].flatMap(({ first, last }) => [first, last]));
  const ofChosen = sumOf(tried.filter((_, step) => chosen.has(step)));
  const share = Math.min(1, triedAtMost / ofChosen);
  const shareOfOthers = Math.max(0, (triedAtMost - ofChosen) / (all - ofChosen));
  return new Map(tried.map((count, step) => [step, Math.ceil(count * (chosen.has(step) ? share : shareOfOthers))]));
}

const sumOf = (some: readonly number[]): number => some.reduce((total, count) => total + count, 0);

/**
 * Every state that the record passes by, crash point after crash point. The same record gives the same states in the same order.
 * @param tally counts the power losses that there are without any bound
 * @param reading `at-once` for images that are to be read when the record is closed
 */
export function* crashStates(
  record: WriteRecord,
  models: readonly Model[],
  tally: Tally = { combinations: 0n },
  reading: Reading = 'when-asked',
): Generator<CrashState, void, void> {
  const replay = new Replay(record, reading);
  const isLost = models.includes('power-loss');
  const { protocols, draws, atMost } = isLost ? lossesOf(record) : NO_LOSSES;
  const durability = new Durability(replay, protocols, false, rolesOf(record));
  for (const step of moments(replay, durability)) {
    if (!isLookedAt(record, step)) continue;
    const { image } = replay;
    if (models.includes('process-crash')) yield { origin: { model: 'process-crash', step }, image };
    if (isLost) {
      tally.combinations += durability.combinations;
      const count = draws.get(step) ?? 0;
      const drawn = record.draws === undefined || count === 0 ? undefined : { seed: record.draws.seed, step, count };
      for (const { losses, onExt4, image: left } of durability.states(tally.groups, drawn, atMost.get(step)))
        yield { origin: { model: 'power-loss', step, losses, onExt4 }, image: left };
    }
    if (models.includes('process-crash')) yield* tornStates(replay, image, step);
  }
}

function* tornStates(replay: Replay, image: FolderImage, step: number): Generator<CrashState> {
  const { write } = replay;
  const inode = write === undefined ? undefined : image.inodes.get(write.id);
  if (write === undefined || inode === undefined) return;
  const { id, offset, bytes } = write;
  let { content } = inode;
  let done = 0;
  for (const tornBytes of tornAt(offset, bytes, content.size)) {
    content = content.take(write.content, offset + done, offset + tornBytes);
    done = tornBytes;
    const inodes = new Map(image.inodes).set(id, { ...inode, content });
    yield { origin: { model: 'process-crash', step, tornBytes }, image: { names: image.names, inodes } };
  }
}

/** A state that one or more crash points leave. */
export interface DistinctState {
  readonly digest: string;
  /** The first crash point of each model that leaves it. */
  readonly first: Readonly<Partial<Record<Model, Origin>>>;
  /** The simplest crash point that leaves it of those before which the most turns were acknowledged. */
  readonly latest: Origin;
  /** The crash points that leave it, by the step that they come before or are in. */
  readonly steps: Readonly<Record<Model, ReadonlySet<number>>>;
  /** Under power loss: ext4 can leave it too. */
  readonly onExt4: boolean;
  /** How many crash points leave it. */
  readonly crashPoints: number;
}

/** A digest as a part of a file's name. */
export const nameOf = (digest: string): string => digest.slice(0, 16).replaceAll(/[^0-9A-Za-z]/g, '_');

/** The simplest crash point that leaves a state. */
export function firstOf({ first }: Pick<DistinctState, 'first'>): Origin {
  const origin = first['process-crash'] ?? first['power-loss'];
  if (origin === undefined) throw new Error('a state has no crash point');
  return origin;
}

interface Known {
  readonly digest: string;
  first: DistinctState['first'];
  latest: Origin;
  /** Of `latest`. */
  turns: number;
  readonly steps: Record<Model, Set<number>>;
  onExt4: boolean;
  crashPoints: number;
}

/** What there is to judge, and how much of it there was. */
export interface Reduced {
  readonly states: readonly DistinctState[];
  /** By model. */
  readonly crashPoints: Readonly<Record<Model, number>>;
  /** Combinations of lost names and data that the bound leaves out, over all crash points. */
  readonly leftOutByBound: bigint;
  readonly losses: {
    /** Of those, so many were drawn. */
    readonly drawn: number;
    /** Groups of power losses (draw-losses.ts), and those of which one was tried or drawn. */
    readonly groups: { readonly all: bigint; readonly seen: number };
    /** Files that are replaced safely as a whole, and how often (protocol.ts). */
    readonly protocols: ReadonlyMap<string, number>;
  };
}

/** How many crash points of all models there are. */
export const crashPointsOf = ({ crashPoints }: Reduced): number =>
  Object.values(crashPoints).reduce((total, count) => total + count, 0);

/**
 * Takes equal states together: each is judged once.
 * @param onState called for the first of each, and again for the first that must hold more acknowledged turns
 */
export function reduce(
  record: WriteRecord,
  models: readonly Model[],
  onState: (digest: string, state: CrashState, acknowledged: readonly Turn[]) => void = () => undefined,
): Reduced {
  const known = new Map<string, Known>();
  const judged = new Set<string>();
  const acknowledged = Array.from({ length: record.steps.length + 1 }, (_, step) => acknowledgedBefore(record, step));
  const crashPoints: Record<Model, number> = { 'process-crash': 0, 'power-loss': 0 };
  const tally = { combinations: 0n, groups: new LossGroups() };
  for (const state of crashStates(record, models, tally)) {
    const { origin } = state;
    crashPoints[origin.model] += 1;
    const digest = digestOf(state.image);
    const turns = acknowledged[origin.step] ?? [];
    let seen = known.get(digest);
    if (seen === undefined) {
      const steps = { 'process-crash': new Set<number>(), 'power-loss': new Set<number>() };
      seen = { digest, first: {}, latest: origin, turns: 0, steps, onExt4: false, crashPoints: 0 };
      known.set(digest, seen);
    }
    seen.first = { ...seen.first, [origin.model]: simpler(seen.first[origin.model], origin) };
    seen.steps[origin.model].add(origin.step);
    seen.onExt4 ||= origin.model === 'power-loss' && origin.onExt4;
    seen.crashPoints += 1;
    if (turns.length > seen.turns) [seen.turns, seen.latest] = [turns.length, origin];
    else if (turns.length === seen.turns) seen.latest = simpler(seen.latest, origin);
    const key = `${digest} ${turns.length}`;
    if (judged.has(key)) continue;
    judged.add(key);
    onState(digest, state, turns);
  }
  const { draws, protocols } = models.includes('power-loss') ? lossesOf(record) : NO_LOSSES;
  const drawn = [...draws.values()].reduce((sum, count) => sum + count, 0);
  const leftOut = tally.combinations - BigInt(crashPoints['power-loss']);
  const losses = { drawn, groups: tally.groups.counts, protocols: protocols.files };
  return { states: [...known.values()], crashPoints, leftOutByBound: leftOut > 0n ? leftOut : 0n, losses };
}

/** Of two crash points that leave the same, the one that loses less; the first of those. */
function simpler(first: Origin | undefined, origin: Origin): Origin {
  if (first === undefined) return origin;
  return lossesIn(origin) < lossesIn(first) ? origin : first;
}

const lossesIn = (origin: Origin): number => (origin.model === 'power-loss' ? origin.losses.length : 0);
