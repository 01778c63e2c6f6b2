import { AFTERMATHS, type Aftermath, cellId, formatSize, parseSize } from '../cell-id.ts';
import { Problem } from '../problem.ts';
import type { Release } from '../system.ts';

/** A cell of every release: what its id says, without the system, and with the memory left out where each takes its own. */
export interface CellOfAny {
  crashPoint: string;
  fault: string;
  memoryBytes?: number;
  aftermath: Aftermath;
}

/**
 * Reads `full-temp_sigkill`, `full-temp_sigkill_768m`, `full-temp_sigkill_fresh`.
 * @throws Problem bad-usage
 */
export function parseCellOfAny(text: string): CellOfAny {
  const [crashPoint = '', fault = '', ...more] = text.replace(/^[a-z][a-z0-9-]*@[^_]+_/, '').split('_');
  const aftermath = more.find((part) => part in AFTERMATHS) as Aftermath | undefined;
  const size = more.find((part) => /^\d+[kmg]?$/.test(part));
  const isRead = more.every((part) => part === aftermath || part === size);
  if (!/^[A-Za-z0-9.+-]+$/.test(crashPoint) || !/^[a-z-]+$/.test(fault) || !isRead)
    throw new Problem(
      'bad-usage',
      `"${text}" is no cell without its system: write CRASH-POINT_FAULT, such as full-temp_sigkill, and behind it a size of memory or an aftermath.`,
    );
  return {
    crashPoint,
    fault,
    aftermath: aftermath ?? 'aged',
    ...(size !== undefined && { memoryBytes: parseSize(size) }),
  };
}

/** Its id, of one release. */
export const cellOfRelease = (cell: CellOfAny, { system, version, memory }: Release): string =>
  cellId({ ...cell, system, version, memoryBytes: cell.memoryBytes ?? memory.defaultBytes, attempt: 1 });

/** As it is named in files and headings. */
export const cellOfAnyInWords = ({ crashPoint, fault, aftermath, memoryBytes }: CellOfAny): string =>
  [
    crashPoint,
    fault,
    ...(memoryBytes === undefined ? [] : [formatSize(memoryBytes)]),
    ...(aftermath === 'aged' ? [] : [aftermath]),
  ].join('_');
