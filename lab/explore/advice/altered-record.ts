import type { Effect, Step, Turn, WriteRecord } from '../record.ts';

/*
 * A record as it would be if the program made its calls otherwise: without one of them, with one more, or with an answer that goes out earlier. What the
 * program does next is taken to be the same, which holds for a call that gives it nothing but time to wait: a sync.
 */

/** A record that was altered. */
export interface Altered {
  readonly record: WriteRecord;
  /** Its first step that is another one. */
  readonly from: number;
  /** Which crash point of the record a crash point of this one is: before the step of that number. */
  original(step: number): number;
}

/** Without some of its steps. */
export function withoutSteps(record: WriteRecord, gone: readonly number[]): Altered {
  const left = record.steps.flatMap((_, index) => (gone.includes(index) ? [] : [index]));
  return {
    record: { ...record, steps: left.flatMap((index) => record.steps[index] ?? []) },
    from: Math.min(...gone),
    original: (step) => left[step] ?? record.steps.length,
  };
}

/** A sync that is put in: behind which step, and of what. */
export interface AddedSync {
  readonly after: number;
  readonly path: string;
  readonly of: 'file' | 'folder';
}

/** With more syncs, each just behind its step: before an answer that went out then. */
export function withSyncs(record: WriteRecord, syncs: readonly AddedSync[]): WriteRecord {
  const steps = record.steps.flatMap((step, index) => [
    step,
    ...syncs.filter(({ after }) => after === index).map((one) => syncStep(record, one)),
  ]);
  return { ...record, steps };
}

function syncStep({ steps }: WriteRecord, { after, path: file, of }: AddedSync): Step {
  const step = steps[after];
  if (step === undefined) throw new Error(`there is no step ${after} to sync behind`);
  const effects = of === 'file' ? step.effects.filter((effect) => effect.kind === 'inode') : [];
  return { kind: 'step', op: 'sync', syscall: 'fsync', path: file, t: step.t, effects };
}

/** With the answer of a turn just before a step, or, with as many as there are, behind all of them. */
export function withAnswerBefore(record: WriteRecord, turn: Turn, step: number): WriteRecord {
  const last = record.steps[step - 1]?.t;
  const next = record.steps[step]?.t;
  const t = last ?? (next === undefined ? turn.t : next - 1);
  return { ...record, turns: record.turns.map((one) => (one === turn ? { ...turn, t } : one)) };
}

/** The step just before which a turn's answer went out; as many as there are steps: behind all of them. */
export function answeredBefore({ steps }: WriteRecord, { t }: Turn): number {
  const index = steps.findIndex((step) => step.t > t);
  return index === -1 ? steps.length : index;
}

/**
 * With what a rename puts in place written in place: the file that it replaces is emptied where the temp was made, and gets its bytes. Undefined: the step
 * is no rename of a file that the record made.
 */
export function writtenInPlace(record: WriteRecord, index: number): Altered | undefined {
  const { steps } = record;
  const rename = steps[index];
  if (rename?.op !== 'rename' || rename.to === undefined) return undefined;
  const { path: temp, to } = rename;
  const made = steps.findLastIndex((step, at) => at < index && step.op === 'create' && step.path === temp);
  const ino = made === -1 ? undefined : inodeNamed(steps[made]?.effects ?? [], temp);
  if (ino === undefined) return undefined;
  const old = inodeAt(record, made, to);
  const fresh = 1 + largestInode(record);
  const inPlace = old ?? ino;
  // The number of the file that was replaced may come again, for another one.
  const numbers = (at: number) => (one: number) => (one === ino ? inPlace : at > index && one === old ? fresh : one);
  const altered = steps.flatMap((step, at): Step[] => {
    if (at < made) return [step];
    if (at === index) return [];
    const renumbered = withNumbers(step, numbers(at));
    if (at === made) return [begun(renumbered, to, old)];
    return [step.path === temp ? { ...renumbered, path: to } : renumbered];
  });
  return {
    record: { ...record, steps: altered },
    from: made,
    original: (step) => (step < index ? step : step + 1),
  };
}

/** How a file that is written in place begins: it is emptied, or made under its own name. */
function begun(step: Step, to: string, old: number | undefined): Step {
  if (old !== undefined) {
    const effects = step.effects.filter((effect) => effect.kind === 'inode');
    return { ...step, op: 'truncate', path: to, effects };
  }
  const effects = step.effects.map((effect) => (effect.kind === 'name' ? { ...effect, path: to } : effect));
  return { ...step, path: to, effects };
}

const withNumbers = (step: Step, number: (ino: number) => number): Step => ({
  ...step,
  effects: step.effects.map(
    (effect): Effect => (effect.ino === null ? effect : ({ ...effect, ino: number(effect.ino) } as Effect)),
  ),
});

function inodeNamed(effects: readonly Effect[], file: string): number | undefined {
  const named = effects.findLast((effect) => effect.kind === 'name' && effect.path === file);
  return named?.kind === 'name' && named.ino !== null ? named.ino : undefined;
}

/** What a name stood for just before a step. */
function inodeAt({ base, steps }: WriteRecord, before: number, file: string): number | undefined {
  const effects = [...base, ...steps.slice(0, before).flatMap((step) => step.effects)];
  const last = effects.findLast((effect) => effect.kind === 'name' && effect.path === file);
  return last?.kind === 'name' && last.ino !== null ? last.ino : undefined;
}

function largestInode({ base, steps }: WriteRecord): number {
  let largest = 0;
  for (const effect of base) largest = Math.max(largest, effect.ino ?? 0);
  for (const step of steps) for (const effect of step.effects) largest = Math.max(largest, effect.ino ?? 0);
  return largest;
}
