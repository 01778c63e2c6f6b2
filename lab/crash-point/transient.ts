import path from 'node:path';
import type { ArmSpec, GateEventOf } from '../gate/protocol.ts';
import { armOf, roleOf } from './places.ts';

type Op = GateEventOf<'op'>;

/** The moment at which something undisturbed has most on disk that it will take away again: what a crash there leaves is somebody's to remove. */
export interface WorstMoment {
  arm: ArmSpec;
  /** For a person. */
  words: string;
  /** Of what there is for a time: files, folders and bytes. */
  files: number;
  folders: number;
  bytes: number;
}

/** A name with a part that changes from time to time: nothing that comes later has the same one, so each crash can leave another. */
const changesItsName = (root: string, file: string): boolean => path.posix.relative(root, roleOf(file)).includes('*');

/** Until which call each name exists that is made here and goes again: the call that removes it, moves it, or removes the folder that it is in. */
function endsOf(ops: readonly Op[], root: string): Map<string, { from: number; to: number; isFolder: boolean }> {
  const alive = new Map<string, { from: number; isFolder: boolean }>();
  const ends = new Map<string, { from: number; to: number; isFolder: boolean }>();
  for (const [index, { op, path: file }] of ops.entries()) {
    if ((op === 'create' || op === 'mkdir') && !alive.has(file) && changesItsName(root, file))
      alive.set(file, { from: index, isFolder: op === 'mkdir' });
    if (op !== 'unlink' && op !== 'rename') continue;
    const made = alive.get(file);
    if (made === undefined) continue;
    alive.delete(file);
    ends.set(`${file}\0${made.from}`, { ...made, to: index });
  }
  return ends;
}

/**
 * Finds the moment in an undisturbed boot, turn or command by what is done to files, and by no name that somebody wrote down: where the sum of what is made
 * there and later removed or renamed is the largest. Only names that change from time to time count: what always has the same name is left at most once.
 * @returns undefined: there is nothing that is there for a time only
 */
export function worstMoment(ops: readonly Op[], root: string): WorstMoment | undefined {
  const ends = endsOf(ops, root);
  if (ends.size === 0) return undefined;
  const removals = [...new Set([...ends.values()].map(({ to }) => to))].sort((a, b) => a - b);
  let worst: WorstMoment | undefined;
  let most = -1;
  for (const index of removals) {
    const there = [...ends].filter(([, { from, to }]) => from < index && to >= index);
    const folders = there.filter(([, { isFolder }]) => isFolder).length;
    const bytes = there.reduce((sum, [key, { from }]) => {
      const file = key.slice(0, key.indexOf('\0'));
      const written = ops.slice(from, index).filter((op) => op.op === 'write' && op.path === file);
      return sum + written.reduce((all, op) => all + (op.bytes ?? 0), 0);
    }, 0);
    const weight = bytes + there.length;
    const op = ops[index];
    if (op === undefined || weight <= most) continue;
    most = weight;
    const what = op.op === 'rename' ? 'renamed' : 'removed';
    worst = {
      arm: armOf(ops, index, 'before'),
      words: `before ${path.posix.relative(root, roleOf(op.path))} is ${what}`,
      files: there.length - folders,
      folders,
      bytes,
    };
  }
  return worst;
}
