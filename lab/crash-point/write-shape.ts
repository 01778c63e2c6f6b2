import path from 'node:path';
import type { ArmSpec, GateEvent, GateEventOf } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import type { Store } from '../system.ts';

/**
 * How a system writes its store, learned from a write that was seen: a temp is known by what is done to it (made, written, renamed over the
 * store), not by a name that somebody wrote down.
 */
export type WriteShape =
  | { kind: 'replace'; store: string; temp: string; example: string; log?: string }
  | { kind: 'in-place'; store: string }
  | { kind: 'log'; store: string; log: string }
  | { kind: 'none'; store: string };

type Op = GateEventOf<'op'>;

/** Beside a SQLite database: its write-ahead log and its rollback journal (https://sqlite.org/tempfiles.html). */
const LOG_SUFFIXES = ['-wal', '-journal'];

export function learnWriteShape(events: readonly GateEvent[], promised: Store): WriteShape {
  const store = promised.path;
  const journal = promised.format === 'json-rows' ? promised.journal : undefined;
  const ops = events.filter((event): event is Op => event.ev === 'op');
  const written = (file: (path: string) => boolean) => ops.findLast((op) => op.op === 'write' && file(op.path));
  const renamed = ops.findLast((op) => op.op === 'rename' && op.to === store);
  if (renamed !== undefined) {
    const shape = { kind: 'replace', store, temp: patternOf(renamed.path), example: renamed.path } as const;
    return journal === undefined ? shape : { ...shape, log: journal };
  }
  const logged = written((file) => LOG_SUFFIXES.some((suffix) => file === store + suffix));
  if (logged !== undefined) return { kind: 'log', store, log: logged.path };
  if (written((file) => file === store) !== undefined) return { kind: 'in-place', store };
  // The store itself was not written yet: what it is to hold is in the journal.
  if (journal !== undefined && written((file) => fitsPattern(file, journal)) !== undefined)
    return { kind: 'log', store, log: journal };
  return { kind: 'none', store };
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** A part of a name that has a number in it changes from write to write. */
export const withoutNumber = (part: string): string => (/\d/.test(part) ? '*' : part);

/**
 * The pattern of a temp's name: what changes from write to write (ids, numbers, random parts) becomes `*`. Only the last component: the folder
 * is where it is.
 */
export function patternOf(file: string): string {
  const name = path.posix
    .basename(file)
    .replace(UUID, '*')
    .split(/([.\-_~])/)
    .map(withoutNumber)
    .join('')
    .replaceAll(/\*([.\-_~]\*)+/g, '*');
  return path.posix.join(path.posix.dirname(file), name);
}

/**
 * The patterns of all temps that a system was seen to use, for whatever file: names that it made itself and then renamed over another. A pattern
 * that fits a target too says nothing (a name that is all digits gives `*`); there only the name that was seen counts.
 */
export function learnTemps(events: readonly GateEvent[]): string[] {
  const ops = events.filter((event): event is Op => event.ev === 'op');
  const made = new Set(ops.filter((op) => op.op === 'create').map((op) => op.path));
  // A file that gets a longer name, such as config.bak that becomes config.bak.1, is moved aside to be kept.
  const isKept = (op: Op) => op.to?.startsWith(op.path) === true;
  const renames = ops.filter((op) => op.op === 'rename' && op.to !== undefined && made.has(op.path) && !isKept(op));
  const targets = renames.map((op) => op.to ?? '');
  const patterns = renames.map((op) => {
    const pattern = patternOf(op.path);
    return targets.some((target) => fitsPattern(target, pattern)) ? op.path : pattern;
  });
  return [...new Set(patterns)];
}

/** A place in the write of a store, named after what it leaves on disk. */
export interface CrashPoint {
  name: string;
  /** The stores that are written so. */
  stores: readonly Store['format'][];
  /** Only where the store has a journal. */
  inJournal?: boolean;
  /** In the plan unless others are asked for. */
  inDefaultPlan: boolean;
  /** Where the control, and the case of a corrupt store, take place: the most that a crash can leave. */
  isControlPlace?: boolean;
  /** What is on disk there. */
  leaves: string;
  /** Of a place that was learned from a write: what it is, for a person. */
  words?: string;
  /** The hold, for a write of this shape; undefined where this shape has no such place. */
  hold(shape: WriteShape): ArmSpec | undefined;
}

/** Whether the writes of such a store pass a crash point. */
export function passes(point: CrashPoint, store: Store): boolean {
  if (!point.stores.includes(store.format)) return false;
  return point.inJournal !== true || store.format !== 'json-rows' || store.journal !== undefined;
}

/** What is appended to before the store itself is written. */
const logOf = (shape: WriteShape) => (shape.kind === 'log' || shape.kind === 'replace' ? shape.log : undefined);

const inLog =
  (at: ArmSpec['at'], nth?: number, op = 'write') =>
  (shape: WriteShape): ArmSpec | undefined => {
    const path = logOf(shape);
    return path === undefined ? undefined : { op, path, at, ...(nth === undefined ? {} : { nth }) };
  };

/** The file that takes the new bytes, where there is one. */
const written = (shape: WriteShape) =>
  shape.kind === 'replace' ? shape.temp : shape.kind === 'in-place' ? shape.store : undefined;

function inWritten(shape: WriteShape, at: ArmSpec['at']): ArmSpec | undefined {
  const path = written(shape);
  return path === undefined ? undefined : { op: 'write', path, at };
}

/**
 * Crash points of an atomic replace (create, write, sync, rename) and of a SQLite transaction (a header and a page for each frame of the log, the last
 * frame commits: https://sqlite.org/fileformat2.html#walformat). A system that writes in place has no temp; there the same place in its write is
 * taken, with the store itself in the temp's role.
 */
export const crashPoints: readonly CrashPoint[] = [
  {
    name: 'before-create',
    stores: ['json-rows'],
    inDefaultPlan: false,
    leaves: 'nothing of the write',
    hold(shape) {
      if (shape.kind === 'replace') return { op: 'create', path: shape.temp, at: 'before' };
      return shape.kind === 'in-place' ? { op: 'truncate', path: shape.store, at: 'before' } : undefined;
    },
  },
  {
    name: 'empty-temp',
    stores: ['json-rows'],
    inDefaultPlan: true,
    leaves: 'a temp without a byte',
    hold: (shape) => inWritten(shape, 'before'),
  },
  {
    name: 'torn-temp',
    stores: ['json-rows'],
    inDefaultPlan: true,
    leaves: 'a temp with the first half of its bytes',
    hold: (shape) => inWritten(shape, 'torn'),
  },
  {
    name: 'unsynced-temp',
    stores: ['json-rows'],
    inDefaultPlan: false,
    leaves: 'a whole temp that was not synced yet',
    hold(shape) {
      const path = written(shape);
      return path === undefined ? undefined : { op: 'sync', path, at: 'before' };
    },
  },
  {
    name: 'full-temp',
    stores: ['json-rows'],
    inDefaultPlan: true,
    isControlPlace: true,
    leaves: 'a whole temp that was not renamed yet',
    hold: (shape) =>
      shape.kind === 'replace' ? { op: 'rename', path: '**', to: shape.store, at: 'before' } : undefined,
  },
  {
    name: 'replaced',
    stores: ['json-rows'],
    inDefaultPlan: true,
    leaves: 'the new store, and a caller that has not heard of it',
    hold: (shape) =>
      shape.kind === 'replace' ? { op: 'rename', path: '**', to: shape.store, at: 'after' } : undefined,
  },
  {
    name: 'before-append',
    stores: ['sqlite', 'json-rows'],
    inJournal: true,
    inDefaultPlan: true,
    leaves: 'nothing of the transaction',
    hold: inLog('before', 1),
  },
  {
    name: 'torn-append',
    stores: ['json-rows'],
    inJournal: true,
    inDefaultPlan: true,
    leaves: 'a journal that ends in half a record',
    hold: inLog('torn'),
  },
  {
    name: 'torn-frame',
    stores: ['sqlite'],
    inDefaultPlan: true,
    leaves: 'a log that ends in half a page',
    hold: inLog('torn', 2),
  },
  {
    name: 'half-append',
    stores: ['sqlite'],
    inDefaultPlan: true,
    isControlPlace: true,
    leaves: 'a whole frame that no commit follows, or the first of several transactions',
    hold: inLog('before', 3),
  },
  {
    name: 'before-sync',
    stores: ['sqlite', 'json-rows'],
    inJournal: true,
    inDefaultPlan: false,
    leaves: 'a log that was never synced',
    hold: inLog('before', undefined, 'sync'),
  },
  {
    name: 'checkpoint',
    stores: ['sqlite'],
    inDefaultPlan: false,
    leaves: 'a database into which the log was not copied yet',
    hold: (shape) => (shape.kind === 'log' ? { op: 'write', path: shape.store, at: 'before' } : undefined),
  },
];
