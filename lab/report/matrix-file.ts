import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, Problem } from '../problem.ts';
import { type Matrix, readMatrix } from '../result/matrix.ts';

/**
 * The matrix of a stored run.
 * @param run its folder, or the file itself
 * @throws Problem bad-usage: there is none; bad-results
 */
export function readMatrixFile(run: string): Matrix {
  const file = run.endsWith('.json') ? run : path.join(run, 'matrix.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Problem(
      'bad-usage',
      `${run} has no matrix.json: ${describe(error)}. Name a run, such as results/latest.`,
      {
        cause: error,
      },
    );
  }
  return readMatrix(text, file);
}

/** How long each cell took that ran, in ms, by its id. */
export function durationsOf({ cells }: Matrix): ReadonlyMap<string, number> {
  return new Map(cells.filter((cell) => cell.durationMs > 0).map((cell) => [cell.id, cell.durationMs]));
}
