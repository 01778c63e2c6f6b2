import type { Defect } from './defects.ts';
import { KINDS, type Kind } from './rows.ts';
import type { Summary } from './sessions.ts';

export interface KindRetention {
  /** A session that was not updated for longer than this goes; null: age is no reason. */
  readonly maxAgeMs: number | null;
  /** So many of the kind, the most recently updated ones, never go by age or cap. */
  readonly protectNewest: number;
}

export interface Retention {
  /** How many durable sessions there may be: every kind but model-run. */
  readonly maxEntries: number;
  readonly kinds: Readonly<Record<Kind, KindRetention>>;
}

/** An order of somebody to retire also what was not updated for so long: he has seen what goes, and nothing is protected from it. */
export interface Prune {
  readonly olderThanMs: number;
  /** Default: all. */
  readonly kinds?: readonly Kind[];
}

export type RetireReason = 'expired' | 'over-cap' | 'pruned';

export interface Retirement {
  readonly key: string;
  readonly sessionId: string;
  readonly kind: Kind;
  readonly updatedAt: number;
  readonly reason: RetireReason;
  /** A probe is deleted with its transcript; of anything else the row is archived and the transcript stays. */
  readonly fate: 'archived' | 'deleted';
}

export interface RetentionRules {
  readonly retention: Retention;
  readonly defects: ReadonlySet<Defect>;
}

/** What is to go now. */
export function retire(
  sessions: readonly Summary[],
  { retention, defects }: RetentionRules,
  nowMs: number,
  prune?: Prune,
): Retirement[] {
  const safe = protectedOnes(sessions, retention);
  const reasons = new Map<Summary, RetireReason>();
  for (const session of sessions) {
    if (!safe.has(session) && hasExpired(session)) reasons.set(session, 'expired');
    else if (isPruned(session)) reasons.set(session, 'pruned');
    else if (defects.has('model-run-expiry-takes-durable-rows') && isOlderThan(session, modelRunMaxAgeMs()))
      reasons.set(session, 'expired');
  }
  const durable = oldestFirst(sessions.filter((session) => isDurable(session) && !reasons.has(session)));
  const excess = defects.has('unbounded-store') ? 0 : Math.max(0, durable.length - retention.maxEntries);
  for (const session of durable.filter((one) => !safe.has(one)).slice(0, excess)) reasons.set(session, 'over-cap');
  return Array.from(reasons, ([{ key, sessionId, kind, updatedAt }, reason]) => {
    return { key, sessionId, kind, updatedAt, reason, fate: kind === 'model-run' ? 'deleted' : 'archived' };
  });

  function hasExpired(session: Summary): boolean {
    if (session.kind === 'model-run') return isOlderThan(session, modelRunMaxAgeMs());
    return isOlderThan(session, retention.kinds[session.kind].maxAgeMs);
  }

  function modelRunMaxAgeMs(): number | null {
    return defects.has('model-run-never-expires') ? null : retention.kinds['model-run'].maxAgeMs;
  }

  function isOlderThan({ updatedAt }: Summary, limitMs: number | null): boolean {
    return limitMs !== null && nowMs - updatedAt > limitMs;
  }

  function isPruned({ kind, updatedAt }: Summary): boolean {
    if (prune === undefined || (prune.kinds && !prune.kinds.includes(kind))) return false;
    return nowMs - updatedAt >= prune.olderThanMs;
  }
}

/** By how many the durable sessions exceed the cap. */
export function excessOver(sessions: readonly Summary[], { maxEntries }: Retention): number {
  return Math.max(0, sessions.filter(isDurable).length - maxEntries);
}

function isDurable({ kind }: Summary): boolean {
  return kind !== 'model-run';
}

function protectedOnes(sessions: readonly Summary[], { kinds }: Retention): ReadonlySet<Summary> {
  return new Set(
    KINDS.flatMap((kind) => {
      const newestFirst = oldestFirst(sessions.filter((session) => session.kind === kind)).reverse();
      return newestFirst.slice(0, kinds[kind].protectNewest);
    }),
  );
}

function oldestFirst(sessions: readonly Summary[]): Summary[] {
  return sessions.toSorted((a, b) => a.updatedAt - b.updatedAt);
}
