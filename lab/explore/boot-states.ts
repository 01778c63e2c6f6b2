import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { type Boot, bootAll } from './boot-queue.ts';
import type { Age, Booted, StateToBoot } from './boot-state.ts';
import type { DistinctState, Model, Origin, Reduced } from './crash-state.ts';
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
  /** Of the recoveries: how many were recorded, their distinct states (judged without a boot), and those that were booted. */
  recoveries: { recorded: number; states: number; booted: number; boundLeftOut: number };
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
  await bootAll(engine, subject, options.jobs, label, () => work.next(), options.signal);
  return work.result();
}

/** The states that are still to be booted, and what came of those that were. */
class BootWork {
  readonly #record: WriteRecord;
  readonly #reduced: Reduced;
  readonly #subject: Subject;
  readonly #folder: string;
  readonly #options: BootOptions;
  readonly #queue: Boot[] = [];
  readonly #end: number;
  readonly #ages = new Map<string, number>();
  readonly #known: Set<string>;
  /** The kinds of crash points whose recovery is booted on already. */
  readonly #kinds = new Set<string>();
  readonly #found: BootResult = {
    violations: [],
    ofRecovery: [],
    reasons: [],
    booted: 0,
    recoveries: { recorded: 0, states: 0, booted: 0, boundLeftOut: 0 },
  };
  #begun = 0;
  /** How many states of recoveries are to be booted: at most as many as of the write itself. */
  #ofRecovery = 0;

  constructor(record: WriteRecord, reduced: Reduced, subject: Subject, folder: string, options: BootOptions) {
    this.#record = record;
    this.#reduced = reduced;
    this.#subject = subject;
    this.#folder = folder;
    this.#options = options;
    this.#end = performance.now() + options.maxDurationMs;
    this.#known = new Set(reduced.states.map((state) => state.digest));
    const chosen = byClass(record, reduced.states).slice(0, options.maxStates);
    const images = imagesOf(record, options.models, new Set(chosen.map((state) => state.digest)));
    for (const state of chosen) this.#add(state, images.get(state.digest));
  }

  #add(of: DistinctState, image: FolderImage | undefined): void {
    if (image === undefined) throw new Error('a state is not in its record any more');
    const name = nameOf(of.digest);
    const state = { name, image, acknowledged: mostAcknowledged(this.#record, of), seen: seenIn(this.#record) };
    const recordTo = path.join(this.#folder, name);
    const done = (booted: Booted) => this.#took(of, state, booted);
    this.#queue.push({
      state,
      age: 'aged',
      recordTo,
      done: (booted) => {
        done(booted);
        if (booted.isRecorded) this.#recovered(of, state, recordTo);
      },
    });
    this.#queue.push({ state, age: 'fresh', done });
  }

  next(): Boot | undefined {
    if (performance.now() >= this.#end) return undefined;
    this.#begun += 1;
    if (this.#begun % 20 === 0) this.#options.say(`${this.#begun} boots, ${this.#queue.length} to come`);
    return this.#queue.shift();
  }

  #took(of: DistinctState, state: StateToBoot, booted: Booted): void {
    this.#ages.set(of.digest, (this.#ages.get(of.digest) ?? 0) + 1);
    const origin = firstOf(of);
    this.#found.violations.push(...this.#violationsOf(booted, state, of.digest, origin, of.onExt4));
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
    const booted = [...this.#ages.values()].filter((ages) => ages === AGES.length).length;
    const { states } = this.#reduced;
    const reasons = [...this.#found.reasons];
    if (booted < states.length)
      reasons.push(
        `${states.length - booted} of ${states.length} distinct states were not booted (--max-states, --max-duration)`,
      );
    const waiting = this.#queue.length;
    if (booted === states.length && waiting > 0)
      reasons.push(`${waiting} states of recoveries were not booted (--max-duration)`);
    return { ...this.#found, booted, reasons };
  }
}

const AGES: readonly Age[] = ['aged', 'fresh'];

/** A digest as a part of a file's name. */
export const nameOf = (digest: string): string => digest.slice(0, 16).replaceAll(/[^0-9A-Za-z]/g, '_');

function firstOf({ first }: DistinctState): Origin {
  const origin = first['process-crash'] ?? first['power-loss'];
  if (origin === undefined) throw new Error('a state has no crash point');
  return origin;
}

const kindOf = (record: WriteRecord, origin: Origin): string => `${origin.model} ${record.steps[origin.step]?.op}`;

function without(image: FolderImage | undefined, planted: (file: string) => boolean): FolderImage {
  if (image === undefined) throw new Error('a state is not in its record any more');
  return { names: new Map([...image.names].filter(([file]) => !planted(file))), inodes: image.inodes };
}
