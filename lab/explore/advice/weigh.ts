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
  /** How many power losses were tried. */
  readonly tried: number;
  /** It was not looked at as a whole. */
  readonly isSample: boolean;
  findings(): Finding[];
}

/** Of a long record there are hundreds of altered ones. Each is looked at where it differs: at so many crash points, with so many power losses in all. */
const OF_ALTERED = { crashPoints: 32, powerLosses: 1_000 } as const;
const AT_ONE_CRASH_POINT = 50_000;

/** Weighs a record, and records that were made from it: what a whole store is, the original says. */
export class Scales {
  readonly #original: WriteRecord;
  readonly #promises: Promises;
  readonly #versions: ReadonlySet<string>;
  readonly #brokenAt = new Map<number, ReadonlySet<string>>();

  constructor(original: WriteRecord, promises: Promises) {
    this.#original = original;
    this.#promises = promises;
    this.#versions = wholeVersions(original, promises.store.path);
  }

  /** @param points the crash points at which it differs from the original; of too many some are looked at, the first and the last among them */
  weighAltered(record: WriteRecord, points: readonly number[], models: readonly Model[] = MODELS): Weighed {
    const crashPoints = new Set(spread(points, OF_ALTERED.crashPoints));
    const sample = { ...record, crashPoints, triedAtMost: OF_ALTERED.powerLosses };
    const weighed = this.weigh(sample, models);
    return { ...weighed, isSample: crashPoints.size < points.length || weighed.tried >= OF_ALTERED.powerLosses };
  }

  /** What is broken at one crash point of the original, with all power losses there that are not drawn. */
  brokenAt(step: number): ReadonlySet<string> {
    const known = this.#brokenAt.get(step);
    if (known !== undefined) return known;
    const one = { ...this.#original, crashPoints: new Set([step]), triedAtMost: AT_ONE_CRASH_POINT };
    const broken = this.weigh(one).broken[step] ?? new Set();
    this.#brokenAt.set(step, broken);
    return broken;
  }

  weigh(record: WriteRecord, models: readonly Model[] = MODELS): Weighed {
    const { reduced, violations } = judgeStates(record, { promises: this.#promises }, { models }, this.#versions);
    const broken = mapOf(record, models, reduced, violations).map((row) => new Set(brokenIn(row)));
    return {
      record,
      violations,
      broken,
      tried: reduced.crashPoints['power-loss'],
      isSample: false,
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
 * @param brokenAt what is broken there without the alteration, for sure: what was weighed before may be a sample. Absent: it is not
 */
export function newBreaks(
  before: Weighed,
  after: Weighed,
  original: (step: number) => number,
  brokenAt: (step: number) => ReadonlySet<string> = () => new Set(),
): NewBreak[] {
  const news = new Map<string, number>();
  for (const [step, broken] of after.broken.entries()) {
    const at = original(step);
    for (const what of broken)
      if (before.broken[at]?.has(what) !== true && !news.has(what) && !brokenAt(at).has(what)) news.set(what, at);
  }
  if (news.size === 0) return [];
  const found = after.findings();
  return [...news].flatMap(([what, at]) => {
    const finding = found.find((one) => breakOf(one.check, one.model) === what);
    return finding === undefined ? [] : [{ what, at, finding }];
  });
}

/** At most so many, evenly, from the first to the last. */
function spread(some: readonly number[], atMost: number): readonly number[] {
  if (some.length <= atMost) return some;
  return Array.from(
    { length: atMost },
    (_, index) => some[Math.round((index * (some.length - 1)) / (atMost - 1))] ?? 0,
  );
}
