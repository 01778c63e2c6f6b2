import { rm } from 'node:fs/promises';
import path from 'node:path';
import { roleOf } from '../crash-point/places.ts';
import type { Engine } from '../engine/engine.ts';
import { type BlockRecording, writesOf } from '../machine/block-recording.ts';
import { machineFolders } from '../machine/folders.ts';
import { midwriteVersion } from '../version.ts';
import type { Workload } from '../workload/workload.ts';
import { adviseAside } from './advice/advise-aside.ts';
import { type Asked, keepAsked, refuseOther } from './asked.ts';
import { BootJournal } from './boot-journal.ts';
import type { StateToBoot } from './boot-state.ts';
import { type BootResult, bootStates } from './boot-states.ts';
import { RealCrashes } from './confirm.ts';
import { ASSUMPTIONS, crashPointsOf, isPromised, type Model, nameOf, type Reduced } from './crash-state.ts';
import { EXPLORATION_SCHEMA_VERSION, type Exploration } from './exploration.ts';
import { type Finding, findings, isSameCause } from './finding.ts';
import { imagesOf, judgeStates, seenIn, unfaithful } from './judged.ts';
import { keepState } from './kept-state.ts';
import { aroundOf, loggedMachine } from './model-on-machine.ts';
import { type Oracle, observed, oracleOf, withOracle } from './oracle.ts';
import { realPower, stamped, untrueOf } from './power.ts';
import { Processors } from './processors.ts';
import { beforeOf, turnsAt, type WriteRecord } from './record.ts';
import { openRecord } from './record-file.ts';
import { rolesOf } from './record-roles.ts';
import { recordWorkload, type Subject } from './record-workload.ts';
import { modelsInRecoveries, type RecoveryFinding } from './recoveries.ts';
import { type ExplorationShard, planHashOf } from './shards/part.ts';
import { recordSourceLines } from './source-lines/second-recording.ts';
import { mapOf } from './write-map.ts';

/** In the folder of an exploration: what recoveries wrote, as long as it may go on. */
export const RECOVERIES = 'recoveries';

export interface ExploreOptions {
  workload: Workload;
  models: readonly Model[];
  /** At most so many distinct states are booted; the others are judged without a boot only. */
  maxStates: number;
  /** Each distinct state is booted itself, and those of every recovery, also where another one stands for it. */
  everyState: boolean;
  /** Power losses that are too many to try each are drawn from it. */
  seed: number;
  /** At most so many are drawn. */
  samples: number;
  /** After so long, counted from the beginning of all, no other state is booted and no other real crash is tried. */
  maxDurationMs: number;
  /** It boots a part of the groups. Absent: all. */
  shard?: ExplorationShard;
  /** What an exploration was asked for that is taken up again: its record and the boots that it knows are in the folder. */
  resume?: Asked;
  /** Of a config, and of a mutant: what it is begun with again. */
  config?: string;
  defect?: string;
  /** What power failures left is read from a log of the disk's writes too; the engine is a machine's that has one. */
  power?: 'block-log';
  /** What a command has before `--state` that boots a kept state again, such as `--config examples `. */
  again?: string;
  /** The workload is recorded a second time, to tell where in the program's source its calls were made. */
  sourceLines?: boolean;
  /** At most so many real crashes confirm the model. Absent: a few of each kind. */
  crashes?: number;
  /** So many states at a time. Absent: as many as do well. */
  jobs?: number | undefined;
  signal: AbortSignal;
  say(line: string): void;
}

/** What is drawn where nobody says. */
export const DRAWS = { seed: 1, samples: 200 } as const;

const POWER_NOT_READ =
  'what power failures left was not read: the log of the disk’s writes was not kept when the exploration was broken off (--power begins a new one)';

/**
 * The life of an exploration: record once, rebuild every state, judge each, boot each, confirm some of them by a real crash, report. `folder` is new; it
 * gets the record, and the smallest state of each finding.
 * @throws Problem not-ready, system-died, engine-lost, no-space, …
 */
