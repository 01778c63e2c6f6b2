import type { Promises } from '../system.ts';
import { type Looks, namesOf, type StateLook } from './alike.ts';
import type { StateToBoot } from './boot-state.ts';
import { crashPointsOf, crashStates, type DistinctState, type Model, nameOf, type Reduced } from './crash-state.ts';
import { type Finding, findings, isSameCause, notSaidOf, pathsOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage, type InodeId } from './folder-image.ts';
import { checksByState } from './groups.ts';
import { imagesOf, judgeStates, unfaithful } from './judged.ts';
import type { WriteRecord } from './record.ts';
import { openRecord } from './record-file.ts';
import { rolesOf } from './record-roles.ts';
import { Shapes } from './shape.ts';

/** A finding in a recovery, with the state that shows it. */
export interface RecoveryFinding {
  finding: Finding;
  state: StateToBoot;
}

/** A state of a recovery that is to be booted, and what is to be done with what was violated on it. */
export interface RecoveryState {
  digest: string;
  look: StateLook;
  /** What it has in common with other states of recoveries (shape.ts). */
  behaviour: string;
  /** The record is played again for it: nobody could hold all of them. */
  load(): StateToBoot;
  of: DistinctState;
  /** What the files are called in it whose data was lost. */
  paths: ReadonlyMap<InodeId, string>;
  tell(broken: readonly Violation[]): void;
}

export interface RecoveryOptions {
  models: readonly Model[];
  /** Recoveries that do the same are crashed each, and all of their states are booted. */
  everyState: boolean;
  promised(model: Model): boolean;
}

/** One recovery that was recorded. */
interface Recovery {
  recordedIn: string;
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
  readonly counts = { recorded: 0, equal: 0, crashPoints: 0, states: 0, boundLeftOut: 0 };
  readonly #promises: Promises;
  readonly #options: RecoveryOptions;
  readonly #known: Set<string>;
  readonly #looks: Looks;
  readonly #models: readonly Model[];
  /** What the recoveries that are crashed already do (`signatureOf`). */
  readonly #signatures = new Set<string>();

  /** @param known states that are booted anyway */
  constructor(promises: Promises, options: RecoveryOptions, known: Set<string>, looks: Looks) {
    this.#promises = promises;
    this.#options = options;
    this.#known = known;
    this.#looks = looks;
    this.#models = modelsInRecoveries(options);
  }

  /**
   * Judges the states of a recovery from `parent`.
   * @param before what was violated in that boot
   * @returns those of its states that are to be booted
   */
  take(parent: StateToBoot, recordTo: string, before: readonly Violation[]): RecoveryState[] {
    using open = openRecord(recordTo);
    const turns = parent.acknowledged.map((turn) => ({ ...turn, t: 0 }));
    const record = { ...open.record, turns, ...(parent.upgrade !== undefined && { upgrade: parent.upgrade }) };
    const atFirst = new Set(record.base.flatMap((effect) => (effect.kind === 'name' ? [effect.path] : [])));
    const recovery = {
      recordedIn: recordTo,
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
    const signature = signatureOf(record);
    const isEqual = this.#signatures.has(signature);
    this.#signatures.add(signature);
    if (isEqual && !this.#options.everyState) {
      this.counts.equal += 1;
      return [];
    }
    const { reduced, violations } = judgeStates(record, { promises: this.#promises }, { models: this.#models });
    this.counts.crashPoints += crashPointsOf(reduced);
    // What was wrong before the recovery began is no finding of it.
    const atOnce = new Set(violations.filter((one) => one.origin.step === 0).map((one) => one.check));
    const ofRecovery = violations.filter((one) => !atOnce.has(one.check));
    const broken = new Set(ofRecovery.map((one) => one.digest));
    const images = imagesOf(record, this.#models, broken);
    this.#tell(recovery, ofRecovery, (digest) => images.get(digest));
    return this.#toBoot(recovery, reduced, violations);
  }

  #toBoot(recovery: Recovery, { states }: Reduced, violations: readonly Violation[]): RecoveryState[] {
    const { parent, record } = recovery;
    const known = new Map(states.map((state) => [state.digest, state]));
    const shapes = new Shapes(record);
    const versions = new Set([...(parent.versions ?? []), ...shapes.versions]);
    const verdicts = checksByState(violations);
    const toBoot = new Map<string, RecoveryState & { paths: Map<InodeId, string> }>();
    for (const { origin, image: whole } of crashStates(record, this.#models)) {
      const inRecord = digestOf(whole);
      const image = without(whole, recovery);
      const digest = digestOf(image);
      const there = toBoot.get(digest);
      if (there !== undefined) for (const [id, file] of pathsOf(origin, image)) there.paths.set(id, file);
      const state = known.get(inRecord);
      if (state === undefined || this.#known.has(digest)) continue;
      this.#known.add(digest);
      this.counts.states += 1;
      const name = `${parent.name}-${nameOf(digest)}`;
      toBoot.set(digest, {
        digest,
        look: this.#looks.of(image, namesOf(parent.acknowledged)),
        behaviour: `${shapes.of(whole, origin.step)} ${verdicts.get(inRecord) ?? ''}`,
        load: () => ({ ...parent, name, image: this.#imageOf(recovery, inRecord), versions }),
        of: { ...state, digest },
        paths: pathsOf(origin, image),
        tell: (broken) =>
          this.#tell(recovery, notSaidOf(recovery.before, broken), () => this.#imageOf(recovery, inRecord)),
      });
    }
    return [...toBoot.values()];
  }

  #imageOf(recovery: Recovery, inRecord: string): FolderImage {
    using open = openRecord(recovery.recordedIn);
    return without(imagesOf(open.record, this.#models, new Set([inRecord])).get(inRecord), recovery);
  }

  #tell(
    recovery: Recovery,
    violations: readonly Violation[],
    imageOf: (digest: string) => FolderImage | undefined,
  ): void {
    const { record, parent } = recovery;
    for (const { calls: _, ...finding } of findings(record, violations, this.#options.promised)) {
      const cause = `in the recovery from the state ${parent.name}: ${finding.cause}`;
      const known = this.found.find((one) => isSameCause(one.finding, finding));
      if (known !== undefined) {
        known.finding = { ...known.finding, states: known.finding.states + finding.states };
        continue;
      }
      const image = without(imageOf(finding.digest), recovery);
      this.found.push({
        finding: { ...finding, cause },
        state: { ...parent, name: nameOf(finding.digest), image },
      });
    }
  }
}

/**
 * A boot makes more calls than a write, and the power losses in it are many more: they are tried where the system promises something of a power loss, or where
 * nothing else was asked for.
 */
export function modelsInRecoveries({
  models,
  promised,
}: Pick<RecoveryOptions, 'models' | 'promised'>): readonly Model[] {
  const kept = models.filter((model) => promised(model));
  return kept.length > 0 ? kept : models;
}

/** Two recoveries with one signature do the same to files of the same roles, however often and in whatever order. */
export function signatureOf(record: Pick<WriteRecord, 'base' | 'steps'>): string {
  const roles = rolesOf(record);
  const calls = record.steps.map(({ op, path, to }) => `${op} ${roles(path)} ${to === undefined ? '' : roles(to)}`);
  return [...new Set(calls)].sort().join('\n');
}

function without(image: FolderImage | undefined, { isPlanted }: Recovery): FolderImage {
  if (image === undefined) throw new Error('a state is not in its record any more');
  return { names: new Map([...image.names].filter(([file]) => !isPlanted(file))), inodes: image.inodes };
}
