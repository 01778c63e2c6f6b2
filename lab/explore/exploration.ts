import type { Model } from './crash-state.ts';
import type { Finding } from './finding.ts';

/** The version of exploration.json. */
export const EXPLORATION_SCHEMA_VERSION = 4;

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
  /** All distinct states are judged without a boot; so many of them were booted, aged and fresh, and for so many another one stands (alike.ts). */
  states: { distinct: number; booted: number; represented: number; leftOut: number };
  /** States that are alike (groups.ts), and of how many such groups one was booted or is represented. */
  groups: { all: number; seen: number };
  /** What the system wrote when it was booted on them, one level deep: its own crash points, the distinct states that they leave; of those the booted, those that another one stands for, those that a bound left out. */
  recoveries: {
    recorded: number;
    crashPoints: number;
    states: number;
    booted: number;
    represented: number;
    boundLeftOut: number;
  };
  /** Boots of states and of states of recoveries, each at one age. */
  boots: number;
  /** Files whose bytes are no part of what a crash leaves (shared-memory.ts), `*` where a name changes. */
  sharedMemory: string[];
  /** Power losses that the bound leaves out, as a number in digits. */
  leftOutByBound: string;
  findings: (Finding & { kept: string; reproduce: string })[];
  map: MapRow[];
  confirmed: { at: string; agrees: boolean; differences: string[] }[];
  tookMs: { record: number; judge: number; boot: number; whole: number };
}
