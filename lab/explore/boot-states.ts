import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { Looks, type StateLook } from './alike.ts';
import { BootPlan, type PlannedBoot, type Represented } from './boot-plan.ts';
import { type Boot, type BootSource, bootAll } from './boot-queue.ts';
import type { Booted, StateToBoot } from './boot-state.ts';
import { crashStates, type DistinctState, type Model, type Origin, type Reduced } from './crash-state.ts';
import { type Finding, findings, isSameCause, pathsOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { byClass, imagesOf, judgeStates, mostAcknowledged, seenIn, unfaithful } from './judged.ts';
import type { WriteRecord } from './record.ts';
import { openRecord } from './record-file.ts';
import type { Subject } from './record-workload.ts';

/** What is asked for of the boots. */
export interface BootOptions {
  models: readonly Model[];
  maxStates: number;
  /** Each distinct state is booted itself, also where another one stands for it. */
  everyState: boolean;
  maxDurationMs: number;
  jobs: number;
  /** The gateway promises it for such a crash. */
  promised(model: Model): boolean;
  signal: AbortSignal;
  say(line: string): void;
}

/** A finding in a recovery, with the state that shows it. */
export interface RecoveryFinding {
  finding: Finding;
  state: StateToBoot;
}

/** What the boots came to. */
export interface BootResult {
  violations: Violation[];
  /** Of crashes of the recovery itself. */
  ofRecovery: RecoveryFinding[];
  /** What is not known for want of a boot, or of a boot that could be judged. */
  reasons: string[];
  /** Distinct states that were booted aged and fresh. */
  booted: number;
  /** Those that another one stands for: they differ in what it never looked into (alike.ts). */
  represented: number;
  /** Of the recoveries: how many were recorded, their crash points, the distinct states of those (judged without a boot), and those that were booted. */
  recoveries: { recorded: number; crashPoints: number; states: number; booted: number; boundLeftOut: number };
}

/**
 * Boots each distinct state aged and fresh, and records what the gateway writes in its recovery from it. The states of those recoveries are judged without a
 * boot, all of them; those of one recovery of each kind are booted too, one level deep, at most `maxStates` of them.
 * @param folder where the records of recoveries go
 */
export async function bootStates(
  engine: Engine,
  subject: Subject,
  record: WriteRecord,
  reduced: Reduced,
  folder: string,
  label: string,
  options: BootOptions,
): Promise<BootResult> {
  const work = new BootWork(record, reduced, subject, folder, options);
  await bootAll(engine, subject, options.jobs, label, work, options.signal);
  return work.result();
}

/** The states that are still to be booted, and what came of those that were. */
class BootWork implements BootSource {
  readonly #record: WriteRecord;
  readonly #subject: Subject;
  readonly #folder: string;
  readonly #options: BootOptions;
  readonly #states: ReadonlyMap<string, DistinctState>;
  readonly #seen: StateToBoot['seen'];
  readonly #plan: BootPlan;
  /** What the files are called whose data a state has lost. */
  readonly #paths = new Map<string, Violation['paths']>();
  /** Of the states that come next; the others are made again when their time comes. */
  readonly #images = new Map<string, FolderImage>();
  /** What was violated, by state and age. */
  readonly #broken = new Map<string, readonly Violation[]>();
  /** States of recoveries that are to be booted. */
  readonly #queue: Boot[] = [];
  readonly #end: number;
  readonly #known: Set<string>;
  /** The kinds of crash points whose recovery is booted on already. */
  readonly #kinds = new Set<string>();
  readonly #found: BootResult = {
    violations: [],
    ofRecovery: [],
    reasons: [],
    booted: 0,
    represented: 0,
    recoveries: { recorded: 0, crashPoints: 0, states: 0, booted: 0, boundLeftOut: 0 },
  };
  #begun = 0;
  #running = 0;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();
  /** How many states of recoveries are to be booted: at most as many as of the write itself. */
  #ofRecovery = 0;

  constructor(record: WriteRecord, reduced: Reduced, subject: Subject, folder: string, options: BootOptions) {
    this.#record = record;
    this.#subject = subject;
    this.#folder = folder;
    this.#options = options;
    this.#end = performance.now() + options.maxDurationMs;
    this.#states = new Map(reduced.states.map((state) => [state.digest, state]));
    this.#known = new Set(this.#states.keys());
    this.#seen = seenIn(record);
    const looks = this.#looks();
    const candidates = byClass(record, reduced.states).map(({ digest }) => ({ digest, look: only(looks.get(digest)) }));
    this.#plan = new BootPlan(candidates, options.maxStates, !options.everyState);
  }

  #looks(): Map<string, StateLook> {
    const looks = new Looks(this.#subject.release.promises);
    const found = new Map<string, StateLook>();
    for (const { origin, image } of crashStates(this.#record, this.#options.models)) {
      const digest = digestOf(image);
      if (found.has(digest)) continue;
      const turns = mostAcknowledged(this.#record, this.#state(digest));
      found.set(digest, looks.of(image, turns.map((turn) => turn.name).join('\n')));
      this.#paths.set(digest, pathsOf(origin, image));
    }
    return found;
  }

  #state(digest: string): DistinctState {
    return only(this.#states.get(digest));
  }

  async next(): Promise<Boot | undefined> {
    while (!this.#isClosed && performance.now() < this.#end) {
      const planned = this.#plan.next();
      const boot = planned === undefined || planned === 'later' ? this.#queue.shift() : this.#bootOf(planned);
      if (boot !== undefined) return this.#begin(boot);
      if (this.#running === 0) return undefined;
      await this.#changed.promise;
    }
    return undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #begin(boot: Boot): Boot {
    this.#begun += 1;
    this.#running += 1;
    if (this.#begun % 20 === 0) this.#options.say(`${this.#begun} boots`);
    return {
      ...boot,
      done: (booted) => {
        boot.done(booted);
        this.#running -= 1;
        this.#tellWaiting();
      },
    };
  }

  #bootOf(planned: PlannedBoot): Boot {
    const { digest, age } = planned;
    const of = this.#state(digest);
    const name = nameOf(digest);
    const acknowledged = mostAcknowledged(this.#record, of);
    const state = { name, image: this.#imageOf(digest), acknowledged, seen: this.#seen };
    const recordTo = path.join(this.#folder, name);
    return {
      state,
      age,
      ...(age === 'aged' && { recordTo }),
      done: (booted) => {
        this.#took(planned, of, state, booted);
        if (booted.isRecorded) this.#recovered(of, state, recordTo);
      },
    };
  }

  /** Of both ages one after the other; some more are made along with it, since the whole record is played for it. */
  #imageOf(digest: string): FolderImage {
    if (!this.#images.has(digest)) {
      this.#images.clear();
      const wanted = new Set([digest, ...this.#plan.upcoming(IMAGES_KEPT)]);
      for (const [name, image] of imagesOf(this.#record, this.#options.models, wanted)) this.#images.set(name, image);
    }
    return only(this.#images.get(digest));
  }

  #took(planned: PlannedBoot, of: DistinctState, state: StateToBoot, booted: Booted): void {
    const { digest, age } = planned;
    const broken = this.#violationsOf(booted, state, digest, firstOf(of), of.onExt4);
    this.#broken.set(`${digest} ${age}`, broken);
    this.#found.violations.push(...broken);
    const { lookedInto } = booted;
    const represented = this.#plan.took(planned, { verdicts: verdictsOf(booted), lookedInto });
    if (represented !== undefined) this.#represented(represented);
  }

  /** What was violated on a state is violated on those that it stands for. */
  #represented({ age, by, digests }: Represented): void {
    const broken = this.#broken.get(`${by} ${age}`) ?? [];
    for (const digest of digests) {
      const of = this.#state(digest);
      const paths = this.#paths.get(digest) ?? new Map();
      for (const violation of broken)
        this.#found.violations.push({ ...violation, digest, origin: firstOf(of), paths, onExt4: of.onExt4 });
    }
  }

  #violationsOf(
    { age, verdicts }: Booted,
    { name, image }: StateToBoot,
    digest: string,
    origin: Origin,
    onExt4: boolean,
  ): Violation[] {
    const unknown = verdicts.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'missed');
    this.#found.reasons.push(...unknown.map(({ check, detail }) => `${name} (${age}), ${check}: ${detail}`));
    const paths = pathsOf(origin, image);
    return verdicts
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ check, detail }) => ({ check, detail, digest, origin, paths, booted: age, onExt4 }));
  }

  /** Judges the states of a recovery, and has some of them booted. */
  #recovered(of: DistinctState, parent: StateToBoot, recordTo: string): void {
    using open = openRecord(recordTo);
    const planted = (file: string) =>
      !parent.image.names.has(file) &&
      open.record.base.some((effect) => effect.kind === 'name' && effect.path === file);
    const turns = parent.acknowledged.map((turn) => ({ ...turn, t: 0 }));
    const record = { ...open.record, turns };
    const { recoveries, reasons } = this.#found;
    recoveries.recorded += 1;
    const wrong = unfaithful(record);
    if (wrong.length > 0) {
      reasons.push(`the recovery from ${parent.name} is not known: ${wrong[0]}`);
      return;
    }
    const { promises } = this.#subject.release;
    const { reduced, violations } = judgeStates(record, { promises }, this.#options);
    const images = imagesOf(record, this.#options.models, new Set(reduced.states.map((state) => state.digest)));
    recoveries.crashPoints += Object.values(reduced.crashPoints).reduce((sum, count) => sum + count, 0);
    // What was wrong before the recovery began is no finding of it.
    const before = new Set(violations.filter((one) => one.origin.step === 0).map((one) => one.check));
    this.#tell(
      record,
      parent,
      violations.filter((one) => !before.has(one.check)),
      images,
      planted,
    );
    const kind = kindOf(this.#record, firstOf(of));
    const isBooted = !this.#kinds.has(kind);
    this.#kinds.add(kind);
    for (const state of reduced.states) {
      const image = without(images.get(state.digest), planted);
      const digest = digestOf(image);
      if (this.#known.has(digest)) continue;
      this.#known.add(digest);
      recoveries.states += 1;
      if (!isBooted || this.#ofRecovery >= this.#options.maxStates) {
        recoveries.boundLeftOut += 1;
        continue;
      }
      this.#ofRecovery += 1;
      const toBoot = { ...parent, name: `${parent.name}-${nameOf(digest)}`, image };
      const origin = firstOf(state);
      this.#queue.push({
        state: toBoot,
        age: 'aged',
        done: (booted) => {
          recoveries.booted += 1;
          const broken = this.#violationsOf(booted, toBoot, digest, origin, state.onExt4);
          this.#tell(record, parent, broken, new Map([[digest, image]]), planted);
        },
      });
    }
  }

  #tell(
    record: WriteRecord,
    parent: StateToBoot,
    violations: readonly Violation[],
    images: ReadonlyMap<string, FolderImage>,
    planted: (file: string) => boolean,
  ): void {
    for (const finding of findings(record, violations, this.#options.promised)) {
      const cause = `in the recovery from the state ${parent.name}: ${finding.cause}`;
      const known = this.#found.ofRecovery.find((one) => isSameCause(one.finding, finding));
      if (known !== undefined) {
        known.finding = { ...known.finding, states: known.finding.states + finding.states };
        continue;
      }
      const image = without(images.get(finding.digest), planted);
      this.#found.ofRecovery.push({
        finding: { ...finding, cause },
        state: { ...parent, name: nameOf(finding.digest), image },
      });
    }
  }

  result(): BootResult {
    const { booted, represented } = this.#plan.counts;
    const leftOut = this.#states.size - booted - represented;
    const reasons = [...this.#found.reasons];
    if (leftOut > 0)
      reasons.push(`${leftOut} of ${this.#states.size} distinct states were not booted (--max-states, --max-duration)`);
    const waiting = this.#queue.length;
    if (leftOut === 0 && waiting > 0) reasons.push(`${waiting} states of recoveries were not booted (--max-duration)`);
    return { ...this.#found, booted, represented, reasons };
  }
}

/** Images of states hold what no other state holds, such as a piece of a torn file. */
const IMAGES_KEPT = 32;

/** Undefined: something is not known. */
function verdictsOf({ verdicts }: Booted): string | undefined {
  if (verdicts.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'missed')) return undefined;
  return verdicts.map(({ check, verdict }) => `${check} ${verdict}`).join('\n');
}

function only<T>(one: T | undefined): T {
  if (one === undefined) throw new Error('a state is not in its record any more');
  return one;
}

/** A digest as a part of a file's name. */
export const nameOf = (digest: string): string => digest.slice(0, 16).replaceAll(/[^0-9A-Za-z]/g, '_');

function firstOf({ first }: DistinctState): Origin {
  const origin = first['process-crash'] ?? first['power-loss'];
  if (origin === undefined) throw new Error('a state has no crash point');
  return origin;
}

const kindOf = (record: WriteRecord, origin: Origin): string => `${origin.model} ${record.steps[origin.step]?.op}`;

function without(image: FolderImage | undefined, planted: (file: string) => boolean): FolderImage {
  const { names, inodes } = only(image);
  return { names: new Map([...names].filter(([file]) => !planted(file))), inodes };
}
