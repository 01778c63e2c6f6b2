import type { Promises } from '../system.ts';
import { keyOf, type LookedInto, type StateLook } from './alike.ts';
import { Behaviour } from './behaviour.ts';
import type { Age } from './boot-state.ts';

export const AGES: readonly Age[] = ['aged', 'fresh'];

/** How old a state is when it is booted. A system from outside says nothing of temps that are young: its states are booted at one age. */
export const agesOf = ({ answers }: Promises): readonly Age[] => (answers === undefined ? AGES : ['aged']);

/** What a state is of: the write that is explored, or a system's recovery from one of its states. Each has a bound of its own. */
export type StateOf = 'write' | 'recovery';

/** A state that may be booted. */
export interface Candidate {
  readonly digest: string;
  readonly look: StateLook;
  /** What it has in common with those that it may stand for, at each age. Absent: it stands for none. */
  readonly behaviours?: Readonly<Partial<Record<Age, string>>>;
}

/** One boot that is to be made. */
export interface PlannedBoot {
  readonly digest: string;
  readonly age: Age;
}

/** What came of a boot, as far as the plan wants to know. */
export interface BootOutcome {
  /** Equal where all verdicts are. Undefined: something is not known, so it stands for no other state. */
  readonly verdicts: string | undefined;
  readonly lookedInto: LookedInto;
}

/** States that a boot stands for, now that this is known. */
export interface Represented {
  /** They differ in what no boot opens, or they are of one behaviour whose first and last came to the same. */
  readonly why: 'unread' | 'behaviour';
  readonly age: Age;
  readonly by: string;
  readonly digests: readonly string[];
}

/**
 * How many distinct states were booted at one age or more; differ from a booted one only in what no boot opened; have a representative of their behaviour;
 * or are not known at some age.
 */
export interface PlanCounts {
  booted: number;
  represented: number;
  stoodFor: number;
  leftOut: number;
}

/** The behaviours of a write or of the recoveries: how many there are, of how many one member is known, how many are settled, and those whose members disagreed. */
export interface BehaviourCounts {
  all: number;
  seen: number;
  settled: number;
  split: string[];
}

type Stage =
  | 'waiting'
  | 'running'
  | 'booted'
  /** Another one stands for it, if its witness agrees. */
  | 'claimed'
  | 'represented'
  /** Members of its behaviour stand for it. */
  | 'stood-for';

interface Task {
  readonly candidate: Candidate;
  readonly of: StateOf;
  readonly age: Age;
  /** What it looks like to somebody who looks into nothing. */
  readonly outline: string;
  stage: Stage;
  /** What it came to, itself or in the one that stands for it. */
  verdicts: string | undefined;
  readonly isKnown: boolean;
  /** Absent: nothing but itself, and what no boot opens, tells what it comes to. */
  behaviour?: Behaviour<Task>;
  /** It was told apart once: it is booted itself. */
  isAlone: boolean;
}

/** What a boot may stand for. */
interface Group {
  readonly by: Task;
  readonly outcome: BootOutcome;
  readonly key: string;
  /** Those that are claimed. */
  members: Task[];
  /** The one of them that is booted to see whether it is so. */
  witness?: Task;
  /** A witness that differed by so many bytes came to the same. */
  provenBytes: number;
}

