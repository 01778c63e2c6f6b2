import type { BehaviourCounts } from './boot-plan.ts';
import type { Model } from './crash-state.ts';
import type { Finding } from './finding.ts';
import type { Power } from './power.ts';

/** The version of exploration.json. */
export const EXPLORATION_SCHEMA_VERSION = 5;

export type MapVerdict = 'held' | 'violated' | 'inconclusive';

/** One crash point of the map: just before a call, and inside it where it writes. */
export interface MapRow {
  /** From 1; one more than there are calls: behind all of them. */
  call: number;
  op: string;
  path: string;
  to?: string;
  bytes?: number;
  /** The turns that were acknowledged between the call before and this one. */
  acknowledged: string[];
  verdicts: { model: Model; states: number; verdict: MapVerdict; violated: string[] }[];
}

/** What an exploration came to: exploration.json. */
export interface Exploration {
  schemaVersion: typeof EXPLORATION_SCHEMA_VERSION;
  system: string;
  version: string;
  workload: string;
  /** Its files, without a boot and after it; or what a system from outside answers when it runs on a state. */
  judgedBy: 'files' | 'answers';
  /** `ofTried`: what it is without what was left out for want of time, or by a bound that was asked for. */
  outcome: { verdict: MapVerdict; ofTried: MapVerdict; reasons: string[] };
  models: { model: Model; assumes: string; crashPoints: number }[];
  /** What nobody booted itself: nothing; states for which others stand, and all have one; or states that a bound left out. */
  complete: 'every-state' | 'by-representatives' | 'no';
  /**
   * All distinct states are judged without a boot. So many of them were booted, aged or fresh or both; so many differ from a booted one only in what no boot
   * opened (alike.ts); the representatives of their group stand for so many (behaviour.ts); so many were left out by a bound.
   */
  states: { distinct: number; booted: number; represented: number; stoodFor: number; leftOut: number };
  /** Groups of states that are alike at one age (groups.ts). With every state booted there are none. */
  groups: BehaviourCounts;
  /** What the system wrote when it was booted on them, one level deep: its own crash points, and the distinct states that they leave. */
  recoveries: {
    recorded: number;
    /** Of those, the ones that do what an earlier one does: their states are not judged again. */
    equal: number;
    crashPoints: number;
    states: number;
    booted: number;
    represented: number;
    stoodFor: number;
    boundLeftOut: number;
    groups: BehaviourCounts;
  };
  /** Boots of states and of states of recoveries, each at one age. */
  boots: number;
  /** Files whose bytes are no part of what a crash leaves (shared-memory.ts), `*` where a name changes. */
  sharedMemory: string[];
  /** Power losses that the bound leaves out, as a number in digits. */
  leftOutByBound: string;
  /** Of those, so many were drawn by the seed; `groups`: of how many sets of fates, by role, one was tried or drawn; numbers in digits. */
  powerLosses: {
    seed: number;
    drawn: number;
    groups: { all: string; seen: number };
    /** Files that are replaced by temp, sync, rename and a sync of the folder, by their roles, and how often: safe as a whole, and not combined. */
    protocols: { file: string; times: number }[];
  };
  /** What power failures really left on a machine whose disk's writes were written down (`--power block-log`). */
  power?: Power;
  /** `seen`: whether a power failure really left it, on what; where that was looked at. */
  findings: (Finding & { kept: string; reproduce: string; seen?: string })[];
  map: MapRow[];
  confirmed: { at: string; agrees: boolean; differences: string[] }[];
  tookMs: { record: number; judge: number; boot: number; whole: number };
}
