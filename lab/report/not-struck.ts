import { isScenario, type MatrixRow } from '../result/matrix.ts';

/** What no cell of a run could strike: for each system, the files that it writes through a shared mapping. Nothing there makes a green box false; it is smaller. */
export function notStruck(rows: readonly MatrixRow[]): { system: string; files: string[] }[] {
  const bySystem = Map.groupBy(
    rows.filter((row) => !isScenario(row)),
    (row) => `${row.system}@${row.version}`,
  );
  return [...bySystem].flatMap(([system, own]) => {
    const files = [...new Set(own.flatMap((row) => row.mapped ?? []))];
    return files.length === 0 ? [] : [{ system, files }];
  });
}

export const NOT_STRUCK =
  'Not tried: these are written through a shared memory mapping, and what a crash leaves in the middle of that was seen by no cell';