/** Which states are booted, in which order, and for which others each of them stands. Knows of no container. */
export class BootPlan {
  readonly #tasks: Task[] = [];
  #groups: Group[] = [];
  readonly #behaviours: Readonly<Record<StateOf, Map<string, Behaviour<Task>>>> = {
    write: new Map(),
    recovery: new Map(),
  };
  readonly #begun: Readonly<Record<StateOf, Set<string>>> = { write: new Set(), recovery: new Set() };
  readonly #maxStates: number;
  readonly #representing: boolean;

  /**
   * @param candidates each distinct state of the write, the most telling first
   * @param maxStates at most so many of them are booted, and as many of recoveries; those that only prove that another stands for them are not counted
   * @param representing false: each state is booted, whatever it looks like
   * @param ages at which each of them is booted
   */
  constructor(candidates: readonly Candidate[], maxStates: number, representing: boolean, ages = AGES) {
    this.#maxStates = maxStates;
    this.#representing = representing;
    for (const candidate of candidates) for (const age of ages) this.#add(candidate, 'write', age);
  }

  #add(candidate: Candidate, of: StateOf, age: Age): Task {
    const outline = keyOf(candidate.look, () => false);
    const task: Task = {
      candidate,
      of,
      age,
      outline,
      stage: 'waiting',
      verdicts: undefined,
      isAlone: !this.#representing,
      get isKnown() {
        return this.stage === 'booted' || this.stage === 'represented';
      },
    };
    this.#tasks.push(task);
    const behaviour = this.#representing ? candidate.behaviours?.[age] : undefined;
    if (behaviour !== undefined) this.#join(task, `${age} ${behaviour}`);
    return task;
  }

  #join(task: Task, key: string): void {
    const behaviour = this.#behaviours[task.of].get(key) ?? new Behaviour<Task>(key);
    this.#behaviours[task.of].set(key, behaviour);
    task.behaviour = behaviour;
    behaviour.add(task);
  }

  /** States of a recovery: they are booted aged. @returns what stands for them, where that is known already */
  addOfRecovery(candidates: readonly Candidate[]): Represented[] {
    const joined = new Set<Group>();
    for (const candidate of candidates) {
      const task = this.#add(candidate, 'recovery', 'aged');
      const group = this.#groups.find((one) => this.#isLike(task, one));
      if (group === undefined) continue;
      task.stage = 'claimed';
      group.members.push(task);
      joined.add(group);
    }
    return [...[...joined].flatMap((group) => this.#settle(group)), ...this.#settleBehaviours()];
  }

  /** The boot that comes next; `later` where that is known only when one that is under way has ended. */
  next(): PlannedBoot | 'later' | undefined {
    const running = this.#tasks.filter((task) => task.stage === 'running');
    // One that looks like another that is under way will most likely be represented by it.
    const isLikeRunning = (task: Task) =>
      !task.isAlone && running.some((one) => one.age === task.age && one.outline === task.outline);
    const wanted = this.#wanted();
    const next = wanted.find((task) => task.stage === 'waiting' && this.#mayBegin(task) && !isLikeRunning(task));
    if (next !== undefined) {
      this.#begun[next.of].add(next.candidate.digest);
      return begin(next);
    }
    const claimed = new Set(wanted.filter(({ stage }) => stage === 'claimed'));
    const group = this.#groups.find(
      ({ members, witness }) => witness === undefined && members.some((one) => claimed.has(one)),
    );
    if (group !== undefined) {
      group.witness = group.members.reduce((a, b) => (apart(group, b) > apart(group, a) ? b : a));
      return begin(group.witness);
    }
    return running.length > 0 ? 'later' : undefined;
  }

  /** Those of no behaviour, the first of each behaviour, and then what confirms them or tells where they part. */
  #wanted(): Task[] {
    const behaviours = [...this.#behaviours.write.values(), ...this.#behaviours.recovery.values()];
    return [
      ...this.#tasks.filter(({ behaviour }) => behaviour === undefined),
      ...behaviours.filter(({ isKnown }) => !isKnown).flatMap((one) => one.wanted()),
      ...behaviours.filter(({ isKnown }) => isKnown).flatMap((one) => one.wanted()),
    ];
  }

  /** The states of the write that will most likely be booted soon. */
  upcoming(count: number): string[] {
    const waiting = this.#wanted().filter(({ stage, of }) => stage === 'waiting' && of === 'write');
    return [...new Set(waiting.map((task) => task.candidate.digest))].slice(0, count);
  }

  #mayBegin({ candidate, of }: Task): boolean {
    return this.#begun[of].has(candidate.digest) || this.#begun[of].size < this.#maxStates;
  }

  /** Takes in what came of a boot. @returns the states that are represented from now on */
  took({ digest, age }: PlannedBoot, outcome: BootOutcome): Represented[] {
    const task = this.#tasks.find((one) => one.candidate.digest === digest && one.age === age);
    if (task === undefined) throw new Error('a state that was not planned');
    task.stage = 'booted';
    task.verdicts = outcome.verdicts;
    const witnessed = this.#groups.find((one) => one.witness === task);
    const represented = witnessed === undefined ? [] : this.#confirm(witnessed, task, outcome);
    if (witnessed === undefined && this.#representing && outcome.verdicts !== undefined) this.#claim(task, outcome);
    return [...represented, ...this.#settleBehaviours()];
  }

  #settleBehaviours(): Represented[] {
    const all = [...this.#behaviours.write.values(), ...this.#behaviours.recovery.values()];
    return all
      .filter(({ isKnown }) => isKnown)
      .flatMap((behaviour) => behaviour.settle())
      .flatMap(({ by, members }) => {
        const open = members.filter(({ stage }) => stage === 'waiting' || stage === 'claimed');
        for (const task of open) task.stage = 'stood-for';
        for (const group of this.#groups) group.members = group.members.filter(({ stage }) => stage !== 'stood-for');
        return open.length === 0 ? [] : [representedBy('behaviour', by, open)];
      });
  }

  #claim(by: Task, outcome: BootOutcome): void {
    const key = keyFor(by, outcome);
    const group: Group = { by, outcome, key, members: [], provenBytes: 0 };
    this.#groups.push(group);
    for (const task of this.#tasks) {
      if (task.stage !== 'waiting' || !this.#isLike(task, group)) continue;
      task.stage = 'claimed';
      group.members.push(task);
    }
  }

  #isLike(task: Task, { by, outcome, key }: Group): boolean {
    if (task.isAlone || task.age !== by.age || task.outline !== by.outline) return false;
    return keyFor(task, outcome) === key;
  }

  /** Did the one that differs most come to the same, and could it not tell itself from the one that stands for it either? */
  #confirm(group: Group, witness: Task, outcome: BootOutcome): Represented[] {
    group.members = group.members.filter((task) => task !== witness);
    delete group.witness;
    const agrees =
      outcome.verdicts === group.outcome.verdicts && keyFor(witness, outcome) === keyFor(group.by, outcome);
    if (agrees) {
      group.provenBytes = Math.max(group.provenBytes, apart(group, witness));
      return this.#settle(group);
    }
    for (const task of group.members) {
      task.stage = 'waiting';
      task.isAlone = true;
    }
    this.#groups = this.#groups.filter((one) => one !== group);
    return [];
  }

  /** Those that differ less than what was proven are represented; one that differs more wants a witness of its own. */
  #settle(group: Group): Represented[] {
    const settled = group.members.filter((task) => task !== group.witness && apart(group, task) <= group.provenBytes);
    for (const task of settled) [task.stage, task.verdicts] = ['represented', group.outcome.verdicts];
    group.members = group.members.filter((task) => task.stage === 'claimed' || task === group.witness);
    return settled.length === 0 ? [] : [representedBy('unread', group.by, settled)];
  }

  /** The states of the write that were booted, or that another one stands for. */
  known(): Set<string> {
    const open = new Set<string>();
    const all = this.#tasks.filter(({ of }) => of === 'write');
    for (const { stage, candidate } of all) if (!isTold(stage)) open.add(candidate.digest);
    return new Set(all.map(({ candidate }) => candidate.digest).filter((digest) => !open.has(digest)));
  }

  countsOf(of: StateOf): PlanCounts {
    const stages = new Map<string, Stage[]>();
    for (const task of this.#tasks)
      if (task.of === of) stages.set(task.candidate.digest, [...(stages.get(task.candidate.digest) ?? []), task.stage]);
    const counts: PlanCounts = { booted: 0, represented: 0, stoodFor: 0, leftOut: 0 };
    for (const each of stages.values()) counts[fateOf(each)] += 1;
    return counts;
  }

  /** Each of them, for whoever puts several plans together. */
  eachBehaviourOf(of: StateOf): { key: string; seen: boolean; settled: boolean }[] {
    return [...this.#behaviours[of].values()].map(({ key, isKnown, isSettled }) => ({
      key,
      seen: isKnown,
      settled: isKnown && isSettled,
    }));
  }

  behavioursOf(of: StateOf): BehaviourCounts {
    const all = [...this.#behaviours[of].values()];
    return {
      all: all.length,
      seen: all.filter(({ isKnown }) => isKnown).length,
      settled: all.filter(({ isKnown, isSettled }) => isKnown && isSettled).length,
      split: all.filter(({ splits }) => splits > 0).map(({ key }) => key),
    };
  }
}

const isTold = (stage: Stage): boolean => stage === 'booted' || stage === 'represented' || stage === 'stood-for';

/** @param stages of one state, at each of its ages */
function fateOf(stages: readonly Stage[]): keyof PlanCounts {
  if (!stages.every(isTold)) return 'leftOut';
  if (stages.includes('booted')) return 'booted';
  return stages.includes('stood-for') ? 'stoodFor' : 'represented';
}

const representedBy = (why: Represented['why'], by: Task, tasks: readonly Task[]): Represented => ({
  why,
  age: by.age,
  by: by.candidate.digest,
  digests: tasks.map(({ candidate }) => candidate.digest),
});

function begin(task: Task): PlannedBoot {
  task.stage = 'running';
  return { digest: task.candidate.digest, age: task.age };
}

const keyFor = ({ candidate }: Task, { lookedInto }: BootOutcome): string =>
  keyOf(candidate.look, (file) => lookedInto.has(file));

const apart = ({ by }: Group, task: Task): number => Math.abs(task.candidate.look.bytes - by.candidate.look.bytes);
