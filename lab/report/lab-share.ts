import type { Matrix } from '../result/matrix.ts';

/** Where the time of the cells went, one after the other; those of which it is not known are in neither sum. */
export interface LabShare {
  cellsMs: number;
  /** Of it the systems' own: lab/judge/system-time.ts. */
  systemMs: number;
}

/** Undefined: of no cell it is known. */
export function labShare({ cells }: Pick<Matrix, 'cells'>): LabShare | undefined {
  const known = cells.flatMap(({ durationMs, systemMs }) => (systemMs === undefined ? [] : [{ durationMs, systemMs }]));
  const cellsMs = known.reduce((sum, row) => sum + row.durationMs, 0);
  const systemMs = known.reduce((sum, row) => sum + row.systemMs, 0);
  return cellsMs === 0 ? undefined : { cellsMs, systemMs };
}

/** A sentence for people, or undefined. */
export function labShareInWords(matrix: Pick<Matrix, 'cells'>): string | undefined {
  const share = labShare(matrix);
  if (share === undefined) return undefined;
  const { cellsMs, systemMs } = share;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const percent = Math.round((100 * (cellsMs - systemMs)) / cellsMs);
  return `Lab overhead: ${percent} % (${seconds(cellsMs - systemMs)} of ${seconds(cellsMs)} of cell time; the rest is the systems' own boots, turns and stops).`;
}
