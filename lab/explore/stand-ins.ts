import { rolesAmong } from '../crash-point/roles-among.ts';
import type { Entry } from '../sidecar/client.ts';
import type { LookedInto } from './alike.ts';
import type { BootVerdict } from './boot-state.ts';

/*
 * The life that is watched on a state has three stages: the boot, a turn up to the stop, a second boot. What the state itself was shows in the first; each
 * later one finds what those before it have left. Of lives that came to the same up to the end of a stage, and left folders of one form, the first two are
 * lived to their ends; where nothing more was wrong in either then, the first stands for the rest of the others. A violation is always of something that was
 * done.
 */

/** How many lives must have ended in order before they stand for others. */
const LIVED_OF_EACH = 2;

/** The last stage that a life has behind it. */
export type Stage = 'boot' | 'turn';

/** What a life had come to at the end of a stage. */
export interface SoFar {
  readonly form: string;
  readonly verdicts: readonly BootVerdict[];
}

/** A life that was lived further than a stage, and nothing more was wrong in it. */
export interface StandIn {
  readonly name: string;
  readonly verdicts: readonly BootVerdict[];
  readonly lookedInto: LookedInto;
}

/**
 * Which lives are ended early, and who stands for their ends. Where lives are long and two of a form are being lived to their ends, the others wait for what
 * they come to.
 */
export class StandIns {
  /** Lives that were lived to their ends, and those that ended after a boot or after a turn. */
  readonly counts = { whole: 0, boot: 0, turn: 0 };
  readonly isUsed: boolean;
  readonly #inOrder = new Map<string, StandIn[]>();
  readonly #wrong = new Set<string>();
  /** How many lives are being lived further. */
  readonly #underway = new Map<string, number>();
  #changed = Promise.withResolvers<void>();

  /** @param isUsed false: each life is lived to its end */
  constructor(isUsed: boolean) {
    this.isUsed = isUsed;
  }

  /**
   * Waits for lives of the form that are being lived to their ends, if that can settle it.
   * @param form of what a life has left at the end of a stage (`formOf`)
   * @param isWorthAWait a life costs more than a wait
   * @returns undefined: it must be lived further, and be given to `ended` then
   */
  async at(stage: Stage, form: string, isWorthAWait: () => boolean): Promise<StandIn | undefined> {
    if (!this.isUsed) return undefined;
    const key = keyOf(stage, form);
    for (;;) {
      const inOrder = this.#inOrder.get(key) ?? [];
      if (!this.#wrong.has(key) && inOrder.length >= LIVED_OF_EACH) {
        this.counts[stage] += 1;
        return inOrder[0];
      }
      const underway = this.#underway.get(key) ?? 0;
      if (this.#wrong.has(key) || inOrder.length + underway < LIVED_OF_EACH || !isWorthAWait()) {
        this.#underway.set(key, underway + 1);
        return undefined;
      }
      await this.#changed.promise;
    }
  }

  /**
   * Takes in the end of a life, whatever came of it.
   * @param stages those after which it was lived further
   */
  ended(stages: ReadonlyMap<Stage, SoFar>): void {
    for (const [stage, { form }] of stages) {
      const key = keyOf(stage, form);
      this.#underway.set(key, Math.max(0, (this.#underway.get(key) ?? 0) - 1));
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /**
   * Takes in what a life came to.
   * @param stages what it had come to at the end of each stage after which it was lived further
   * @param isWhole it was lived to its end
   */
  lived(stages: ReadonlyMap<Stage, SoFar>, life: StandIn, isWhole: boolean): void {
    if (isWhole) this.counts.whole += 1;
    for (const [stage, { form, verdicts }] of stages) {
      const key = keyOf(stage, form);
      const inOrder = this.#inOrder.get(key) ?? [];
      if (!hasNothingNew(life.verdicts, verdicts)) this.#wrong.add(key);
      else if (inOrder.length < LIVED_OF_EACH) this.#inOrder.set(key, [...inOrder, life]);
    }
  }
}

/** Whether all that is wrong was wrong before, and nothing is unknown. */
function hasNothingNew(verdicts: readonly BootVerdict[], before: readonly BootVerdict[]): boolean {
  const wrong = new Set(before.filter(({ verdict }) => verdict === 'violated').map(({ check }) => check));
  return verdicts.every(
    ({ check, verdict }) =>
      verdict === 'held' || verdict === 'not-applicable' || (verdict === 'violated' && wrong.has(check)),
  );
}

const keyOf = (stage: Stage, form: string): string => `${stage}\n${form}`;

/** What a life that was ended early came to: what was not seen of it any more is as it was in the one that stands for it. */
export function endedAs(standIn: StandIn, verdicts: readonly BootVerdict[]): BootVerdict[] {
  const known = new Map(standIn.verdicts.map((one) => [one.check, one]));
  return verdicts.map((own) => {
    const other = known.get(own.check);
    if (own.verdict !== 'inconclusive' || other === undefined) return own;
    return { ...other, detail: `as on the state ${standIn.name}: ${other.detail}` };
  });
}

/**
 * What a life came to and the form of the folder that it has left: for each file its role, its kind and its mode; whether it is empty, written since the
 * state was planted, or as it was planted, and then what it has in common with others of its role, or its bytes.
 * @param verdicts of the life so far
 * @param alike what a file that is as it was planted has in common with others that have other bytes: the system never opened it, or no crash has cut it
 */
export function formOf(
  planted: readonly Entry[],
  left: readonly Entry[],
  verdicts: readonly BootVerdict[],
  alike: (file: string) => string | undefined,
): string {
  const before = new Map(planted.map((entry) => [entry.path, entry]));
  const roles = rolesAmong([...before.keys(), ...left.map(({ path }) => path)]);
  const files = left.map((entry) => {
    const role = roles(entry.path, entry.type === 'directory');
    return `${role} ${entry.type} ${entry.mode.toString(8)} ${fateOf(entry, before.get(entry.path), alike)}`;
  });
  const so = verdicts.map(({ check, verdict, detail }) =>
    verdict === 'inconclusive' ? `${check} ${verdict} ${detail}` : `${check} ${verdict}`,
  );
  return [...so, ...new Set(files.sort())].join('\n');
}

function fateOf(
  { path, type, size, sha256 }: Entry,
  before: Entry | undefined,
  alike: (file: string) => string | undefined,
): string {
  if (type !== 'file') return '';
  if (size === 0) return 'empty';
  const isSame = before !== undefined && before.size === size && sha256 !== undefined && before.sha256 === sha256;
  if (!isSame) return 'written';
  return `as planted, ${alike(path) ?? sha256}`;
}
