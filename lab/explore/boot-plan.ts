import { keyOf, type LookedInto, type StateLook } from './alike.ts';
import type { Age } from './boot-state.ts';

export const AGES: readonly Age[] = ['aged', 'fresh'];

/** A state that may be booted. */
export interface Candidate {
  readonly digest: string;
  readonly look: StateLook;
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
  readonly age: Age;
  readonly by: string;
  readonly digests: readonly string[];
}

type Stage =
  | 'waiting'
  | 'running'
  | 'booted'
  /** Another one stands for it, if its witness agrees. */
  | 'claimed'
  | 'represented';

interface Group {
  readonly by: string;
  readonly age: Age;
  readonly outcome: BootOutcome;
  readonly key: string;
  readonly members: string[];
  witness?: string;
}

interface Task {
  readonly candidate: Candidate;
  readonly age: Age;
  /** What it looks like to somebody who looks into nothing. */
  readonly outline: string;
  stage: Stage;
  /** It was told apart once: it is booted itself. */
  isAlone: boolean;
}

/** Which states are booted, in which order, and for which others each of them stands. Knows of no container. */
export class BootPlan {
  readonly #tasks: readonly Task[];
  readonly #byName = new Map<string, Task>();
  readonly #groups: Group[] = [];
  readonly #begun = new Set<string>();
  readonly #maxStates: number;
  readonly #representing: boolean;

  /**
   * @param candidates each distinct state, the most telling first
   * @param maxStates at most so many of them are booted; those that only prove that another stands for them are not counted
   * @param representing false: each state is booted, whatever it looks like
   */
  constructor(candidates: readonly Candidate[], maxStates: number, representing: boolean) {
    this.#maxStates = maxStates;
    this.#representing = representing;
    this.#tasks = candidates.flatMap((candidate) => {
      const outline = keyOf(candidate.look, () => false);
      return AGES.map((age): Task => ({ candidate, age, outline, stage: 'waiting', isAlone: !representing }));
    });
    for (const task of this.#tasks) this.#byName.set(nameOf(task.candidate.digest, task.age), task);
  }

  /** The boot that comes next; `later` where that is known only when one that is under way has ended. */
  next(): PlannedBoot | 'later' | undefined {
    const running = this.#tasks.filter((task) => task.stage === 'running');
    const waiting = this.#tasks.filter((task) => task.stage === 'waiting' && this.#mayBegin(task));
    // One that looks like another that is under way will most likely be represented by it.
    const isLike = (task: Task) =>
      !task.isAlone && running.some((one) => one.age === task.age && one.outline === task.outline);
    const next = waiting.find((task) => !isLike(task));
    if (next !== undefined) {
      this.#begun.add(next.candidate.digest);
      return this.#begin(next);
    }
    const group = this.#groups.find((one) => one.members.length > 0 && one.witness === undefined);
    if (group !== undefined) {
      const witness = this.#farthest(group);
      group.witness = witness.candidate.digest;
      return this.#begin(witness);
    }
    return running.length > 0 ? 'later' : undefined;
  }

  /** The states that will most likely be booted soon. */
  upcoming(count: number): string[] {
    const waiting = this.#tasks.filter((task) => task.stage === 'waiting');
    return [...new Set(waiting.map((task) => task.candidate.digest))].slice(0, count);
  }

  #mayBegin({ candidate }: Task): boolean {
    return this.#begun.has(candidate.digest) || this.#begun.size < this.#maxStates;
  }

  #begin(task: Task): PlannedBoot {
    task.stage = 'running';
    return { digest: task.candidate.digest, age: task.age };
  }

  #farthest({ by, age, members }: Group): Task {
    const bytes = this.#task(by, age).candidate.look.bytes;
    const apart = (task: Task) => Math.abs(task.candidate.look.bytes - bytes);
    return members.map((digest) => this.#task(digest, age)).reduce((a, b) => (apart(b) > apart(a) ? b : a));
  }

  #task(digest: string, age: Age): Task {
    const task = this.#byName.get(nameOf(digest, age));
    if (task === undefined) throw new Error('a state that was not planned');
    return task;
  }

  /** Takes in what came of a boot. @returns the states that are represented from now on */
  took({ digest, age }: PlannedBoot, outcome: BootOutcome): Represented | undefined {
    const task = this.#task(digest, age);
    task.stage = 'booted';
    const witnessed = this.#groups.find((one) => one.age === age && one.witness === digest);
    if (witnessed !== undefined) return this.#confirm(witnessed, task, outcome);
    if (this.#representing && outcome.verdicts !== undefined) this.#claim(task, outcome);
    return undefined;
  }

  #claim(task: Task, outcome: BootOutcome): void {
    const key = this.#keyOf(task, outcome);
    const members: string[] = [];
    for (const other of this.#tasks) {
      if (other.stage !== 'waiting' || other.age !== task.age || other.isAlone) continue;
      if (other.outline !== task.outline || this.#keyOf(other, outcome) !== key) continue;
      other.stage = 'claimed';
      members.push(other.candidate.digest);
    }
    this.#groups.push({ by: task.candidate.digest, age: task.age, outcome, key, members });
  }

  #keyOf({ candidate }: Task, { lookedInto }: BootOutcome): string {
    return keyOf(candidate.look, (file) => lookedInto.has(file));
  }

  /** The one that differs most came to the same, and could not tell itself from the one that stands for it either. */
  #confirm(group: Group, witness: Task, outcome: BootOutcome): Represented | undefined {
    const { by, age } = group;
    const agrees =
      outcome.verdicts === group.outcome.verdicts &&
      this.#keyOf(witness, outcome) === this.#keyOf(this.#task(by, age), outcome);
    const others = group.members.filter((digest) => digest !== witness.candidate.digest);
    for (const digest of others) {
      const task = this.#task(digest, age);
      task.stage = agrees ? 'represented' : 'waiting';
      task.isAlone ||= !agrees;
    }
    group.members.length = 0;
    return agrees ? { age, by, digests: others } : undefined;
  }

  /** How many distinct states were booted at each age, or are represented at one or more and booted at the others. */
  get counts(): { booted: number; represented: number } {
    const counts = { booted: 0, represented: 0 };
    for (const { candidate, age } of this.#tasks) {
      if (age !== AGES[0]) continue;
      const stages = AGES.map((one) => this.#task(candidate.digest, one).stage);
      if (stages.every((stage) => stage === 'booted')) counts.booted += 1;
      else if (stages.every((stage) => stage === 'booted' || stage === 'represented')) counts.represented += 1;
    }
    return counts;
  }
}

const nameOf = (digest: string, age: Age) => `${digest} ${age}`;
