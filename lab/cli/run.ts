import path from 'node:path';
import { parseCellId } from '../cell-id.ts';
import { activitiesNamed } from '../crash-point/activity.ts';
import { explorationsAgain, type PlannedExploration, planExplorations } from '../explore/plan-explorations.ts';
import type { Observation } from '../observe/observe.ts';
import { planAgain, planRun } from '../plan/plan.ts';
import { duringAgain, planDuring, withoutActivities } from '../plan/plan-during.ts';
import { type Outsider, outsiders, outsidersAgain } from '../plan/plan-outside.ts';
import type { Planned, Selection } from '../plan/planned.ts';
import { type ExitCode, Problem } from '../problem.ts';
import { isDefault, planNewest } from '../releases/plan-newest.ts';
import { reportOf } from '../report/index.ts';
import { durationsOf, readMatrixFile } from '../report/matrix-file.ts';
import { type PlannedExplorationRow, ResultsFolder, type Shard } from '../results.ts';
import { plannedRow } from '../run/begin-run.ts';
import type { Plan } from '../run/observe-plan.ts';
import { parseShard, shardOf } from '../shard/cut.ts';
import { midwriteVersion } from '../version.ts';
import { type Ran, type RunOptions, runCells } from './cells.ts';
import { useConfig } from './config.ts';
import { exitCodeOf, type GateOptions, gateOf, print } from './gate.ts';
import { type SelectionOptions, selectionOf } from './selection.ts';

export interface RunCommandOptions extends SelectionOptions, RunOptions {
  scenario?: string[];
  quick?: boolean;
  shard?: string;
  durations?: string;
  config?: string;
  everyCall?: boolean;
  during?: string[];
  /** Workloads; true: a turn. */
  explore?: true | string[];
  maxStates?: number;
}

export async function run(options: RunCommandOptions): Promise<ExitCode> {
  // Bad input is told before anything is installed, built or started.
  const again = await useConfig(options.config);
  const resumed = await planOfResumed(options);
  if (resumed !== undefined) return conclude(await runCells(resumed, options), options);
  const asked = selectionOf(options);
  const { activities, hasTurn } = activitiesNamed(options.during ?? []);
  const every = options.everyCall === true;
  const during = await planDuring(asked, activities, every);
  const { rest: selection, cells } = withoutActivities(asked);
  const isOnlyDuring = !hasTurn || (cells.length > 0 && selection.cells.length === 0);
  const outside = isOnlyDuring ? [] : await outsiders(selection, every);
  const planned =
    isOnlyDuring || isOnly(outside, selection, options)
      ? []
      : await planRun(selection, options.scenario ?? [], options.quick === true);
  tellSeed(planned);
  const isAll = isDefault(asked) && (options.during ?? []).length === 0 && (options.scenario ?? []).length === 0;
  const newest = isAll && outside.length === 0 ? await planNewest() : undefined;
  for (const line of newest?.told ?? []) console.error(line);
  const ids = new Set(planned.map(({ id }) => id));
  planned.push(...(newest?.cells ?? []).filter(({ id }) => !ids.has(id)));
  during.push(...(newest?.during ?? []));
  const explorations = await explorationsOf(planned, outside, options);
  const rows = explorations.map(({ row }) => row);
  const part = (cells: readonly Planned[]) => partOf([...cells], rows, options);
  const told = (_: Outsider, { told }: Observation) => void told;
  return conclude(
    await runCells({ cells: planned, outsiders: outside, during, explorations, part, told, ...again }, options),
    options,
  );
}

/** All that is asked for is from outside: then nothing of the lab's own is in the plan but its canary. */
const isOnly = (outside: readonly Outsider[], selection: Selection, { scenario = [] }: RunCommandOptions): boolean =>
  outside.length > 0 &&
  scenario.length === 0 &&
  [...selection.systems, ...selection.cells.map((id) => parseCellId(id).system)].every((text) =>
    outside.some(({ system }) => system.name === text.split('@')[0]),
  );

/**
 * What is to be explored of the systems whose cells run.
 * @throws Problem bad-usage
 */