export async function explore(
  engine: Engine,
  asked: Subject,
  folder: string,
  options: ExploreOptions,
): Promise<Exploration> {
  const began = performance.now();
  const endsAt = began + options.maxDurationMs;
  const label = path.basename(folder);
  const logged = options.power === undefined ? undefined : loggedMachine(engine, options.workload);
  const blocks: { blocks: BlockRecording }[] = [];
  const around = logged === undefined ? undefined : aroundOf(writesOf(logged, machineFolders()), {}, blocks);
  const { subject, turnsMs } =
    options.resume === undefined
      ? await recorded(engine, asked, folder, label, options, around)
      : { subject: resumed(asked, options.resume), turnsMs: [] };
  const journal = new BootJournal(folder);
  if (journal.taken > 0) options.say(`${journal.taken} boots are known already`);
  using open = openRecord(path.join(folder, 'record'));
  const record = { ...open.record, draws: { seed: options.seed, samples: options.samples } };
  const recordedMs = performance.now() - began;
  const sourceLines =
    options.sourceLines === true
      ? await recordSourceLines(engine, subject, options.workload, record, { folder, label, turnsMs, ...options })
      : undefined;
  const preparedMs = performance.now() - began;

  const [written] = blocks;
  const real =
    logged === undefined || written === undefined
      ? undefined
      : await realPower(logged, engine.facts.kernel, record, written.blocks);
  const wrong = [...unfaithful(record), ...(real === undefined ? [] : untrueOf(real))];
  const { promises } = subject.release;
  const judged = judgeStates(record, { promises }, options);
  const { reduced } = judged;
  const violations = [...judged.violations];
  const judgedMs = performance.now() - began - preparedMs;
  options.say(
    `${reduced.states.length} distinct states of ${crashPointsOf(reduced)} crash points; ${violations.length} violations before any boot`,
  );

  const aside = new AbortController();
  using _aside = { [Symbol.dispose]: () => aside.abort() };
  const untilThen = AbortSignal.any([options.signal, aside.signal]);
  const work = { folder, draws: record.draws, promises };
  const advising = adviseAside(work, endsAt, untilThen);
  // It is awaited at the end; whoever broke off before it says why.
  advising.catch(() => undefined);

  const promised = (model: Model) => isPromised(promises, model);
  const recoveries = path.join(folder, RECOVERIES);
  const crashes = path.join(folder, 'confirm');
  const { workload } = options;
  const processors = new Processors(engine, subject.memoryBytes, options.jobs);
  const realCrashes = new RealCrashes(
    { engine, subject, record, workload, folder: crashes, label },
    { ...options, processors, endsAt, journal },
  );
  const booting = { ...options, processors, promised, endsAt, journal, meanwhile: () => realCrashes.next() };
  const boots = await bootStates(engine, subject, record, judged, recoveries, `${label}/boot`, booting);
  violations.push(...boots.violations);
  const bootedMs = performance.now() - began - preparedMs - judgedMs;

  const { confirmed, untried } = await realCrashes.rest();
  // Only there to be looked at once, and large; with recoveries the exploration goes on where it had no time.
  const isOver = performance.now() < endsAt;
  for (const one of [crashes, ...(isOver ? [recoveries] : [])]) await rm(one, { recursive: true, force: true });

  const disagree = confirmed.filter((one) => !one.agrees);
  const untrue = disagree.map((one) => `a real crash at ${one.at} left another folder: ${one.differences[0]}`);
  const { ofWrite, ofRecovery } = together(findings(record, violations, promised), boots.ofRecovery);
  const oracle = oracleOf(subject.release);
  const kept = { folder, ...(oracle !== undefined && { oracle }), again: options.again ?? '' };
  const all = await keepAll(record, options.models, ofWrite, ofRecovery, kept);
  const found = real === undefined ? all : stamped(all, record, violations, real);
  const advised = await advising;
  return {
    schemaVersion: EXPLORATION_SCHEMA_VERSION,
    system: record.system,
    version: record.version,
    workload: record.workload,
    ...(record.upgrade !== undefined && { from: record.upgrade.version }),
    judgedBy: oracle === undefined ? 'files' : 'answers',
    outcome: outcomeOf(found, [...wrong, ...untrue], boots.unjudged, [
      ...boots.reasons,
      ...untried,
      ...(options.resume?.power === undefined ? [] : [POWER_NOT_READ]),
    ]),
    models: options.models.map((model) => ({
      model,
      assumes: ASSUMPTIONS[model],
      crashPoints: reduced.crashPoints[model],
      inRecoveries: modelsInRecoveries({ ...options, promised }).includes(model),
    })),
    complete: completeness(boots, options),
    states: {
      distinct: boots.distinct,
      booted: boots.booted,
      represented: boots.represented,
      stoodFor: boots.stoodFor,
      leftOut: boots.distinct - boots.booted - boots.represented - boots.stoodFor,
    },
    groups: boots.groups,
    recoveries: boots.recoveries,
    boots: boots.boots,
    lives: boots.lives,
    sharedMemory: [...new Set([...(record.sharedMemory ?? [])].map((file) => rolesOf(record)(file)))].sort(),
    leftOutByBound: String(reduced.leftOutByBound),
    powerLosses: powerLossesOf(reduced, options.seed),
    ...(real !== undefined && { power: real.power }),
    findings: found,
    advice: advised,
    ...(sourceLines !== undefined && { sourceLines }),
    ...(options.shard !== undefined && {
      shard: {
        ...options.shard,
        planHash: planHashOf(whatIsCut(options, subject), record, boots.allGroups),
        groups: boots.groupsOfShard,
      },
    }),
    map: mapOf(record, options.models, reduced, violations),
    confirmed,
    tookMs: {
      record: Math.round(recordedMs),
      judge: Math.round(judgedMs),
      boot: Math.round(bootedMs),
      whole: Math.round(performance.now() - began),
    },
  };
}

