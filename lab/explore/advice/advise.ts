import { several } from '../../plain.ts';
import type { Promises } from '../../system.ts';
import { MODELS } from '../crash-state.ts';
import { type FolderImage, inodeAt } from '../folder-image.ts';
import { imagesOf } from '../judged.ts';
import { type Step, type Turn, turnsAt, type WriteRecord } from '../record.ts';
import { Replay } from '../replay.ts';
import type { Advice, AdvisedAnswer, AdvisedStep, Breaks } from './advice.ts';
import { PendingChanges } from './affected.ts';
import { type Altered, answeredBefore, withAnswerBefore, withoutSteps, writtenInPlace } from './altered-record.ts';
import { missingSyncs } from './missing-syncs.ts';
import { type NewBreak, newBreaks, Scales, type Weighed } from './weigh.ts';

/** A state that shows what a step is needed for. */
export interface AdvisedState {
  readonly digest: string;
  readonly image: FolderImage;
  readonly acknowledged: readonly Turn[];
  readonly cause: string;
}

export interface AdviseOptions {
  /** Nothing more is weighed from then on. */
  isOver(): boolean;
  /** Keeps a state. @returns where */
  keep(state: AdvisedState): Promise<string>;
}

/**
 * What a recorded write needs: each sync, rename and answer is taken away, or made earlier, in the record, and the states that a crash would leave then are
 * judged without a boot. Nothing runs. Of a system that is asked what it holds, a state says nothing without a run.
 */
export async function advise(
  record: WriteRecord,
  promises: Promises,
  { isOver, keep }: AdviseOptions,
): Promise<Advice> {
  const began = performance.now();
  const nothing = notAdvised(promises);
  if (nothing !== undefined) return nothing;
  const advice = await new Adviser(record, promises, isOver, keep).all();
  return { ...advice, tookMs: Math.round(performance.now() - began) };
}

/** What is said where there is nothing to weigh; undefined: there is. */
export function notAdvised({ answers }: Promises): Advice | undefined {
  if (answers === undefined) return undefined;
  const reasons = ['the system is asked what it holds: a state says nothing before it runs on it'];
  return { steps: [], answers: [], missing: [], together: [], beyond: [], reasons, tookMs: 0 };
}

const NO_TIME = 'there was no time left to weigh it';
const BY_SAMPLE = 'at some of the crash points where that shows, not at all of them';

class Adviser {
  readonly #record: WriteRecord;
  readonly #scales: Scales;
  readonly #isOver: AdviseOptions['isOver'];
  readonly #keep: AdviseOptions['keep'];
  readonly #kept = new Map<string, string>();
  #redundantBySample = 0;

  constructor(record: WriteRecord, promises: Promises, isOver: AdviseOptions['isOver'], keep: AdviseOptions['keep']) {
    this.#record = record;
    this.#scales = new Scales(record, promises);
    this.#isOver = isOver;
    this.#keep = keep;
  }

