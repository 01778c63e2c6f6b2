import type { Matrix } from './matrix.ts';

/** Where the time of the cells went, one after the other; those of which it is not known are in neither sum. */
export interface LabShare {
  cellsMs: number;
  /** Of it the gateways' own: lab/judge/gateway-time.ts. */
  gatewayMs: number;
}

/** Undefined: of no cell it is known. */
export function labShare({ cells }: Pick<Matrix, 'cells'>): LabShare | undefined {
  const known = cells.flatMap(({ durationMs, gatewayMs }) =>
    gatewayMs === undefined ? [] : [{ durationMs, gatewayMs }],
  );
  const cellsMs = known.reduce((sum, row) => sum + row.durationMs, 0);
  const gatewayMs = known.reduce((sum, row) => sum + row.gatewayMs, 0);
  return cellsMs === 0 ? undefined : { cellsMs, gatewayMs };
}

/** A sentence for people, or undefined. */
export function labShareInWords(matrix: Pick<Matrix, 'cells'>): string | undefined {
  const share = labShare(matrix);
  if (share === undefined) return undefined;
  const { cellsMs, gatewayMs } = share;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const percent = Math.round((100 * (cellsMs - gatewayMs)) / cellsMs);
  return `Of the cells' ${seconds(cellsMs)}, one after the other, ${seconds(gatewayMs)} were the gateways' own (boots, turns, stops) and ${seconds(cellsMs - gatewayMs)} the lab's: ${percent} %.`;
}
