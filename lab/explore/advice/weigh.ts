import type { Promises } from '../../system.ts';
import { isPromised, MODELS, type Model } from '../crash-state.ts';
import { type Finding, findings, type Violation } from '../finding.ts';
import { wholeVersions } from '../judge-state.ts';
import { judgeStates } from '../judged.ts';
import type { WriteRecord } from '../record.ts';
import { breakOf, brokenIn, mapOf } from '../write-map.ts';

/** What a record comes to without a boot: which promises are broken at which crash points. */
export interface Weighed {
  readonly record: WriteRecord;
  readonly violations: readonly Violation[];
  /** By the step that a crash point is before or in: `CHECK (MODEL)`. */
  readonly broken: readonly ReadonlySet<string>[];
  findings(): Finding[];
}

/** Weighs a record, and records that were made from it: what a whole store is, the original says. */
export class Scales {
  readonly #promises: Promises;
  readonly #versions: ReadonlySet<string>;

  constructor(original: WriteRecord, promises: Promises) {
    this.#promises = promises;
    this.#versions = wholeVersions(original, promises.store.path);
  }

  weigh(record: WriteRecord, models: readonly Model[] = MODELS): Weighed {
    const { reduced, violations } = judgeStates(record, { promises: this.#promises }, { models }, this.#versions);
    const broken = mapOf(record, models, reduced, violations).map((row) => new Set(brokenIn(row)));
    return {
      record,
      violations,
      broken,
      findings: () => findings(record, violations, (model) => isPromised(this.#promises, model)),
    };
  }
}

/** Something that is broken in a record that was altered, and was not before. */
export interface NewBreak {
  readonly what: string;
  /** The crash point of the record, from 0. */
  readonly at: number;
  readonly finding: Finding;
}

/**
 * What an alteration breaks: a promise at a crash point where it is kept without the alteration. The finding is the one with the fewest losses.
 * @param original which crash point of the record one of the altered record is
 */
export function newBreaks(before: Weighed, after: Weighed, original: (step: number) => number): NewBreak[] {
  const news = new Map<string, number>();
  for (const [step, broken] of after.broken.entries()) {
    const at = original(step);
    for (const what of broken) if (before.broken[at]?.has(what) !== true && !news.has(what)) news.set(what, at);
  }
  if (news.size === 0) return [];
  const found = after.findings();
  return [...news].flatMap(([what, at]) => {
    const finding = found.find((one) => breakOf(one.check, one.model) === what);
    return finding === undefined ? [] : [{ what, at, finding }];
  });
}
