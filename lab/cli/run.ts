import path from 'node:path';
import { type Planned, planAgain, planRun } from '../plan.ts';
import { type ExitCode, Problem } from '../problem.ts';
import { ResultsFolder } from '../results.ts';
import { type Ran, type RunOptions, runCells } from './cells.ts';
import { exitCodeOf, print } from './judge.ts';
import { type SelectionOptions, selectionOf } from './selection.ts';

export interface RunCommandOptions extends SelectionOptions, RunOptions {
  scenario?: string[];
  quick?: boolean;
}

export async function run(options: RunCommandOptions): Promise<ExitCode> {
  // Bad input is told before anything is installed, built or started.
  const cells =
    (await planOfResumed(options)) ??
    (await planRun(selectionOf(options), options.scenario ?? [], options.quick === true));
  tellSeed(cells);
  const ran = await runCells(cells, options);
  print(ran.matrix, options.json === true);
  if (options.json !== true) console.log(`\n${filesOf(ran)}`);
  return exitCodeOf(ran.matrix.outcome);
}

/**
 * What a run that is taken up again had planned: nothing else can be asked for with it. Undefined: a new run.
 * @throws Problem bad-usage
 */
export async function planOfResumed(options: RunOptions, scenario?: string): Promise<Planned[] | undefined> {
  if (options.resume === undefined) return undefined;
  const others = Object.entries({ ...options, ...(scenario !== undefined && { scenario }) }).filter(
    ([name, value]) => !['resume', 'jobs', 'json', 'results', 'repeat'].includes(name) && value !== undefined,
  );
  if (others.length > 0)
    throw new Problem(
      'bad-usage',
      `--resume runs what its run had planned: it does not go with ${others.map(([name]) => `--${name}`).join(', ')}.`,
    );
  return planAgain((await new ResultsFolder(path.resolve(options.resume)).readRun()).plan);
}

/** Before anything runs: whatever becomes of it, it can be done again. */
export function tellSeed(planned: readonly Planned[]): void {
  for (const seed of new Set(planned.map(({ spec }) => ('seed' in spec ? spec.seed : undefined))))
    if (seed !== undefined) console.error(`seed ${seed}`);
}

/** Where the results are, and what goes on running. */
export function filesOf({ results, engine }: Ran): string {
  const shown = path.relative(process.cwd(), results.folder);
  const files = `Files: ${shown}/matrix.md, ${shown}/matrix.json, ${shown}/cells/ (judged again by \`npx midwrite judge ${shown}\`)`;
  return engine.isPrivate
    ? `${files}\nThe private engine goes on running for the next run; \`npx midwrite engine down\` stops it.`
    : files;
}
