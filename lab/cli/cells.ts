import path from 'node:path';
import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from 'listr2';
import type { Engine } from '../engine/engine.ts';
import { cellJobs } from '../engine/jobs.ts';
import { connectTo } from '../machine/connect.ts';
import type { Place } from '../machine/place.ts';
import { canaries } from '../plan/controls.ts';
import { isPlannedScenario, type Planned } from '../plan/planned.ts';
import { Problem } from '../problem.ts';
import { sweep, sweptInWords } from '../reaper/reaper.ts';
import { durationsOf, readMatrixFile } from '../report/matrix-file.ts';
import type { Matrix } from '../result/matrix.ts';
import { ResultsFolder, type Shard } from '../results.ts';
import { buildImages, type Images } from '../run/images.ts';
import { observeAll, type Plan } from '../run/observe-plan.ts';
import type { RunOptions as PlanOptions } from '../run/options.ts';
import { runPlan } from '../run/run.ts';
import { type GateOptions, gateOf } from './gate.ts';
import { interrupted } from './interrupt.ts';
import { TimeLeft } from './time-left.ts';

/** The options of every command that runs cells. */
export interface RunOptions extends GateOptions {
  resume?: string;
  jobs?: number;
  results: string;
  maxDuration?: number;
  on?: Place;
}

/** So many names stand in a line. */
const FEW = 4;

/** What is there when the cells have run. */
export interface Ran {
  engine: Engine;
  images: Images;
  matrix: Matrix;
  results: ResultsFolder;
}

/** Gets an engine and the images, and runs the cells, with progress on stderr. */
export async function runCells(plan: readonly Planned[] | Plan, options: RunOptions): Promise<Ran> {
  const { results, maxDuration: maxDurationMs, jobs } = options;
  await ResultsFolder.check(path.resolve(results));
  const resume = options.resume === undefined ? undefined : new ResultsFolder(path.resolve(options.resume));
  const whole: Plan = 'outsiders' in plan ? plan : { cells: plan, outsiders: [] };
  const needs = cuttersOf(whole)[0];
  if (needs !== undefined && jobs !== undefined && jobs > 1)
    throw new Problem('bad-usage', `${needs} cuts the power of the whole machine, so it needs --jobs 1.`);
  const { on } = options;
  const asked = {
    ...gateOf(options),
    maxDurationMs,
    jobs: needs === undefined ? jobs : 1,
    resume,
    again: whole.again,
    on,
    needs,
  };
  return (await tasks(whole, path.resolve(results), asked).run({} as Ran)) as Ran;
}

/** The faults of a plan that cut the power of a machine, by their names. */
const cuttersOf = ({ cells, outsiders }: Plan): string[] =>
  [...cells.flatMap((one) => (isPlannedScenario(one) ? [] : [one.fault])), ...outsiders.flatMap(({ faults }) => faults)]
    .filter(({ cutsPower }) => cutsPower === true)
    .map(({ name }) => name);

type Asked = { on: Place | undefined; needs: string | undefined } & Partial<
  Pick<PlanOptions, 'jobs' | 'reporters' | 'failOn' | 'expectations' | 'shard' | 'maxDurationMs' | 'resume' | 'again'>
>;

/** What a plan has come to when everything in it was observed. */
interface Settled {
  cells: readonly Planned[];
  shard?: Shard;
}

