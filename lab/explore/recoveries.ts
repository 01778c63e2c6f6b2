import type { Promises } from '../system.ts';
import type { StateToBoot } from './boot-state.ts';
import { crashPointsOf, type DistinctState, firstOf, type Model, nameOf } from './crash-state.ts';
import { type Finding, findings, isSameCause, notSaidOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { imagesOf, judgeStates, unfaithful } from './judged.ts';
import type { WriteRecord } from './record.ts';
import { openRecord } from './record-file.ts';

/** A finding in a recovery, with the state that shows it. */
export interface RecoveryFinding {
  finding: Finding;
  state: StateToBoot;
}

/** A state of a recovery that is to be booted, and what is to be done with what was violated on it. */
export interface RecoveryState {
  digest: string;
  state: StateToBoot;
  of: DistinctState;
  tell(broken: readonly Violation[]): void;
}

/** One recovery that was recorded. */
interface Recovery {
  record: WriteRecord;
  parent: StateToBoot;
  /** What was violated when it was booted on that state. */
  before: readonly Violation[];
  /** What the lab had put into the folder: it is in the record, and of no state. */
  isPlanted(file: string): boolean;
}

/** What systems wrote when they were booted on the states of a write, crashed in turn: judged, all of it, and of one recovery of each kind booted too. */
export class Recoveries {
  readonly found: RecoveryFinding[] = [];
  /** What is not known. */
  readonly reasons: string[] = [];
  readonly counts = { recorded: 0, crashPoints: 0, states: 0, boundLeftOut: 0 };
  readonly #record: WriteRecord;
  readonly #promises: Promises;
  readonly #options: { models: readonly Model[]; promised(model: Model): boolean };
  readonly #known: Set<string>;
  /** The kinds of crash points whose recovery is booted on already. */
  readonly #kinds = new Set<string>();

  /** @param known states that are booted anyway */
  constructor(
    record: WriteRecord,
    promises: Promises,
    options: { models: readonly Model[]; promised(model: Model): boolean },
    known: Set<string>,
  ) {
    this.#record = record;
    this.#promises = promises;
    this.#options = options;
    this.#known = known;
  }

  /**
   * Judges the states of a recovery from `parent`.
   * @param before what was violated in that boot
   * @returns those of its states that are to be booted
   */
  take(of: DistinctState, parent: StateToBoot, recordTo: string, before: readonly Violation[]): RecoveryState[] {
    using open = openRecord(recordTo);
    const turns = parent.acknowledged.map((turn) => ({ ...turn, t: 0 }));
    const record = { ...open.record, turns };
    const atFirst = new Set(record.base.flatMap((effect) => (effect.kind === 'name' ? [effect.path] : [])));
    const recovery = {
      record,
      parent,
      before,
      isPlanted: (file: string) => !parent.image.names.has(file) && atFirst.has(file),
    };
    this.counts.recorded += 1;
    const wrong = unfaithful(record);
    if (wrong.length > 0) {
      this.reasons.push(`the recovery from ${parent.name} is not known: ${wrong[0]}`);
      return [];
    }
    const { reduced, violations } = judgeStates(record, { promises: this.#promises }, this.#options);
    this.counts.crashPoints += crashPointsOf(reduced);
    const images = imagesOf(record, this.#options.models, new Set(reduced.states.map((state) => state.digest)));
    // What was wrong before the recovery began is no finding of it.
    const atOnce = new Set(violations.filter((one) => one.origin.step === 0).map((one) => one.check));
    this.#tell(
      recovery,
      violations.filter((one) => !atOnce.has(one.check)),
      images,
    );
    return this.#toBoot(of, recovery, reduced.states, images);
  }

  #toBoot(
    of: DistinctState,
    recovery: Recovery,
    states: readonly DistinctState[],
    images: ReadonlyMap<string, FolderImage>,
  ): RecoveryState[] {
    const { parent } = recovery;
    const { model, step } = firstOf(of);
    const kind = `${model} ${this.#record.steps[step]?.op}`;
    const isBooted = !this.#kinds.has(kind);
    this.#kinds.add(kind);
    const toBoot: RecoveryState[] = [];
    for (const state of states) {
      const image = without(images.get(state.digest), recovery);
      const digest = digestOf(image);
      if (this.#known.has(digest)) continue;
      this.#known.add(digest);
      this.counts.states += 1;
      if (!isBooted) {
        this.counts.boundLeftOut += 1;
        continue;
      }
      toBoot.push({
        digest,
        state: { ...parent, name: `${parent.name}-${nameOf(digest)}`, image },
        of: { ...state, digest },
        tell: (broken) => this.#tell(recovery, notSaidOf(recovery.before, broken), new Map([[digest, image]])),
      });
    }
    return toBoot;
  }

  #tell(recovery: Recovery, violations: readonly Violation[], images: ReadonlyMap<string, FolderImage>): void {
    const { record, parent } = recovery;
    for (const finding of findings(record, violations, this.#options.promised)) {
      const cause = `in the recovery from the state ${parent.name}: ${finding.cause}`;
      const known = this.found.find((one) => isSameCause(one.finding, finding));
      if (known !== undefined) {
        known.finding = { ...known.finding, states: known.finding.states + finding.states };
        continue;
      }
      const image = without(images.get(finding.digest), recovery);
      this.found.push({
        finding: { ...finding, cause },
        state: { ...parent, name: nameOf(finding.digest), image },
      });
    }
  }
}

function without(image: FolderImage | undefined, { isPlanted }: Recovery): FolderImage {
  if (image === undefined) throw new Error('a state is not in its record any more');
  return { names: new Map([...image.names].filter(([file]) => !isPlanted(file))), inodes: image.inodes };
}
