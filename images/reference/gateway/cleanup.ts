import { isKind, KINDS } from './config.ts';
import { HttpError, isObject } from './json-request.ts';
import type { Kind, Prune, Retirement, State, Summary } from './state.ts';

/** What the retention is asked to do, by the command line or over HTTP. */
export interface CleanupRequest {
  readonly dryRun: boolean;
  readonly prune?: Prune;
}

interface Count {
  readonly total: number;
  readonly byKind: Readonly<Partial<Record<Kind, number>>>;
}

/** What `sessions cleanup` and `sessions prune` print with --json. */
export interface CleanupReport {
  readonly dryRun: boolean;
  readonly before: Count;
  readonly after: Count;
  readonly retired: readonly Pick<Retirement, 'key' | 'kind' | 'reason' | 'fate' | 'updatedAt'>[];
  readonly byKind: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Retires what is due, or only says what would go. Rejects where it could not. */
export async function cleanUp(
  state: Pick<State, 'list' | 'due' | 'maintain'>,
  { dryRun, prune }: CleanupRequest,
  nowMs: number,
): Promise<{ report: CleanupReport; retired: readonly Retirement[] }> {
  const before = state.list();
  const due = state.due(nowMs, prune);
  const retired = dryRun ? due : await state.maintain(nowMs, prune);
  if (retired.length === 0 && hasAny(due, state.due(nowMs, prune))) {
    throw new Error('nothing was retired, though something is due: the fold failed; the log has the reason');
  }
  const gone = new Set(retired.map(({ sessionId }) => sessionId));
  const report = {
    dryRun,
    before: countRows(before),
    after: countRows(dryRun ? before.filter(({ sessionId }) => !gone.has(sessionId)) : state.list()),
    retired: retired.map(({ key, kind, reason, fate, updatedAt }) => ({ key, kind, reason, fate, updatedAt })),
    byKind: countReasons(retired),
  };
  return { report, retired: dryRun ? [] : retired };
}

/** Turns go on meanwhile: what has become due since is no failure. */
function hasAny(due: readonly Retirement[], dueNow: readonly Retirement[]): boolean {
  const now = new Set(dueNow.map(({ sessionId }) => sessionId));
  return due.some(({ sessionId }) => now.has(sessionId));
}

export function countRows(rows: readonly Summary[]): Count {
  const byKind: Partial<Record<Kind, number>> = {};
  for (const { kind } of rows) byKind[kind] = (byKind[kind] ?? 0) + 1;
  return { total: rows.length, byKind };
}

function countReasons(retired: readonly Retirement[]): CleanupReport['byKind'] {
  const byKind: Record<string, Record<string, number>> = {};
  for (const { kind, reason } of retired) {
    byKind[kind] ??= {};
    byKind[kind][reason] = (byKind[kind][reason] ?? 0) + 1;
  }
  return byKind;
}

/** Validates the body of a request; `stateDir`, where it is there, must be the folder that this gateway holds. */
export function parseCleanupRequest(body: unknown, stateDir: string): CleanupRequest {
  if (!isObject(body) || typeof body.dryRun !== 'boolean') throw new HttpError(400, '"dryRun" must be true or false');
  refuseOthers(body, ['dryRun', 'prune', 'stateDir']);
  if (body.stateDir !== undefined && body.stateDir !== stateDir) {
    throw new HttpError(409, `this gateway's folder is ${stateDir}, and not ${JSON.stringify(body.stateDir)}`);
  }
  if (body.prune === undefined) return { dryRun: body.dryRun };
  return { dryRun: body.dryRun, prune: parsePrune(body.prune) };
}

function parsePrune(prune: unknown): Prune {
  if (!isObject(prune)) throw new HttpError(400, '"prune" must be an object');
  refuseOthers(prune, ['olderThanMs', 'kinds']);
  const { olderThanMs, kinds } = prune;
  if (typeof olderThanMs !== 'number' || !Number.isSafeInteger(olderThanMs) || olderThanMs < 0) {
    throw new HttpError(400, '"olderThanMs" must be a whole number, 0 or more');
  }
  if (kinds === undefined) return { olderThanMs };
  if (!Array.isArray(kinds) || !kinds.every(isKind)) {
    throw new HttpError(400, `"kinds" must be a list of: ${KINDS.join(', ')}`);
  }
  return { olderThanMs, kinds };
}

/** A key with a typing mistake must not widen what is deleted. */
function refuseOthers(object: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new HttpError(400, `unknown key "${unknown}"; there are: ${known.join(', ')}`);
}
