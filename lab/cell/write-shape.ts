import path from 'node:path';
import picomatch from 'picomatch';
import type { ArmSpec, GateEvent, GateEventOf } from '../gate/protocol.ts';

/**
 * How a gateway writes its store, learned from a write that was seen: a temp is known by what is done to it (made, written, renamed over the
 * store), not by a name that somebody wrote down.
 */
export type WriteShape =
  | { kind: 'replace'; store: string; temp: string; example: string }
  | { kind: 'in-place'; store: string }
  | { kind: 'none'; store: string };

type Op = GateEventOf<'op'>;

export function learnWriteShape(events: readonly GateEvent[], store: string): WriteShape {
  const ops = events.filter((event): event is Op => event.ev === 'op');
  const renamed = ops.findLast((op) => op.op === 'rename' && op.to === store);
  if (renamed !== undefined) return { kind: 'replace', store, temp: patternOf(renamed.path), example: renamed.path };
  const written = ops.some((op) => op.op === 'write' && op.path === store);
  return written ? { kind: 'in-place', store } : { kind: 'none', store };
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/**
 * The pattern of a temp's name: what changes from write to write (ids, numbers, random parts) becomes `*`. Only the last component: the folder
 * is where it is.
 */
export function patternOf(file: string): string {
  const name = path.posix
    .basename(file)
    .replace(UUID, '*')
    .split(/([.\-_~])/)
    .map((part) => (/\d/.test(part) ? '*' : part))
    .join('')
    .replaceAll(/\*([.\-_~]\*)+/g, '*');
  return path.posix.join(path.posix.dirname(file), name);
}

/**
 * The patterns of all temps that a gateway was seen to use, for whatever file: names that it made itself and then renamed over another. A pattern
 * that fits a target too says nothing (a name that is all digits gives `*`); there only the name that was seen counts.
 */
export function learnTemps(events: readonly GateEvent[]): string[] {
  const ops = events.filter((event): event is Op => event.ev === 'op');
  const made = new Set(ops.filter((op) => op.op === 'create').map((op) => op.path));
  const renames = ops.filter((op) => op.op === 'rename' && op.to !== undefined && made.has(op.path));
  const targets = renames.map((op) => op.to ?? '');
  const patterns = renames.map((op) => {
    const pattern = patternOf(op.path);
    return targets.some((target) => picomatch.isMatch(target, pattern, { dot: true })) ? op.path : pattern;
  });
  return [...new Set(patterns)];
}

/** A place in the replacement of a store, named after what it leaves on disk. */
export interface CrashPoint {
  name: string;
  /** What is on disk there. */
  leaves: string;
  /** The hold, for a write of this shape; undefined where this shape has no such place. */
  hold(shape: WriteShape): ArmSpec | undefined;
}

const written = (shape: WriteShape) => (shape.kind === 'replace' ? shape.temp : shape.store);

/**
 * Crash points of an atomic replace (create, write, sync, rename). A gateway that writes in place has no temp; there the same place in its
 * write is taken, with the store itself in the temp's role.
 */
export const crashPoints: readonly CrashPoint[] = [
  {
    name: 'before-create',
    leaves: 'nothing of the write',
    hold: (shape) =>
      shape.kind === 'replace'
        ? { op: 'create', path: shape.temp, at: 'before' }
        : shape.kind === 'in-place'
          ? { op: 'truncate', path: shape.store, at: 'before' }
          : undefined,
  },
  {
    name: 'empty-temp',
    leaves: 'a temp without a byte',
    hold: (shape) => (shape.kind === 'none' ? undefined : { op: 'write', path: written(shape), at: 'before' }),
  },
  {
    name: 'torn-temp',
    leaves: 'a temp with the first half of its bytes',
    hold: (shape) => (shape.kind === 'none' ? undefined : { op: 'write', path: written(shape), at: 'torn' }),
  },
  {
    name: 'full-temp',
    leaves: 'a whole temp that was not renamed yet',
    hold: (shape) =>
      shape.kind === 'replace' ? { op: 'rename', path: '**', to: shape.store, at: 'before' } : undefined,
  },
  {
    name: 'replaced',
    leaves: 'the new store, and a caller that has not heard of it',
    hold: (shape) =>
      shape.kind === 'replace' ? { op: 'rename', path: '**', to: shape.store, at: 'after' } : undefined,
  },
];

export const DEFAULT_CRASH_POINTS = ['empty-temp', 'torn-temp', 'full-temp', 'replaced'];
