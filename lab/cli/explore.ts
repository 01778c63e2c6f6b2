import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, type Engine } from '../engine/engine.ts';
import { writeProblem } from '../evidence/recorder.ts';
import { bootAll, exploreJobs } from '../explore/boot-queue.ts';
import type { Age, Booted } from '../explore/boot-state.ts';
import { MODELS, type Model } from '../explore/crash-state.ts';
import type { Exploration } from '../explore/exploration.ts';
import { explore } from '../explore/explore.ts';
import { type KeptState, readKeptState } from '../explore/kept-state.ts';
import type { Subject } from '../explore/record-workload.ts';
import { explorationInWords, explorationReport } from '../explore/report.ts';
import { workloads } from '../explore/workload.ts';
import { glyph, worst } from '../judge/verdict.ts';
import { releaseNamed } from '../plan.ts';
import { ExitCode, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { plain } from '../report/plain.ts';
import { buildImagesOf } from '../run.ts';
import type { Release } from '../system.ts';
import { exploreErrors } from './explore-errors.ts';
import { interrupted } from './interrupt.ts';

export interface ExploreCommandOptions {
  system?: string;
  defect?: string;
  workload: string;
  model?: string[];
  maxStates?: number;
  everyState?: boolean;
  maxDuration?: number;
  state?: string;
  errors?: boolean;
  everyCall?: boolean;
  config?: string;
  cell?: string[];
  jobs?: number;
  results: string;
  json?: boolean;
}

const say = (line: string) => console.error(`explore: ${line}`);

/** Explores every crash state of a workload, or boots one kept state again. */
export async function exploreCommand(options: ExploreCommandOptions): Promise<ExitCode> {
  if (options.errors === true) return exploreErrors(options);
  if (options.state !== undefined) return again(options.state, options);
  if (options.system === undefined)
    throw new Problem('bad-usage', 'name a system: --system NAME, or a kept state: --state FOLDER.');
  const workload = workloads.find((one) => one.name === options.workload);
  if (workload === undefined)
    throw new Problem(
      'bad-usage',
      `there is no workload "${options.workload}". There are: ${workloads.map((one) => one.name).join(', ')}.`,
    );
  const models = modelsOf(options.model);
  const release = await releaseNamed(options.system, options.defect);
  const { engine, subject } = await prepare(release);
  const folder = path.resolve(options.results, `explore-${stamp()}-${release.system}-${workload.name}`);
  const found = await explore(engine, subject, folder, {
    workload,
    models,
    maxStates: options.maxStates ?? Number.POSITIVE_INFINITY,
    everyState: options.everyState ?? false,
    maxDurationMs: options.maxDuration ?? Number.POSITIVE_INFINITY,
    jobs: jobsOf(engine, options),
    signal: interrupted,
    say,
  });
  await write(folder, found);
  const shown = path.relative(process.cwd(), folder);
  if (options.json === true) console.log(JSON.stringify(found, null, 2));
  else
    console.log(
      `${explorationInWords(found)}\n\nFiles: ${shown}/exploration.md, ${shown}/exploration.json, ${shown}/states/`,
    );
  switch (found.outcome.verdict) {
    case 'held':
      return ExitCode.sound;
    case 'violated':
      return ExitCode.unexpectedViolation;
    case 'inconclusive':
      return ExitCode.unsound;
  }
}

/** Boots one kept state, aged and fresh, and says what was violated. */
async function again(folder: string, options: ExploreCommandOptions): Promise<ExitCode> {
  const state: KeptState = await readKeptState(path.resolve(folder));
  const { engine, subject } = await prepare(await releaseNamed(`${state.system}@${state.version}`));
  const all: Booted[] = [];
  const queue = (['aged', 'fresh'] satisfies Age[]).map((age) => ({
    state,
    age,
    done: (booted: Booted) => all.push(booted),
  }));
  const source = { next: async () => queue.shift(), close: () => undefined };
  await bootAll(engine, subject, 1, `state-${randomUUID().slice(0, 8)}`, source, interrupted);
  if (options.json === true)
    console.log(
      JSON.stringify({ cause: state.cause, booted: all.map(({ age, verdicts }) => ({ age, verdicts })) }, null, 2),
    );
  else {
    console.log(plain(state.cause));
    for (const { age, verdicts } of all)
      for (const { check, verdict, detail } of verdicts)
        console.log(`${glyph(verdict)} ${age} ${check}: ${plain(detail)}`);
  }
  const verdict = worst(all.flatMap((one) => one.verdicts.map((each) => each.verdict)));
  if (verdict === 'violated') return ExitCode.unexpectedViolation;
  return verdict === 'held' ? ExitCode.sound : ExitCode.unsound;
}

async function prepare(release: Release): Promise<{ engine: Engine; subject: Subject }> {
  const engine = await connect(say);
  interrupted.throwIfAborted();
  await sweep(engine.docker, { everything: false, images: false });
  const images = await buildImagesOf(engine, release, { say, signal: interrupted });
  return { engine, subject: { release, images, memoryBytes: release.memory.defaultBytes } };
}

function modelsOf(asked: readonly string[] = []): Model[] {
  const unknown = asked.find((name) => !(MODELS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Problem('bad-usage', `there is no model "${unknown}". There are: ${MODELS.join(', ')}.`);
  return MODELS.filter((model) => asked.length === 0 || asked.includes(model));
}

const jobsOf = (engine: Engine, { jobs }: ExploreCommandOptions) => jobs ?? exploreJobs(engine);

const stamp = () => `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;

async function write(folder: string, found: Exploration): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'exploration.json'), `${JSON.stringify(found, null, 2)}\n`);
    await writeFile(path.join(folder, 'exploration.md'), explorationReport(found));
  } catch (error) {
    throw writeProblem(folder, error);
  }
}
