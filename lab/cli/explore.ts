import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { isSweep } from '../errors/begun.ts';
import { writeProblem } from '../evidence/recorder.ts';
import { type Asked, keepAsked, readAsked } from '../explore/asked.ts';
import { JOURNAL_FILE } from '../explore/boot-journal.ts';
import { agesOf } from '../explore/boot-plan.ts';
import { bootAll } from '../explore/boot-queue.ts';
import type { Age, Booted } from '../explore/boot-state.ts';
import { findingIn, makeBundle } from '../explore/bundle/bundle.ts';
import { MODELS, type Model } from '../explore/crash-state.ts';
import type { Exploration } from '../explore/exploration.ts';
import { DRAWS, explore } from '../explore/explore.ts';
import { type KeptState, readKeptState } from '../explore/kept-state.ts';
import { withOracle } from '../explore/oracle.ts';
import { Processors } from '../explore/processors.ts';
import type { Subject } from '../explore/record-workload.ts';
import { explorationInWords } from '../explore/report.ts';
import { exploreAgain, isComplete, keepExploration } from '../explore/run-explorations.ts';
import { LINES_FILE } from '../explore/source-lines/second-recording.ts';
import { StandIns } from '../explore/stand-ins.ts';
import { explorationView } from '../explore/view.ts';
import { ensureImage } from '../image/build.ts';
import { connectTo } from '../machine/connect.ts';
import type { Place } from '../machine/place.ts';
import { makeFolder } from '../make-folder.ts';
import { plain } from '../plain.ts';
import { brokenBy, parseUpgrade, releaseNamed } from '../plan/named.ts';
import { ExitCode, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { explorationHtml } from '../report/html.ts';
import { glyph, worst } from '../result/verdict.ts';
import { buildImagesOf } from '../run/images.ts';
import { slowed } from '../session/slowed.ts';
import { parseShard } from '../shard/cut.ts';
import { withOwnStart } from '../source/own-start.ts';
import { stamp } from '../stamp.ts';
import type { Release } from '../system.ts';
import { UPGRADE, workloadOf } from '../workload/workload.ts';
import { refuseBesideRecord, refuseBesideResume } from './beside-resume.ts';
import { useConfig } from './config.ts';
import { exploreErrors } from './explore-errors.ts';
import { interrupted } from './interrupt.ts';

export interface ExploreCommandOptions {
  system?: string;
  upgrade?: string;
  config?: string;
  defect?: string;
  workload: string;
  model?: string[];
  maxStates?: number;
  everyState?: boolean;
  seed?: number;
  samples?: number;
  sourceLines?: boolean;
  shard?: string;
  record?: string;
  maxDuration?: number;
  state?: string;
  bundle?: string;
  resume?: string;
  errors?: boolean;
  everyCall?: boolean;
  cell?: string[];
  fault?: string[];
  jobs?: number;
  results: string;
  json?: boolean;
  power?: string;
  on?: Place;
}

const say = (line: string) => console.error(`explore: ${line}`);

/** Explores every crash state of a workload, or boots one kept state again. */
export async function exploreCommand(options: ExploreCommandOptions): Promise<ExitCode> {
  const { resume: begun } = options;
  if (options.errors === true && options.upgrade !== undefined)
    throw new Problem(
      'bad-usage',
      '--errors lets calls of a write fail, and --upgrade has none: it records a first boot.',
    );
  if (options.errors === true || (begun !== undefined && isSweep(path.resolve(begun)))) return exploreErrors(options);
  if (begun !== undefined) return resume(begun, options);
  if (options.record !== undefined) return ofRecord(options.record, options);
  const { again: how } = await useConfig(options.config);
  if (options.state !== undefined) return again(options.state, options);
  if (options.bundle !== undefined) return bundle(options.bundle, options);
  const upgrade = upgradeOf(options);
  const system = upgrade === undefined ? options.system : `${upgrade.system}@${upgrade.to}`;
  if (system === undefined)
    throw new Problem('bad-usage', 'Name a system with --system, or a kept state with --state.');
  const workload = upgrade === undefined ? options.workload : UPGRADE.name;
  const { maxStates, everyState = false, seed = DRAWS.seed, samples = DRAWS.samples, defect } = options;
  const { sourceLines } = options;
  const release = await releaseNamed(system, defect);
  const folder = path.resolve(options.results, `explore-${stamp()}-${release.system}-${workload}`);
  const what = { workload, models: modelsOf(options.model), everyState, seed, samples };
  const more = { ...(maxStates !== undefined && { maxStates }), ...(defect !== undefined && { defect }) };
  const from = upgrade === undefined ? {} : { from: upgrade.from };
  const lines = sourceLines === true ? { sourceLines } : {};
  const part = options.shard === undefined ? {} : { shard: parseShard(options.shard) };
  const config = how === undefined ? undefined : options.config;
  return exploreRelease(
    release,
    folder,
    { ...what, ...more, ...from, ...lines, ...part, ...(config !== undefined && { config }) },
    options,
  );
}

/** Takes an exploration up again: what it was asked for is in its folder. */
async function resume(shown: string, options: ExploreCommandOptions): Promise<ExitCode> {
  refuseBesideResume(options);
  const folder = path.resolve(shown);
  const before = await readAsked(folder);
  if (isComplete(folder))
    throw new Problem(
      'bad-usage',
      `${shown} is complete: there is nothing left to boot. ${shown}/exploration.md tells what it found.`,
    );
  return goOn(folder, before, options);
}

/** Explores a folder that has a record. */
async function goOn(folder: string, before: Asked, options: ExploreCommandOptions): Promise<ExitCode> {
  await useConfig(before.config);
  const { defect } = before;
  // A mutant is asked for by the system that it is of.
  const of = defect === undefined ? undefined : brokenBy(defect).of;
  const named = of ?? `${before.system}@${before.version}`;
  return exploreRelease(await releaseNamed(named, defect), folder, before, options, before);
}

/** Explores a record that another exploration has made: what it was asked for stands beside it. */
async function ofRecord(shown: string, options: ExploreCommandOptions): Promise<ExitCode> {
  refuseBesideRecord(options);
  const from = path.resolve(shown);
  const { shard: _, ...before } = await readAsked(from);
  const { maxStates, everyState, shard } = options;
  const asked = {
    ...before,
    ...(maxStates !== undefined && { maxStates }),
    ...(everyState !== undefined && { everyState }),
    ...(shard !== undefined && { shard: parseShard(shard) }),
  };
  const folder = path.resolve(options.results, `explore-${stamp()}-${before.system}-${before.workload}`);
  try {
    await makeFolder(folder);
    await cp(path.join(from, 'record'), path.join(folder, 'record'), { recursive: true });
    const lines = path.join(from, LINES_FILE);
    if (existsSync(lines)) await cp(lines, path.join(folder, LINES_FILE));
  } catch (error) {
    throw writeProblem(folder, error);
  }
  await keepAsked(folder, asked);
  try {
    return await goOn(folder, asked, options);
  } catch (error) {
    // What was refused before its first boot is nothing that could be resumed.
    if (error instanceof Problem && !existsSync(path.join(folder, JOURNAL_FILE))) await rm(folder, { recursive: true });
    throw error;
  }
}

type WhatIsAsked = Omit<Asked, 'schemaVersion' | 'midwriteVersion' | 'image' | 'system' | 'version' | 'oracle'>;

async function exploreRelease(
  release: Release,
  folder: string,
  { workload, models, maxStates, everyState, seed, samples, config, defect, sourceLines, shard, from }: WhatIsAsked,
  options: ExploreCommandOptions,
  before?: Asked,
): Promise<ExitCode> {
  const one = from === undefined ? workloadOf(workload, release) : UPGRADE;
  const old = from === undefined ? undefined : await releaseBefore(release, defect, from);
  const power = powerOf(options);
  const on = power === undefined ? options.on : 'machine';
  const { engine, subject } = await prepare(release, on, { blockLog: power !== undefined, old });
  const shown = path.relative(process.cwd(), folder);
  say(`broken off, it goes on with: npx midwrite explore --resume ${shown}`);
  const found = await explore(engine, subject, folder, {
    workload: one,
    models,
    maxStates: maxStates ?? Number.POSITIVE_INFINITY,
    everyState,
    seed,
    samples,
    maxDurationMs: options.maxDuration ?? Number.POSITIVE_INFINITY,
    jobs: options.jobs,
    ...(power !== undefined && { power }),
    ...(sourceLines !== undefined && { sourceLines }),
    ...(shard !== undefined && { shard }),
    ...(config !== undefined && { again: `--config ${config} `, config }),
    ...(defect !== undefined && { defect }),
    ...(before !== undefined && { resume: before }),
    signal: interrupted,
    say,
  });
  await keepExploration(folder, found);
  await keepPage(folder, {
    system: shownSystem(release, defect),
    workload,
    ...(config !== undefined && { config }),
    ...(old !== undefined && { upgrade: shownUpgrade(release, defect, old.version) }),
  });
  return tellExploration(found, shown, options.json === true);
}

/** Prints what an exploration came to. */
export function tellExploration(found: Exploration, shown: string, asJson: boolean): ExitCode {
  if (asJson) console.log(JSON.stringify(found, null, 2));
  else
    console.log(
      `${explorationInWords(found)}\n\nFiles: ${shown}/exploration.html, ${shown}/exploration.md, ${shown}/exploration.json, ${shown}/states/`,
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

/** Writes what a person opens in a browser. */
export async function keepPage(
  folder: string,
  of: { system: string; workload: string; config?: string; upgrade?: string },
): Promise<void> {
  const view = await explorationView(folder);
  if (view === undefined) return;
  const file = path.join(folder, 'exploration.html');
  await writeFile(file, explorationHtml(view, exploreAgain(of))).catch((error: unknown) => {
    throw writeProblem(file, error);
  });
}

/** As `--system` takes it, with the defect of a mutant. */
export const shownSystem = (
  { system, version }: Pick<Release, 'system' | 'version'>,
  defect: string | undefined,
): string => (defect === undefined ? `${system}@${version}` : `${brokenBy(defect).of} --defect ${defect}`);

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
  await bootAll(engine, subject, `state-${randomUUID().slice(0, 8)}`, source, {
    processors: new Processors(engine, subject.memoryBytes, 1),
    standIns: new StandIns(false),
    signal: interrupted,
  });
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

/** Writes what a maintainer needs who has Docker and no lab, and prints the text of an issue. */
async function bundle(folder: string, options: ExploreCommandOptions): Promise<ExitCode> {
  const full = path.resolve(folder);
  const bundled = await findingIn(full);
  const release = await releaseNamed(`${bundled.found.system}@${bundled.found.version}`);
  const { engine, subject } = await prepare(release, options.on);
  const image = await ensureImage(engine, release.image, { say, signal: interrupted });
  const into = path.resolve(full, '../../bundles');
  const { file, issue } = await makeBundle(subject.release, image, bundled, { into, signal: interrupted, say });
  const shown = path.relative(process.cwd(), file);
  if (options.json === true) console.log(JSON.stringify({ file, issue }, null, 2));
  else console.log(`${plain(issue)}\nThe bundle, with this text in it: ${shown}`);
  return ExitCode.sound;
}

/** @throws Problem bad-usage */
function powerOf({ power, on }: ExploreCommandOptions): 'block-log' | undefined {
  if (power === undefined) return undefined;
  if (power !== 'block-log') throw new Problem('bad-usage', `Unknown power "${power}". Available: block-log.`);
  if (on === 'engine')
    throw new Problem(
      'bad-usage',
      '--power block-log needs the disk of a machine of the lab’s own: leave --on out, or --on machine.',
    );
  return power;
}

/** As `--upgrade` takes it, with the defect of a mutant. */
export const shownUpgrade = (
  { system, version }: Pick<Release, 'system' | 'version'>,
  defect: string | undefined,
  from: string,
): string =>
  defect === undefined
    ? `${system}@${from}..${version}`
    : `${brokenBy(defect).of}@${from}..${version} --defect ${defect}`;

/** @throws Problem bad-usage */
function upgradeOf({ upgrade, system, workload }: ExploreCommandOptions): ReturnType<typeof parseUpgrade> | undefined {
  if (upgrade === undefined) return undefined;
  if (system !== undefined || workload !== 'turn')
    throw new Problem(
      'bad-usage',
      '--upgrade names the system, and what is recorded is a first boot: leave --system and --workload out.',
    );
  return parseUpgrade(upgrade);
}

/**
 * The release that has lived in the folder of an upgrade.
 * @throws Problem bad-usage: nobody says what it makes that could be looked for
 */
async function releaseBefore(release: Release, defect: string | undefined, from: string): Promise<Release> {
  const system = defect === undefined ? release.system : brokenBy(defect).of;
  const old = await releaseNamed(`${system}@${from}`);
  if ((old.kept ?? []).length > 0) return old;
  throw new Problem(
    'bad-usage',
    `the definition of ${system} does not say what a person makes under one release and looks for under the next (kept).`,
  );
}

async function prepare(
  release: Release,
  on: Place | undefined,
  { blockLog = false, old }: { blockLog?: boolean; old?: Release | undefined } = {},
): Promise<{ engine: Engine; subject: Subject }> {
  const engine = await connectTo(on, undefined, { say, signal: interrupted }, { blockLog });
  interrupted.throwIfAborted();
  await sweep(engine.docker, { everything: false, images: false });
  const images = await buildImagesOf(engine, release, { say, signal: interrupted });
  const started = await withOwnStart(engine, release, { say, signal: interrupted });
  const slowness = engine.slowness ?? 1;
  const subject = { release: slowed(started, slowness), images, memoryBytes: release.memory.defaultBytes };
  if (old === undefined) return { engine, subject };
  const { system: image } = await buildImagesOf(engine, old, { say, signal: interrupted });
  const memoryBytes = Math.max(subject.memoryBytes, old.memory.defaultBytes);
  return { engine, subject: { ...subject, memoryBytes, from: { release: slowed(old, slowness), image } } };
}

function modelsOf(asked: readonly string[] = []): Model[] {
  const unknown = asked.find((name) => !(MODELS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Problem('bad-usage', `Unknown model "${unknown}". Available: ${MODELS.join(', ')}.`);
  return MODELS.filter((model) => asked.length === 0 || asked.includes(model));
}