/** What all shards of an exploration have been asked for. */
function whatIsCut(options: ExploreOptions, { release, images, from }: Subject): unknown {
  const { workload, models, maxStates, everyState, seed, samples, shard } = options;
  const { system, version } = release;
  const asked = { workload: workload.name, models, maxStates: String(maxStates), everyState, seed, samples };
  return {
    midwriteVersion,
    system,
    version,
    image: images.system,
    ...asked,
    from: from?.release.version,
    count: shard?.count,
  };
}

/** Records the workload into a new folder, from which the exploration can be taken up again. */
async function recorded(
  engine: Engine,
  asked: Subject,
  folder: string,
  label: string,
  options: ExploreOptions,
  around: ReturnType<typeof aroundOf> | undefined,
): Promise<{ subject: Subject; turnsMs: readonly number[] }> {
  const { workload, models, maxStates, everyState, seed, samples, config, defect, sourceLines, shard, power } = options;
  const subject = await observed(engine, asked, `${label}/observe`, options);
  options.say(`recording: ${workload.summary}`);
  const into = path.join(folder, 'record');
  const { turnsMs } = await recordWorkload(engine, subject, workload, into, `${label}/record`, options.signal, {
    around,
  });
  const oracle = oracleOf(subject.release);
  const { system, version } = subject.release;
  await keepAsked(folder, {
    midwriteVersion,
    system,
    version,
    image: subject.images.system,
    workload: workload.name,
    ...(subject.from !== undefined && { from: subject.from.release.version }),
    models: [...models],
    everyState,
    seed,
    samples,
    ...(Number.isFinite(maxStates) && { maxStates }),
    ...(oracle !== undefined && { oracle }),
    ...(config !== undefined && { config }),
    ...(defect !== undefined && { defect }),
    ...(sourceLines !== undefined && { sourceLines }),
    ...(power !== undefined && { power }),
    ...(shard !== undefined && { shard: { ...shard } }),
  });
  return { subject, turnsMs };
}

