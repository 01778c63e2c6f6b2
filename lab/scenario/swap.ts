import { armOf } from '../crash-point/places.ts';
import type { ArmSpec, GateEventOf } from '../gate/protocol.ts';

/** How a file got its new content, from the record of an undisturbed command. */
export interface Swap {
  /** The call before which the file is not there, or has its old content. */
  arm: ArmSpec;
  /** For a person. */
  words: string;
  /** Calls between the one that takes the file's name away and the one that gives it back; 0: it always had its name. */
  callsWithout: number;
}

const isOf = (file: string, path: string): boolean => path === file || path === `${file}-wal`;

/**
 * Finds the moment at which a file is renamed away and its new copy does not have its name yet. Where there is none: the last call that changes the file, or its
 * write-ahead log.
 * @returns undefined: nothing changes it
 */
export function swapOf(ops: readonly GateEventOf<'op'>[], file: string): Swap | undefined {
  const away = ops.findLastIndex(({ op, path }) => op === 'rename' && path === file);
  const back = ops.findIndex(({ op, to }, index) => index > away && op === 'rename' && to === file);
  if (away >= 0 && back > away)
    return {
      arm: armOf(ops, back, 'before'),
      words: `${file} has another name, and the new one has not got its name yet`,
      callsWithout: back - away,
    };
  const last = ops.findLastIndex(
    ({ op, path, to }) => (op === 'write' && isOf(file, path)) || (op === 'rename' && to === file),
  );
  if (last < 0) return undefined;
  return { arm: armOf(ops, last, 'before'), words: `before the last change of ${file}`, callsWithout: 0 };
}
