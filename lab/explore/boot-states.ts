import { hash } from 'node:crypto';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { Looks, namesOf, type StateLook } from './alike.ts';
import type { BootJournal, BootOutcome } from './boot-journal.ts';
import {
  agesOf,
  type BehaviourCounts,
  BootPlan,
  type PlannedBoot,
  type Represented,
  type StateOf,
} from './boot-plan.ts';
import { type Boot, type BootSource, bootAll } from './boot-queue.ts';
import type { StateToBoot } from './boot-state.ts';
import { crashStates, type DistinctState, firstOf, type Model, nameOf, type Origin } from './crash-state.ts';
import type { Exploration } from './exploration.ts';
import { pathsOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { byGroup, type Group, groupsOf } from './groups.ts';
import { imagesOf, type Judged, mostAcknowledged, seenIn } from './judged.ts';
import type { Processors } from './processors.ts';
import { beforeOf, type WriteRecord } from './record.ts';
import type { Subject } from './record-workload.ts';
import { Recoveries, type RecoveryFinding, type RecoveryState } from './recoveries.ts';
import { type ExplorationShard, groupsOfShard } from './shards/part.ts';
import { StandIns } from './stand-ins.ts';

/** What is asked for of the boots. */
export interface BootOptions {
  models: readonly Model[];
  maxStates: number;
  /** Each distinct state is booted itself, also where another one stands for it. */
  everyState: boolean;
  /** Only the groups that fall to it are booted. Absent: all. */
  shard?: ExplorationShard;
  /** By performance.now(): no boot begins after it. */
  endsAt: number;
  /** What else can be done while the next boot waits for the end of another one; undefined: nothing. */
  meanwhile?(): Promise<void> | undefined;
  /** What earlier pieces of the exploration know, and what this one adds. */
  journal: BootJournal;
  processors: Processors;
  /** The system promises it for such a crash. */
  promised(model: Model): boolean;
  signal: AbortSignal;
  say(line: string): void;
}

/** What the boots came to. */
export interface BootResult {
  violations: Violation[];
  /** Of crashes of the recovery itself. */
  ofRecovery: RecoveryFinding[];
  /** What is not known for want of a boot. */
  reasons: string[];
  /** What is not known although there was a boot. */
  unjudged: string[];
  /** How many boots were made, of states and of states of recoveries, each at one age. */
  boots: number;
  lives: NonNullable<Exploration['lives']>;
  /** Distinct states of the write that are to be booted: all, or a shard's. */
  distinct: number;
  /** Distinct states that were booted aged and fresh. */
  booted: number;
  /** Those that another one stands for: they differ in what it never looked into (alike.ts). */
  represented: number;
  /** Those of a behaviour whose first and last came to the same (behaviour.ts). */
  stoodFor: number;
  groups: BehaviourCounts;
  recoveries: Exploration['recoveries'];
  /** Of a shard, each of its groups by its key. */
  groupsOfShard: NonNullable<Exploration['shard']>['groups'];
  /** All groups of the write, those of other shards too. */
  allGroups: readonly Group[];
}

/**
 * Boots each distinct state aged and fresh, and records what the system writes in its recovery from it. The states of those recoveries are judged without a
 * boot, all of them; those of one recovery of each kind are booted too, one level deep, at most `maxStates` of them.
 * @param folder where the records of recoveries go
 */
export async function bootStates(
  engine: Engine,
  subject: Subject,
  record: WriteRecord,
  judged: Judged,
  folder: string,
  label: string,
  options: BootOptions,
): Promise<BootResult> {
  const work = new BootWork(record, judged, subject, folder, options);
  const standIns = new StandIns(!options.everyState);
  const { processors, signal } = options;
  await bootAll(engine, subject, label, work, { processors, standIns, signal });
  return { ...work.result(), lives: standIns.counts };
}

/** A boot of the plan, which may be known already. */
interface KnownBoot extends Omit<Boot, 'done'> {
  planned: PlannedBoot;
  done(booted: BootOutcome): void;
}

/** The states that are still to be booted, and what came of those that were. */
class BootWork implements BootSource {
  readonly #record: WriteRecord;
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
  readonly #ofRecovery = new Map<string, RecoveryState>();
  readonly #recoveries: Recoveries;
  readonly #looks: Looks;
  readonly #groups: readonly Group[];
  readonly #versions: ReadonlySet<string>;
  /** How many states of the write are to be booted here. */
  readonly #own: number;
  readonly #found: Pick<BootResult, 'violations' | 'reasons' | 'boots' | 'unjudged'> = {
    unjudged: [],
    violations: [],
    reasons: [],
    boots: 0,
  };
  #isClosed = false;
  #saidAt = performance.now();
  #changed = Promise.withResolvers<void>();

  constructor(
    record: WriteRecord,
    { reduced, violations }: Judged,
    subject: Subject,
    folder: string,
    options: BootOptions,
  ) {
    this.#record = record;
    this.#folder = folder;
    this.#options = options;
    this.#states = new Map(reduced.states.map((state) => [state.digest, state]));
    const known = new Set(this.#states.keys());
    this.#seen = seenIn(record);
    this.#looks = new Looks(subject.release.promises);
    this.#recoveries = new Recoveries(subject.release.promises, options, known, this.#looks);
    const looks = this.#looksOfWrite();
    const { groups, keys, versions } = groupsOf(record, reduced.states, options.models, violations);
    this.#groups = groups;
    this.#versions = versions;
    const { shard, everyState } = options;
    const own = shard === undefined ? groups : groupsOfShard(groups, shard, everyState);
    this.#own = own.reduce((sum, group) => sum + group.states.length, 0);
    const candidates = byGroup(own).map(({ digest }) => ({
      digest,
      look: only(looks.get(digest)),
      behaviours: only(keys.get(digest)),
    }));
    const ages = agesOf(subject.release.promises);
    this.#plan = new BootPlan(candidates, options.maxStates, !options.everyState, ages);
  }

  #looksOfWrite(): Map<string, StateLook> {
    const found = new Map<string, StateLook>();
    for (const { origin, image } of crashStates(this.#record, this.#options.models)) {
      const digest = digestOf(image);
      this.#paths.set(digest, new Map([...(this.#paths.get(digest) ?? []), ...pathsOf(origin, image)]));
      if (found.has(digest)) continue;
      found.set(digest, this.#looks.of(image, namesOf(mostAcknowledged(this.#record, this.#state(digest)))));
    }
    return found;
  }

  #state(digest: string): DistinctState {
    return only(this.#states.get(digest));
  }

  async next(): Promise<Boot | undefined> {
    while (!this.#isClosed && performance.now() < this.#options.endsAt) {
      const planned = this.#plan.next();
      if (planned === undefined) return undefined;
      if (planned === 'later') {
        await (this.#options.meanwhile?.() ?? this.#changed.promise);
        continue;
      }
      const boot = this.#bootOf(planned);
      const known = this.#options.journal.boot(planned);
      if (known === undefined) return this.#begin(boot);
      this.#found.boots += 1;
      boot.done(known);
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

  #begin({ planned, ...boot }: KnownBoot): Boot {
    this.#found.boots += 1;
    this.#sayHowFar();
    return {
      ...boot,
      done: (booted) => {
        this.#options.journal.booted(planned, booted);
        boot.done(booted);
        this.#tellWaiting();
      },
    };
  }

  /** Groups that recoveries and disagreements add come on the way, so it says how many there are by now. */
  #sayHowFar(): void {
    const now = performance.now();
    if (now - this.#saidAt < SAY_EACH_MS) return;
    this.#saidAt = now;
    const { boots } = this.#found;
    if (this.#options.everyState) {
      const { booted } = this.#plan.countsOf('write');
      this.#options.say(`${boots} boots: ${booted} of ${this.#own} states`);
      return;
    }
    const far = (of: StateOf): string => {
      const { settled, all } = this.#plan.behavioursOf(of);
      return `${settled} of ${all}`;
    };
    this.#options.say(
      `${boots} boots: ${far('write')} groups of states settled, and ${far('recovery')} of recoveries by now`,
    );
  }

  #bootOf(planned: PlannedBoot): KnownBoot {
    const { digest, age } = planned;
    const recovery = this.#ofRecovery.get(digest);
    if (recovery !== undefined) {
      const { of, tell } = recovery;
      const state = recovery.load();
      const done = (booted: BootOutcome) => tell(this.#took(planned, state, of, booted));
      return { planned, state, age, done };
    }
    const of = this.#state(digest);
    const name = nameOf(digest);
    const acknowledged = mostAcknowledged(this.#record, of);
    const image = this.#imageOf(digest);
    const [seen, versions] = [this.#seen, this.#versions];
    const state = { name, image, acknowledged, seen, versions, ...beforeOf(this.#record) };
    const recordTo = path.join(this.#folder, name);
    return {
      planned,
      state,
      age,
      ...(age === 'aged' && { recordTo }),
      done: (booted) => {
        const broken = this.#took(planned, state, of, booted);
        this.#found.violations.push(...broken);
        if (booted.isRecorded) this.#recovered(this.#recoveries.take(state, recordTo, broken));
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

  /** @returns what was violated */
  #took(planned: PlannedBoot, state: StateToBoot, of: DistinctState, booted: BootOutcome): Violation[] {
    const { digest, age } = planned;
    const broken = this.#violationsOf(booted, state, of);
    this.#broken.set(`${digest} ${age}`, broken);
    const { lookedInto } = booted;
    this.#represented(this.#plan.took(planned, { verdicts: verdictsOf(booted), lookedInto }));
    return broken;
  }

  /** What was violated on a state is violated on those that it stands for. */
  #represented(found: readonly Represented[]): void {
    for (const one of found) {
      const broken = this.#broken.get(`${one.by} ${one.age}`) ?? [];
      for (const digest of one.digests) {
        const recovery = this.#ofRecovery.get(digest);
        const of = recovery?.of ?? this.#state(digest);
        const paths = recovery?.paths ?? only(this.#paths.get(digest));
        const violations = broken.map((violation) => {
          const origin = originFor(violation.check, of);
          return { ...violation, digest, origin, paths, onExt4: of.onExt4, isInferred: true };
        });
        this.#broken.set(`${digest} ${one.age}`, violations);
        if (recovery === undefined) this.#found.violations.push(...violations);
        else recovery.tell(violations);
      }
    }
  }

  #violationsOf({ age, verdicts }: BootOutcome, { name, image }: StateToBoot, of: DistinctState): Violation[] {
    const unknown = verdicts.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'missed');
    this.#found.unjudged.push(...unknown.map(({ check, detail }) => `${name} (${age}), ${check}: ${detail}`));
    const { digest, onExt4 } = of;
    return verdicts
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ check, detail }) => {
        const origin = originFor(check, of);
        return { check, detail, digest, origin, paths: pathsOf(origin, image), booted: age, onExt4 };
      });
  }

  #recovered(states: readonly RecoveryState[]): void {
    for (const recovery of states) this.#ofRecovery.set(recovery.digest, recovery);
    const candidates = states.map(({ digest, look, behaviour }) => ({ digest, look, behaviours: { aged: behaviour } }));
    this.#represented(this.#plan.addOfRecovery(candidates));
  }

  result(): Omit<BootResult, 'lives'> {
    const { booted, represented, stoodFor, leftOut } = this.#plan.countsOf('write');
    const ofRecovery = this.#plan.countsOf('recovery');
    const { counts, found } = this.#recoveries;
    const unjudged = [...this.#found.unjudged, ...this.#recoveries.reasons];
    const reasons = [...this.#found.reasons];
    if (leftOut > 0)
      reasons.push(`${leftOut} of ${this.#own} distinct states were not booted (--max-states, --max-duration)`);
    else if (ofRecovery.leftOut > 0)
      reasons.push(`${ofRecovery.leftOut} states of recoveries were not booted (--max-states, --max-duration)`);
    const recoveries = {
      ...counts,
      booted: ofRecovery.booted,
      represented: ofRecovery.represented,
      stoodFor: ofRecovery.stoodFor,
      boundLeftOut: counts.boundLeftOut + ofRecovery.leftOut,
      groups: this.#plan.behavioursOf('recovery'),
    };
    const groups = this.#plan.behavioursOf('write');
    const named = (of: StateOf) => this.#plan.eachBehaviourOf(of).map((one) => ({ ...one, key: shortOf(one.key) }));
    return {
      ...this.#found,
      unjudged,
      groups,
      ofRecovery: found,
      distinct: this.#own,
      booted,
      represented,
      stoodFor,
      recoveries,
      reasons,
      groupsOfShard: { write: named('write'), recovery: named('recovery') },
      allGroups: this.#groups,
    };
  }
}

/** What was acknowledged is missed from where it was acknowledged on; anything else is wrong wherever the state comes up first. */
const originFor = (check: string, of: DistinctState): Origin => (check === 'acked-durable' ? of.latest : firstOf(of));

const KEY_CHARS = 16;

/** A key tells of every file that is left. */
const shortOf = (key: string): string => hash('sha256', key, 'base64url').slice(0, KEY_CHARS);

const SAY_EACH_MS = 15_000;

/** Images of states hold what no other state holds, such as a piece of a torn file. */
const IMAGES_KEPT = 32;

/** Undefined: something is not known. */
function verdictsOf({ verdicts }: BootOutcome): string | undefined {
  if (verdicts.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'missed')) return undefined;
  return verdicts.map(({ check, verdict }) => `${check} ${verdict}`).join('\n');
}

function only<T>(one: T | undefined): T {
  if (one === undefined) throw new Error('a state is not in its record any more');
  return one;
}