async function explorationsOf(
  planned: readonly Planned[],
  outside: readonly Outsider[],
  { explore, maxStates }: RunCommandOptions,
): Promise<PlannedExploration[]> {
  if (explore === undefined) {
    if (maxStates === undefined) return [];
    throw new Problem('bad-usage', '--max-states needs --explore: it bounds what an exploration boots.');
  }
  const asked = planned.filter(({ role, system }) => role === 'cell' && system.mutant === undefined);
  const releases = [
    ...asked.map(({ release, spec }) => ({ release, memoryBytes: spec.memoryBytes })),
    ...outside.map(({ release, memoryBytes }) => ({ release, memoryBytes })),
  ];
  const workloads = explore === true ? [TURN] : explore;
  return planExplorations(releases, { workloads, ...(maxStates !== undefined && { maxStates }) });
}

const TURN = 'turn';

/** @throws Problem bad-usage, bad-results */
function partOf(
  planned: Planned[],
  explorations: readonly PlannedExplorationRow[],
  { shard, durations }: RunCommandOptions,
): { cells: Planned[]; shard?: Shard } {
  if (shard !== undefined) {
    const known = durations === undefined ? new Map() : durationsOf(readMatrixFile(durations));
    return shardOf(planned, plannedRow, parseShard(shard), known, midwriteVersion, explorations);
  }
  if (durations !== undefined)
    throw new Problem('bad-usage', '--durations needs --shard: it says how to balance the shards.');
  return { cells: planned };
}

/** Prints what a run came to, and gives its exit code. */
export async function conclude(ran: Ran, options: GateOptions): Promise<ExitCode> {
  const { failOn, reporters } = gateOf(options);
  await print(reportOf(ran.matrix, ran.results, failOn), reporters, options.json === true);
  if (options.json !== true) console.log(`\n${filesOf(ran, options)}`);
  return exitCodeOf(ran.matrix, failOn);
}

/** Options that say nothing of what is planned. */
const BESIDE_RESUME: ReadonlySet<string> = new Set([
  ...['resume', 'jobs', 'json', 'results', 'repeat'],
  ...['failOn', 'expectations', 'reporter', 'maxDuration', 'config', 'on'],
]);

/**
 * What a run that is taken up again had planned: nothing else can be asked for with it. Undefined: a new run.
 * @throws Problem bad-usage
 */
export async function planOfResumed(options: RunOptions, scenario?: string): Promise<Plan | undefined> {
  if (options.resume === undefined) return undefined;
  const others = Object.entries({ ...options, ...(scenario !== undefined && { scenario }) }).filter(
    ([name, value]) => !BESIDE_RESUME.has(name) && value !== undefined,
  );
  if (others.length > 0)
    throw new Problem(
      'bad-usage',
      `--resume runs what its run had planned: it does not go with ${others.map(([name]) => `--${name}`).join(', ')}.`,
    );
  const { plan, explorations } = await new ResultsFolder(path.resolve(options.resume)).readRun();
  return {
    cells: await planAgain(plan),
    outsiders: await outsidersAgain(plan),
    during: await duringAgain(plan),
    explorations: await explorationsAgain(explorations),
  };
}

/** Before anything runs: whatever becomes of it, it can be done again. */
export function tellSeed(planned: readonly Planned[]): void {
  for (const seed of new Set(planned.map(({ spec }) => ('seed' in spec ? spec.seed : undefined))))
    if (seed !== undefined) console.error(`seed ${seed}`);
}

/** Where the results are, and what goes on running. */
export function filesOf({ results, engine, matrix }: Ran, options: GateOptions): string {
  const shown = path.relative(process.cwd(), results.folder);
  const written = gateOf(options).reporters.flatMap(({ file }) => file ?? []);
  const files = `Files in ${shown}: ${[...written, 'cells/', ...(matrix.explorations.length > 0 ? ['explorations/'] : [])].join(', ')} (judged again by \`npx midwrite judge ${shown}\`)`;
  return engine.isPrivate
    ? `${files}\nThe private engine goes on running for the next run; \`npx midwrite engine down\` stops it.`
    : files;
}
