import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { slowed } from '../cell/slowed.ts';
import type { Engine } from '../engine/engine.ts';
import { writeProblem } from '../evidence/recorder.ts';
import { agesOf } from '../explore/boot-plan.ts';
import { bootAll, exploreJobs } from '../explore/boot-queue.ts';
import type { Age, Booted } from '../explore/boot-state.ts';
import { MODELS, type Model } from '../explore/crash-state.ts';
import type { Exploration } from '../explore/exploration.ts';
import { DRAWS, explore } from '../explore/explore.ts';
import { type KeptState, readKeptState } from '../explore/kept-state.ts';
import { withOracle } from '../explore/oracle.ts';
import type { Subject } from '../explore/record-workload.ts';
import { explorationInWords, explorationReport } from '../explore/report.ts';
import { workloadOf } from '../explore/workload.ts';
import { withOwnStart } from '../image/own-start.ts';
import { glyph, worst } from '../judge/verdict.ts';
import { connectTo, type Place } from '../machine/connect.ts';
import { makeFolder } from '../make-folder.ts';
import { releaseNamed } from '../plan.ts';
import { ExitCode, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { plain } from '../report/plain.ts';
import { buildImagesOf } from '../run.ts';
import type { Release } from '../system.ts';
import { useConfig } from './config.ts';
import { exploreErrors } from './explore-errors.ts';
import { interrupted } from './interrupt.ts';

export interface ExploreCommandOptions {
  system?: string;
  config?: string;
  defect?: string;
  workload: string;
  model?: string[];
  maxStates?: number;
  everyState?: boolean;
  seed?: number;
  samples?: number;
  maxDuration?: number;
  state?: string;
  errors?: boolean;
  everyCall?: boolean;
  cell?: string[];
  fault?: string[];
  jobs?: number;
  results: string;
  json?: boolean;
  on?: Place;
}

const say = (line: string) => console.error(`explore: ${line}`);

/** Explores every crash state of a workload, or boots one kept state again. */
export async function exploreCommand(options: ExploreCommandOptions): Promise<ExitCode> {
  if (options.errors === true) return exploreErrors(options);
  const { again: how } = await useConfig(options.config);
  if (options.state !== undefined) return again(options.state, options);
  if (options.system === undefined)
    throw new Problem('bad-usage', 'name a system: --system NAME, or a kept state: --state FOLDER.');
  const models = modelsOf(options.model);
  const release = await releaseNamed(options.system, options.defect);
  const workload = workloadOf(options.workload, release);
  const { engine, subject } = await prepare(release, options.on);
  const folder = path.resolve(options.results, `explore-${stamp()}-${release.system}-${workload.name}`);
  const found = await explore(engine, subject, folder, {
    workload,
    models,
    maxStates: options.maxStates ?? Number.POSITIVE_INFINITY,
    everyState: options.everyState ?? false,
    seed: options.seed ?? DRAWS.seed,
    samples: options.samples ?? DRAWS.samples,
    maxDurationMs: options.maxDuration ?? Number.POSITIVE_INFINITY,
    jobs: jobsOf(engine, options),
    ...(how !== undefined && { again: `--config ${options.config} ` }),
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
  const named = await releaseNamed(`${state.system}@${state.version}`);
  const release = state.oracle === undefined ? named : withOracle(named, state.oracle);
  const { engine, subject } = await prepare(release, options.on);
  const all: Booted[] = [];
  const queue = agesOf(subject.release.promises).map((age: Age) => ({
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
        console.log(`${glyph(verdict)} ${all.length === 1 ? '' : `${age} `}${check}: ${plain(detail)}`);
  }
  const verdict = worst(all.flatMap((one) => one.verdicts.map((each) => each.verdict)));
  if (verdict === 'violated') return ExitCode.unexpectedViolation;
  return verdict === 'held' ? ExitCode.sound : ExitCode.unsound;
}

async function prepare(release: Release, on: Place | undefined): Promise<{ engine: Engine; subject: Subject }> {
  const engine = await connectTo(on, undefined, { say, signal: interrupted });
  interrupted.throwIfAborted();
  await sweep(engine.docker, { everything: false, images: false });
  const images = await buildImagesOf(engine, release, { say, signal: interrupted });
  const started = await withOwnStart(engine, release, { say, signal: interrupted });
  const subject = { release: slowed(started, engine.slowness ?? 1), images, memoryBytes: release.memory.defaultBytes };
  return { engine, subject };
}

function modelsOf(asked: readonly string[] = []): Model[] {
  const unknown = asked.find((name) => !(MODELS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Problem('bad-usage', `Unknown model "${unknown}". Available: ${MODELS.join(', ')}.`);
  return MODELS.filter((model) => asked.length === 0 || asked.includes(model));
}

const jobsOf = (engine: Engine, { jobs }: ExploreCommandOptions) => jobs ?? exploreJobs(engine);

const stamp = () => `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;

async function write(folder: string, found: Exploration): Promise<void> {
  try {
    await makeFolder(folder);
    await writeFile(path.join(folder, 'exploration.json'), `${JSON.stringify(found, null, 2)}\n`);
    await writeFile(path.join(folder, 'exploration.md'), explorationReport(found));
  } catch (error) {
    throw writeProblem(folder, error);
  }
}