/** What is done, step by step, with its progress, on stderr: standard output is the result's. On a terminal the display moves; elsewhere it is plain lines. */
function tasks(plan: Plan, resultsRoot: string, options: Asked): Listr<Ran> {
  const watched = [...plan.outsiders, ...(plan.during ?? [])];
  let settled: Settled = watched.length > 0 ? { cells: [] } : partOf(plan, plan.cells);
  const logger = new QuietOnFailure({
    useIcons: true,
    processOutput: new ProcessOutput(process.stderr, process.stderr),
  });
  // As listr2 itself decides it.
  const moving = process.stdout.isTTY === true;
  return new Listr<Ran>(
    [
      {
        title: 'engine',
        task: async (context, task) => {
          const say = (line: string) => {
            task.output = line;
          };
          context.engine = await connectTo(options.on, options.needs, { say, signal: interrupted });
          interrupted.throwIfAborted();
          const swept = sweptInWords(await sweep(context.engine.docker, { everything: false, images: false }));
          const { product, version, cgroupVersion } = context.engine.facts;
          task.title = `engine: ${product} ${version} (${context.engine.endpoint.from}), cgroup v${cgroupVersion}${swept === undefined ? '' : `; an earlier lab had left ${swept}: removed`}`;
        },
      },
      {
        title: 'images',
        task: async (context, task) => {
          let built = 0;
          const how = {
            say: (line: string) => {
              built += line.startsWith('building') || line.startsWith('making') ? 1 : 0;
              task.output = line;
            },
            signal: interrupted,
          };
          const observed = watched.map(({ release }) => release);
          const canary = watched.length > 0 ? await canaries() : [];
          context.images = await buildImages(context.engine, [...plan.cells, ...canary], how, observed);
          task.title = built === 0 ? 'images: all there' : `images: ${built} built`;
        },
      },
      ...(watched.length === 0
        ? []
        : [
            {
              title: plan.outsiders.length > 0 ? 'watching one write' : 'watching what is to be struck',
              task: async (context: Ran, task: { output: string; title: string }) => {
                settled = partOf(
                  plan,
                  await observeAll(plan, context, {
                    jobs: jobsOn(context.engine, options),
                    signal: interrupted,
                    say: (line) => {
                      task.output = line;
                    },
                  }),
                );
                const what = [
                  ...plan.outsiders.map(({ system }) => `one write of ${system.name}`),
                  ...(plan.during ?? []).map(
                    ({ release, activity }) => `a ${activity} of ${release.system}@${release.version}`,
                  ),
                ];
                task.title = `watched ${what.length > FEW ? `${what.length} of them` : what.join(', ')}`;
              },
            },
          ]),
      {
        title: watched.length > 0 ? 'cells' : `cells 0/${settled.cells.length}`,
        task: async (context, task) => {
          const { cells, shard } = settled;
          const jobs = jobsOn(context.engine, options);
          const left = new TimeLeft(cells, jobs, earlierDurations(resultsRoot));
          const running = new Map<string, string>();
          let done = 0;
          const timeLeft = () => {
            const time = left.inWords();
            return time === undefined || done === cells.length ? '' : `, ${time} left`;
          };
          const show = (line?: string) => {
            if (moving) {
              task.title = `cells ${done}/${cells.length}${timeLeft()}`;
              task.output = [...running].map(([id, phase]) => `${id}: ${phase}`).join('\n');
            } else if (line !== undefined) {
              task.output = `${line}${timeLeft()}`;
            }
          };
          const { matrix, results } = await runPlan(context.engine, cells, context.images, {
            ...options,
            ...(shard !== undefined && { shard }),
            ...(plan.explorations !== undefined && { explorations: plan.explorations }),
            resultsRoot,
            jobs,
            signal: interrupted,
            progress: {
              cellStarted: (cell) => {
                running.set(cell.id, 'starting');
                left.started(cell);
                show();
              },
              cellPhase: (cell, phase) => {
                running.set(cell.id, phase);
                show();
              },
              cellShare: (cell, share) => {
                left.progressed(cell, share);
                show(`${cell.id}: ${running.get(cell.id)}`);
              },
              cellEnded: (cell, row) => {
                running.delete(cell.id);
                done += 1;
                left.ended(cell, row.durationMs);
                show(`${done}/${cells.length} ${cell.id}: ${row.verdict}${row.expected ? '' : ' (not expected)'}`);
              },
              exploring: (line) => {
                task.output = `exploring: ${line}`;
              },
            },
          });
          task.title = `cells ${done}/${cells.length}${exploredInWords(matrix)}`;
          context.matrix = matrix;
          context.results = results;
        },
        // The newest output only: it names all cells that run.
        rendererOptions: { outputBar: 1 },
      },
    ],
    {
      concurrent: false,
      rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false, logger },
      fallbackRenderer: 'simple',
      fallbackRendererOptions: { timer: PRESET_TIMER, logger },
      // Signals are caught in one place, which cleans up.
      registerSignalListeners: false,
    },
  );
}

/** What the cells' step did beside them. */
function exploredInWords({ explorations }: Matrix): string {
  const { length } = explorations;
  return length === 0 ? '' : `, ${length} exploration${length === 1 ? '' : 's'}`;
}

const jobsOn = (engine: Engine, { jobs }: { jobs?: number | undefined }): number => jobs ?? cellJobs(engine);

const partOf = (plan: Plan, cells: readonly Planned[]): Settled => plan.part?.(cells) ?? { cells };

/** Marks a failed step and leaves the message to the end of the program, which prints it once. */
class QuietOnFailure extends ListrLogger {
  override log(...[level, message, options]: Parameters<ListrLogger['log']>): void {
    super.log(level, message, level === 'FAILED' ? undefined : options);
  }
}

/** How long cells took in the newest run, as a first guess for this one. What can't be read is no guess. */
function earlierDurations(resultsRoot: string): ReadonlyMap<string, number> {
  try {
    return durationsOf(readMatrixFile(path.join(resultsRoot, 'latest')));
  } catch {
    return new Map();
  }
}
