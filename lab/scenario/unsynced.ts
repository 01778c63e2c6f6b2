import path from 'node:path';
import type { GateEventOf } from '../gate/protocol.ts';

type Op = GateEventOf<'op'>;

/** What a power loss behind the last call may take, of what was made. */
export interface Unsynced {
  /** Names of files and folders whose folder was not synced behind the call that made them. */
  names: string[];
  /** Files whose last bytes were not synced. */
  data: string[];
}

const MAKES_A_NAME: ReadonlySet<string> = new Set(['create', 'mkdir', 'link', 'symlink']);

/** Whether a name is below a folder, or is it. */
const isIn = (folder: string, file: string): boolean => file === folder || file.startsWith(`${folder}/`);

/**
 * Of what a record made below a folder and left there: what no sync made durable, by what POSIX promises. fsync(2) of a file is not of its name: that takes one of
 * the folder that has it.
 * @param ops all calls, in their order
 * @param existing what was there before
 */
export function unsyncedIn(ops: readonly Op[], folder: string, existing: ReadonlySet<string>): Unsynced {
  const names = new Set<string>();
  const data = new Set<string>();
  const made = new Set(existing);
  for (const { op, path: file, to } of ops) {
    if (op === 'sync') {
      data.delete(file);
      for (const name of names) if (path.posix.dirname(name) === file) names.delete(name);
    } else if (op === 'unlink') {
      for (const known of [names, data, made]) known.delete(file);
    } else if (op === 'rename' && to !== undefined) {
      made.delete(file);
      made.add(to);
      names.delete(file);
      names.add(to);
      if (data.delete(file)) data.add(to);
    } else if (MAKES_A_NAME.has(op)) {
      const name = to ?? file;
      // A folder that is there is not made again: the call fails.
      if (!made.has(name)) names.add(name);
      made.add(name);
    } else if (op === 'write' || op === 'copy') {
      data.add(to ?? file);
    }
  }
  const below = (all: ReadonlySet<string>) => [...all].filter((file) => isIn(folder, file)).sort();
  return { names: below(names), data: below(data) };
}
