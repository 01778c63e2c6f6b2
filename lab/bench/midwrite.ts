import path from 'node:path';
import { packageFolder } from '../package-folder.ts';
import { attempt } from '../process.ts';
import type { Matrix, MatrixCell } from '../result/matrix.ts';
import type { Bench } from './section.ts';

const MIDWRITE = path.join(packageFolder, 'lab/midwrite.js');

/** Runs midwrite as its users do, in a process of its own, to its end. */
export const midwrite = (
  args: readonly string[],
  how: { limitMs: number; env?: Readonly<Record<string, string>>; cwd?: string; signal?: AbortSignal },
) => attempt({ file: process.execPath, args: [MIDWRITE, ...args], purpose: `midwrite ${args[0]}`, ...how });

/** Runs cells so, and gives back those that are no controls. That something was found is no failure: its exit code says so too. */
export async function cellsOf(
  { signal }: Bench,
  args: readonly string[],
  how: { limitMs: number; env?: Readonly<Record<string, string>>; cwd?: string },
): Promise<{ run: Matrix['run']; cells: MatrixCell[] }> {
  const { stdout, problem } = await midwrite([...args, '--json'], { ...how, signal });
  if (stdout === '' && problem !== undefined) throw problem;
  const { run, cells } = JSON.parse(stdout) as Matrix;
  return { run, cells: cells.filter((row): row is MatrixCell => !('scenario' in row) && row.role === 'cell') };
}
