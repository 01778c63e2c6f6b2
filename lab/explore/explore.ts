import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { type Boot, bootAll } from './boot-queue.ts';
import type { Age, Booted } from './boot-state.ts';
import { differences } from './compare.ts';
import { type Confirmation, confirm } from './confirm.ts';
import { ASSUMPTIONS, crashStates, type DistinctState, type Model, type Reduced, reduce } from './crash-state.ts';
import { EXPLORATION_SCHEMA_VERSION, type Exploration } from './exploration.ts';
import { findings, pathsOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { StateJudge, type StateVerdict, wholeVersions } from './judge-state.ts';
import { keepState } from './kept-state.ts';
import { acknowledgedBefore, type Turn, type WriteRecord } from './record.ts';
import { openRecord } from './record-file.ts';
import { recordWorkload, type Subject } from './record-workload.ts';
import { Replay } from './replay.ts';
import type { Workload } from './workload.ts';
import { mapOf } from './write-map.ts';

export interface ExploreOptions {
  workload: Workload;
  models: readonly Model[];
  /** At most so many distinct states are booted; the others are judged without a boot only. */
  maxStates: number;
  /** After so long no other state is booted. */
  maxDurationMs: number;
  jobs: number;
  signal: AbortSignal;
  say(line: string): void;
}

/** What the states of a record come to, before any gateway is booted on them. */
interface Judged {
  reduced: Reduced;
  /** By digest: what is violated or not known, for the least and for the most acknowledged turns. */
  verdicts: Map<string, { acknowledged: number; verdicts: StateVerdict[] }[]>;
  violations: Violation[];
}

/**
 * The life of an exploration: record once, rebuild every state, judge each, boot each, confirm some of them by a real crash, report. `folder` is new; it
 * gets the record, and the smallest state of each finding.
 * @throws Problem not-ready, gateway-died, engine-lost, no-space, …
 */
export async function explore(
  engine: Engine,
  subject: Subject,
  folder: string,
  options: ExploreOptions,
): Promise<Exploration> {
  const began = performance.now();
  const label = path.basename(folder);
  options.say(`recording: ${options.workload.summary}`);
  await recordWorkload(
    engine,
    subject,
    options.workload,
    path.join(folder, 'record'),
    `${label}/record`,
    options.signal,
  );
  using open = openRecord(path.join(folder, 'record'));
  const { record } = open;
  const recordedMs = performance.now() - began;

  const reasons = unfaithful(record);
  const judged = judgeStates(record, subject, options);
  const judgedMs = performance.now() - began - recordedMs;
  const { reduced, violations } = judged;
  options.say(
    `${reduced.states.length} distinct states of ${sum(reduced.crashPoints)} crash points; ${violations.length} violations before any boot`,
  );

  const boots = await bootStates(engine, subject, record, reduced, label, options);
  violations.push(...boots.violations);
  reasons.push(...boots.reasons);
  const bootedMs = performance.now() - began - recordedMs - judgedMs;

  const confirmed = await confirm(
    engine,
    subject,
    record,
    options.workload,
    path.join(folder, 'confirm'),
    label,
    options,
  );
  reasons.push(
    ...confirmed
      .filter((one) => !one.agrees)
      .map((one) => `a real crash at ${one.at} left another folder: ${one.differences[0]}`),
  );

  const { level } = subject.release.promises;
  const found = findings(record, violations, (model) => model === 'process-crash' || level === 'power-loss');
  const images = imagesOf(record, options.models, new Set(found.map((one) => one.digest)));
  const kept: Exploration['findings'] = [];
  for (const finding of found) {
    const name = finding.digest.slice(0, 16).replaceAll(/[^\w]/g, '_');
    const image = images.get(finding.digest);
    if (image === undefined) throw new Error('a finding is of a state that is not in the record');
    const { gateway, version } = record;
    const acknowledged = acknowledgedBefore(record, finding.step);
    const state = { name, gateway, version, cause: finding.cause, acknowledged, seen: seenIn(record), image };
    await keepState(path.join(folder, 'states', name), state);
    const shown = path.join(path.relative(process.cwd(), folder), 'states', name);
    kept.push({ ...finding, kept: `states/${name}`, reproduce: `npx midwrite explore --state ${shown}` });
  }
  return {
    schemaVersion: EXPLORATION_SCHEMA_VERSION,
    gateway: record.gateway,
    version: record.version,
    workload: record.workload,
    outcome: outcomeOf(kept, reasons),
    models: options.models.map((model) => ({
      model,
      assumes: ASSUMPTIONS[model],
      crashPoints: reduced.crashPoints[model],
    })),
    states: {
      distinct: reduced.states.length,
      judged: reduced.states.length,
      booted: boots.booted,
      ofRecovery: 0,
      leftOut: reduced.states.length - boots.booted,
    },
    leftOutByBound: String(reduced.leftOutByBound),
    findings: kept,
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

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** Why the record can't be trusted to be all that happened; empty: its replay is the real folder, byte for byte. */
export function unfaithful(record: WriteRecord): string[] {
  const replay = new Replay(record);
  while (replay.index < record.steps.length) replay.step();
  const wrong = differences(replay.image, record.end);
  return [
    ...record.unrecorded.map(({ path: file, why }) => `the record does not have all: ${file}: ${why}`),
    ...wrong.slice(0, 5).map((one) => `the replay is not the real folder: ${one}`),
    ...(wrong.length > 5 ? [`and ${wrong.length - 5} more differences`] : []),
  ];
}

export function judgeStates(
  record: WriteRecord,
  { release }: Pick<Subject, 'release'>,
  { models }: Pick<ExploreOptions, 'models'>,
): Judged {
  const { promises } = release;
  const judge = new StateJudge(promises, wholeVersions(record, promises.store.path));
  const verdicts: Judged['verdicts'] = new Map();
  const violations: Violation[] = [];
  const reduced = reduce(record, models, (digest, { origin, image }, turns) => {
    const own = judge.judge(image, turns);
    verdicts.set(digest, [...(verdicts.get(digest) ?? []), { acknowledged: turns.length, verdicts: own }]);
    for (const { check, verdict, detail } of own) {
      if (verdict !== 'violated') continue;
      const onExt4 = origin.model === 'power-loss' && origin.onExt4;
      violations.push({ check, detail, digest, origin, paths: pathsOf(origin, image), onExt4 });
    }
  });
  return { reduced, verdicts, violations };
}

interface BootResult {
  violations: Violation[];
  reasons: string[];
  booted: number;
}

async function bootStates(
  engine: Engine,
  subject: Subject,
  record: WriteRecord,
  reduced: Reduced,
  label: string,
  options: ExploreOptions,
): Promise<BootResult> {
  const { maxStates, maxDurationMs, signal, say } = options;
  const chosen = byClass(record, reduced.states).slice(0, maxStates);
  const images = imagesOf(record, options.models, new Set(chosen.map((state) => state.digest)));
  const queue = chosen.flatMap((state): (Boot & { of: DistinctState })[] => {
    const image = images.get(state.digest);
    if (image === undefined) throw new Error('a state is not in its record any more');
    const acknowledged = mostAcknowledged(record, state);
    const toBoot = { name: state.digest.slice(0, 16), image, acknowledged, seen: seenIn(record) };
    return (['aged', 'fresh'] satisfies Age[]).map((age) => ({ state: toBoot, age, of: state }));
  });
  const planned = queue.length;
  const end = performance.now() + maxDurationMs;
  const done = new Map<string, number>();
  const result: BootResult = { violations: [], reasons: [], booted: 0 };
  await bootAll(
    engine,
    subject,
    options.jobs,
    `${label}/boot`,
    () => (performance.now() < end ? queue.shift() : undefined),
    (boot, booted) => {
      const { of } = boot as Boot & { of: DistinctState };
      done.set(of.digest, (done.get(of.digest) ?? 0) + 1);
      take(result, of, boot, booted);
      const count = planned - queue.length;
      if (count % 20 === 0) say(`${count}/${planned} boots`);
    },
    signal,
  );
  result.booted = [...done.values()].filter((ages) => ages === 2).length;
  const leftOut = reduced.states.length - result.booted;
  if (leftOut > 0)
    result.reasons.push(
      `${leftOut} of ${reduced.states.length} distinct states were not booted (--max-states, --max-duration)`,
    );
  return result;
}

function take(result: BootResult, state: DistinctState, { state: booting, age }: Boot, { verdicts }: Booted): void {
  const origin = state.first['process-crash'] ?? state.first['power-loss'];
  if (origin === undefined) return;
  for (const { check, verdict, detail } of verdicts) {
    if (verdict === 'inconclusive' || verdict === 'missed')
      result.reasons.push(`${booting.name} (${age}), ${check}: ${detail}`);
    if (verdict !== 'violated') continue;
    const paths = pathsOf(origin, booting.image);
    result.violations.push({ check, detail, digest: state.digest, origin, paths, booted: age, onExt4: state.onExt4 });
  }
}

/** One of each kind of place first: where not all can be booted, every kind is. */
export function byClass(record: WriteRecord, states: readonly DistinctState[]): DistinctState[] {
  const classes = new Map<string, DistinctState[]>();
  for (const state of states) {
    const origin = state.first['process-crash'] ?? state.first['power-loss'];
    if (origin === undefined) continue;
    const step = record.steps[origin.step];
    const how =
      origin.model === 'process-crash'
        ? String(origin.tornBytes !== undefined)
        : origin.losses.map((loss) => loss.kind).join();
    const key = `${origin.model} ${step?.op} ${how.slice(0, 20)}`;
    classes.set(key, [...(classes.get(key) ?? []), state]);
  }
  const lists = [...classes.values()];
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}

/** The images of some states: the record is played again, so that nobody has to hold them all. */
function imagesOf(
  record: WriteRecord,
  models: readonly Model[],
  digests: ReadonlySet<string>,
): Map<string, FolderImage> {
  const images = new Map<string, FolderImage>();
  if (digests.size === 0) return images;
  for (const { image } of crashStates(record, models)) {
    const digest = digestOf(image);
    if (digests.has(digest) && !images.has(digest)) images.set(digest, image);
  }
  return images;
}

function mostAcknowledged(record: WriteRecord, { steps }: DistinctState): Turn[] {
  const last = Math.max(...steps['process-crash'], ...steps['power-loss']);
  return acknowledgedBefore(record, last);
}

/** How the gateway was seen to write: in the whole record, since a temp is known by what is done to it later. */
function seenIn(record: WriteRecord): GateEvent[] {
  return [...record.seen, ...record.steps.flatMap((step) => (step.event === undefined ? [] : [step.event]))];
}

function outcomeOf(found: readonly { promised: boolean }[], reasons: readonly string[]): Exploration['outcome'] {
  const broken = found.filter((one) => one.promised).length;
  // A record that is not what happened proves nothing, whatever it seems to show.
  const verdict = reasons.some((reason) => reason.startsWith('the re'))
    ? 'inconclusive'
    : broken > 0
      ? 'violated'
      : reasons.length > 0
        ? 'inconclusive'
        : 'held';
  return { verdict, reasons: [...reasons] };
}

export type { Confirmation };