function resumed(subject: Subject, asked: Asked): Subject {
  refuseOther(asked, { midwriteVersion, image: subject.images.system });
  return asked.oracle === undefined ? subject : { ...subject, release: withOracle(subject.release, asked.oracle) };
}

function powerLossesOf({ losses }: Reduced, seed: number): Exploration['powerLosses'] {
  const { drawn, groups, protocols } = losses;
  const times = new Map<string, number>();
  for (const [file, count] of protocols) times.set(roleOf(file), (times.get(roleOf(file)) ?? 0) + count);
  return {
    seed,
    drawn,
    groups: { all: String(groups.all), seen: groups.seen },
    protocols: [...times].map(([file, count]) => ({ file, times: count })),
  };
}

function completeness({ reasons }: BootResult, { everyState }: ExploreOptions): Exploration['complete'] {
  if (reasons.length > 0) return 'no';
  return everyState ? 'every-state' : 'by-representatives';
}

/** A crash of the recovery that shows what a crash of the write shows is no finding of its own. */
function together(
  ofWrite: readonly Finding[],
  ofRecovery: readonly RecoveryFinding[],
): { ofWrite: Finding[]; ofRecovery: RecoveryFinding[] } {
  const isKnown = ({ finding }: RecoveryFinding) => ofWrite.some((one) => isSameCause(one, finding));
  return {
    ofWrite: ofWrite.map((one) => {
      const again = ofRecovery.filter(({ finding }) => isSameCause(one, finding));
      return { ...one, states: again.reduce((sum, { finding }) => sum + finding.states, one.states) };
    }),
    ofRecovery: ofRecovery.filter((one) => !isKnown(one)),
  };
}

/** Keeps the smallest state of each finding as files. */
async function keepAll(
  record: WriteRecord,
  models: readonly Model[],
  found: readonly Finding[],
  ofRecovery: readonly RecoveryFinding[],
  { folder, oracle, again }: { folder: string; oracle?: Oracle; again: string },
): Promise<Exploration['findings']> {
  const images = imagesOf(record, models, new Set(found.map((one) => one.digest)));
  const seen = seenIn(record);
  const toKeep = found.map((finding): { finding: Finding; state: StateToBoot } => {
    const image = images.get(finding.digest);
    if (image === undefined) throw new Error('a finding is of a state that is not in the record');
    const acknowledged = turnsAt(record, finding.step);
    return {
      finding,
      state: { name: nameOf(finding.digest), image, acknowledged, seen, ...beforeOf(record) },
    };
  });
  const kept: Exploration['findings'] = [];
  for (const { finding, state } of [...toKeep, ...ofRecovery]) {
    const at = path.join('states', state.name);
    const { system, version } = record;
    const { cause } = finding;
    await keepState(path.join(folder, at), {
      ...state,
      system,
      version,
      cause,
      ...(oracle !== undefined && { oracle }),
    });
    const shown = path.join(path.relative(process.cwd(), folder), at);
    kept.push({ ...finding, kept: at, reproduce: `npx midwrite explore ${again}--state ${shown}` });
  }
  return kept;
}

/**
 * @param untrue why the record or the model is not what happened: then nothing is proven, whatever was found
 * @param unjudged what was tried and could not be judged: then nothing is held
 * @param untried what was left out: then nothing is held as a whole
 */
function outcomeOf(
  found: readonly { promised: boolean }[],
  untrue: readonly string[],
  unjudged: readonly string[],
  untried: readonly string[],
): Exploration['outcome'] {
  const reasons = [...untrue, ...unjudged, ...untried];
  if (untrue.length > 0) return { verdict: 'inconclusive', ofTried: 'inconclusive', reasons };
  if (found.some((one) => one.promised)) return { verdict: 'violated', ofTried: 'violated', reasons };
  const ofTried = unjudged.length > 0 ? 'inconclusive' : 'held';
  return { verdict: untried.length > 0 ? 'inconclusive' : ofTried, ofTried, reasons };
}
