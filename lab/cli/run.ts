import path from 'node:path';
import { plan } from '../plan.ts';
import type { ExitCode } from '../problem.ts';
import { type Ran, type RunOptions, runCells } from './cells.ts';
import { exitCodeOf, print } from './judge.ts';
import { type SelectionOptions, selectionOf } from './selection.ts';

export async function run(options: SelectionOptions & RunOptions): Promise<ExitCode> {
  // Bad input is told before anything is installed, built or started.
  const cells = await plan(selectionOf(options));
  const ran = await runCells(cells, options);
  print(ran.matrix, options.json === true);
  if (options.json !== true) console.log(`\n${filesOf(ran)}`);
  return exitCodeOf(ran.matrix.outcome);
}

/** Where the results are, and what goes on running. */
export function filesOf({ results, engine }: Ran): string {
  const shown = path.relative(process.cwd(), results.folder);
  const files = `Files: ${shown}/matrix.md, ${shown}/matrix.json, ${shown}/cells/ (judged again by \`npx midwrite judge ${shown}\`)`;
  return engine.isPrivate
    ? `${files}\nThe private engine goes on running for the next run; \`npx midwrite engine down\` stops it.`
    : files;
}
