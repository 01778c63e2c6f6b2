import type { Violation } from '../finding.ts';
import type { WriteRecord } from '../record.ts';
import type { MissingSync } from './advice.ts';
import { type AddedSync, withSyncs } from './altered-record.ts';
import { newBreaks, type Scales, type Weighed } from './weigh.ts';

/** A sync that is put in may show that another one is missing too: so many times it is looked again. */
const MOST_ROUNDS = 12;

/**
 * The syncs that a record lacks: behind each call whose loss breaks a promise one is put in, until no power loss breaks any; then each is taken away again,
 * and what breaks then is what it saves. One that saves nothing is not told.
 */
export function missingSyncs(
  base: Weighed,
  scales: Scales,
  isOver: () => boolean,
): { missing: MissingSync[]; beyond: string[] } {
  const { record } = base;
  let added: AddedSync[] = [];
  let weighed = scales.weigh(record, ['power-loss']);
  for (let round = 0; weighed.violations.length > 0 && round < MOST_ROUNDS && !isOver(); round += 1) {
    const more = syncsFor(record, weighed, added).filter((one) => !added.some((known) => isSame(known, one)));
    if (more.length === 0) break;
    added = [...added, ...more];
    weighed = scales.weigh(withSyncs(record, added), ['power-loss']);
  }
  const beyond = weighed.findings().map(({ check, cause, detail }) => `${check}: ${cause}: ${detail}`);
  const missing: MissingSync[] = [];
  for (const one of added) {
    if (isOver()) break;
    const others = added.filter((other) => other !== one);
    const without = scales.weigh(withSyncs(record, others), ['power-loss']);
    const back = originalOf(record, others);
    const news = newBreaks(atRecord(weighed, originalOf(record, added), record), without, back);
    if (news.length === 0) {
      added = others;
      weighed = without;
    } else missing.push(told(record, one, news));
  }
  return { missing, beyond };
}

const isSame = (a: AddedSync, b: AddedSync): boolean => a.after === b.after && a.path === b.path;

function told(record: WriteRecord, { after, of, path }: AddedSync, news: ReturnType<typeof newBreaks>): MissingSync {
  const later = record.steps.findIndex((step, at) => at > after && step.op === 'sync' && step.path === path);
  return {
    after: after + 1,
    of,
    path,
    ...(later !== -1 && { later: later + 1 }),
    saves: news.map(({ at, finding: { check, model, promised, cause, detail } }) => ({
      check,
      model,
      promised,
      call: at + 1,
      cause,
      detail,
    })),
  };
}

/** A sync behind each call whose loss is enough to break a promise, in the record's own steps. */
function syncsFor(record: WriteRecord, weighed: Weighed, added: readonly AddedSync[]): AddedSync[] {
  const back = originalOf(record, added);
  const found = weighed.findings();
  const shown = weighed.violations.filter(({ check, digest }) =>
    found.some((one) => one.check === check && one.digest === digest),
  );
  const syncs = shown.flatMap((violation) => ofLosses(weighed.record, violation));
  const own = syncs.map((one) => ({ ...one, after: back(one.after) }));
  return own.filter((one, index) => own.findIndex((other) => isSame(other, one)) === index);
}

function ofLosses({ steps }: WriteRecord, { origin }: Violation): AddedSync[] {
  if (origin.model !== 'power-loss') return [];
  return origin.losses.flatMap((loss): AddedSync[] => {
    if (loss.kind === 'data') return [{ after: loss.step, path: steps[loss.step]?.path ?? '', of: 'file' }];
    const { change } = loss;
    return change.folders.map((path): AddedSync => ({ after: change.step, path, of: 'folder' }));
  });
}

/** Which step of a record one of the record with more syncs is; of a sync that was put in, the one that it stands behind. */
function originalOf(record: WriteRecord, added: readonly AddedSync[]): (step: number) => number {
  const numbers = record.steps.flatMap((_, index) => [
    index,
    ...added.filter(({ after }) => after === index).map(() => index),
  ]);
  return (step) => numbers[step] ?? record.steps.length;
}

/** What is broken at the crash points of the record itself. */
function atRecord(weighed: Weighed, original: (step: number) => number, { steps }: WriteRecord): Weighed {
  const broken = Array.from({ length: steps.length + 1 }, () => new Set<string>());
  for (const [step, names] of weighed.broken.entries()) for (const name of names) broken[original(step)]?.add(name);
  return { ...weighed, broken };
}