  async all(): Promise<Advice> {
    const base = this.#scales.weigh(this.#record);
    const pending = new PendingChanges(this.#record);
    const steps: AdvisedStep[] = [];
    const replay = new Replay(this.#record);
    for (const [index, step] of this.#record.steps.entries()) {
      if (step.op === 'sync') steps.push(await this.#sync(base, pending, step, index, isFolder(replay, step)));
      if (step.op === 'rename') steps.push(await this.#rename(base, step, index));
      replay.step();
    }
    const answers: AdvisedAnswer[] = [];
    for (const turn of this.#record.turns) if (turn.acknowledged) answers.push(await this.#answer(base, turn));
    const { missing, beyond } = missingSyncs(base, this.#scales, this.#isOver);
    const left = [...steps, ...answers].filter(({ why }) => why === NO_TIME).length;
    const sampled = this.#redundantBySample;
    const reasons = [
      ...(left === 0 ? [] : [`for ${left} of its calls and answers ${NO_TIME}`]),
      ...(sampled === 0 ? [] : [`${several(sampled, 'call')} called redundant: tried ${BY_SAMPLE}`]),
    ];
    return { steps, answers, missing, together: this.#together(base, pending, steps), beyond, reasons, tookMs: 0 };
  }

  /** The redundant syncs that can go together: the one that took longest goes first, then each that is redundant still. */
  #together(base: Weighed, pending: PendingChanges, steps: readonly AdvisedStep[]): number[] {
    const redundant = steps.filter(({ advice, kind }) => advice === 'redundant' && kind !== 'rename');
    let gone: number[] = [];
    for (const { call } of redundant.toSorted((a, b) => (b.tookMs ?? 0) - (a.tookMs ?? 0))) {
      if (this.#isOver()) break;
      const without = withoutSteps(
        this.#record,
        [...gone, call].map((one) => one - 1),
      );
      const weighed = this.#weighed(without, pending);
      if (weighed === undefined || this.#newBreaks(base, weighed, without).length === 0) gone = [...gone, call];
    }
    return gone.toSorted((a, b) => a - b);
  }

  async #sync(
    base: Weighed,
    pending: PendingChanges,
    step: Step,
    index: number,
    isOfFolder: boolean,
  ): Promise<AdvisedStep> {
    const told = { ...nameOf(step, index), kind: isOfFolder ? 'folder sync' : 'file sync' } as const;
    if (this.#isOver()) return { ...told, advice: 'unknown', breaks: [], why: NO_TIME };
    const without = withoutSteps(this.#record, [index]);
    return { ...told, ...(await this.#verdict(base, this.#weighed(without, pending), without)) };
  }

  /**
   * A record without some of its syncs, where it has more to lose: a sync does nothing to a process that dies alone, since the kernel lives on.
   * Undefined: there is no such crash point.
   */
  #weighed(without: Altered, pending: PendingChanges): Weighed | undefined {
    const points = pending.pointsOf(without);
    return points.length === 0 ? undefined : this.#scales.weighAltered(without.record, points, ['power-loss']);
  }

  async #rename(base: Weighed, step: Step, index: number): Promise<AdvisedStep> {
    const told = { ...nameOf(step, index), kind: 'rename' } as const;
    if (this.#isOver()) return { ...told, advice: 'unknown', breaks: [], why: NO_TIME };
    const altered = writtenInPlace(this.#record, index);
    if (altered === undefined)
      return { ...told, advice: 'unknown', breaks: [], why: 'it moves what was there before the record, or a folder' };
    const { steps } = altered.record;
    const points = Array.from({ length: steps.length + 1 - altered.from }, (_, behind) => altered.from + behind);
    return { ...told, ...(await this.#verdict(base, this.#scales.weighAltered(altered.record, points), altered)) };
  }

  async #verdict(
    base: Weighed,
    after: Weighed | undefined,
    altered: Altered,
  ): Promise<Pick<AdvisedStep, 'advice' | 'breaks'>> {
    const news = after === undefined ? [] : this.#newBreaks(base, after, altered);
    if (after === undefined || news.length === 0) {
      if (after?.isSample === true) this.#redundantBySample += 1;
      return { advice: 'redundant', breaks: [] };
    }
    return { advice: 'needed', breaks: await this.#told(after, news) };
  }

  #newBreaks(base: Weighed, after: Weighed, { original }: Pick<Altered, 'original'>): NewBreak[] {
    return newBreaks(base, after, original, (step) => this.#scales.brokenAt(step));
  }

  /** Where an answer could go out, call by call from where it does. */
  async #answer(base: Weighed, turn: Turn): Promise<AdvisedAnswer> {
    const record = this.#record;
    const at = answeredBefore(record, turn);
    const told = { turn: turn.name, call: at + 1 };
    const weigh = (step: number) => this.#scales.weigh(withAnswerBefore(record, turn, step));
    const same = (step: number) => step;
    const unknown: AdvisedAnswer = { ...told, advice: 'unknown', breaks: [], why: NO_TIME };
    const early = base.violations.filter((one) => one.check === 'acked-durable');
    if (early.length > 0) {
      for (let step = at + 1; step <= record.steps.length; step += 1) {
        if (this.#isOver()) return unknown;
        const later = weigh(step);
        if (later.violations.some((one) => one.check === 'acked-durable')) continue;
        const breaks = await this.#told(base, breaksOf(base, 'acked-durable'));
        return { ...told, advice: 'too early', earliest: step + 1, breaks, savesMs: this.#between(turn, step) };
      }
      return { ...told, advice: 'unknown', breaks: [], why: 'what it promises is not kept behind any call' };
    }
    for (let step = at - 1; step >= 0; step -= 1) {
      if (this.#isOver()) return unknown;
      // Behind this crash point it was weighed already, one call after the other.
      const sooner = this.#scales.weighAltered(withAnswerBefore(record, turn, step), [step]);
      const news = this.#newBreaks(base, sooner, { original: same });
      if (news.length === 0) continue;
      const earliest = step + 1;
      const advice = earliest === at ? 'needed' : 'could be earlier';
      const savesMs = this.#between(turn, earliest);
      return { ...told, advice, earliest: earliest + 1, breaks: await this.#told(sooner, news), savesMs };
    }
    return {
      ...told,
      advice: at === 0 ? 'needed' : 'could be earlier',
      earliest: 1,
      breaks: [],
      savesMs: this.#between(turn, 0),
    };
  }

  /** How much earlier an answer would be just before a step, in ms. */
  #between(turn: Turn, step: number): number {
    const t = this.#record.steps[step - 1]?.t;
    return t === undefined ? 0 : turn.t - t;
  }

  async #told(weighed: Weighed, news: readonly NewBreak[]): Promise<Breaks[]> {
    const told: Breaks[] = [];
    for (const { at, finding } of news) {
      const { check, model, promised, cause, detail } = finding;
      told.push({ check, model, promised, call: at + 1, cause, detail, kept: await this.#keepState(weighed, finding) });
    }
    return told;
  }

  async #keepState({ record }: Weighed, { digest, cause, step }: NewBreak['finding']): Promise<string> {
    const known = this.#kept.get(digest);
    if (known !== undefined) return known;
    const image = imagesOf(record, MODELS, new Set([digest])).get(digest);
    if (image === undefined) throw new Error('what a step is needed for is no state of the record without it');
    const kept = await this.#keep({ digest, image, acknowledged: turnsAt(record, step), cause });
    this.#kept.set(digest, kept);
    return kept;
  }
}

/** The breaks of a record itself. */
function breaksOf(weighed: Weighed, check: string): NewBreak[] {
  return weighed
    .findings()
    .filter((one) => one.check === check)
    .map((finding) => ({ what: check, at: finding.step, finding }));
}

function nameOf(step: Step, index: number): Pick<AdvisedStep, 'call' | 'op' | 'path' | 'to' | 'tookMs'> {
  const { op, path, to, t, event } = step;
  return {
    call: index + 1,
    op: step.op === 'sync' ? step.syscall : op,
    path,
    ...(to !== undefined && { to }),
    ...(event !== undefined && { tookMs: Math.max(0, t - event.t) }),
  };
}

/** @param replay just before the step */
const isFolder = ({ root, image }: Replay, { path, syscall }: Step): boolean =>
  path === root || syscall === 'syncfs' || inodeAt(image, path)?.type === 'directory';
