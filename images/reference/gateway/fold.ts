import type { Journals } from './journals.ts';
import type { StoreParts } from './recovery.ts';
import type { Retirement, RetireReason } from './retention.ts';
import type { Row } from './rows.ts';
import type { Store } from './store-file.ts';
import type { Addition } from './transcripts.ts';

/** What one fold does: a picture of the sessions between two turns. */
export interface FoldPlan {
  /** The store as it was written last. */
  readonly before: Store;
  /** All rows, also those that go. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly additions: readonly Addition[];
  readonly retired: readonly Retirement[];
  /** The first generation whose turns are not in this picture. */
  readonly journal: number;
  readonly atMs: number;
}

/**
 * Puts what is in the journals where it stays. Up to the store's replacement nothing that it does counts: the store vouches for
 * the old lengths, the journals are there, and the next fold or boot does it again. Resolves with the new store, once it is durable.
 */
export async function fold({ file, transcripts, archive }: StoreParts, plan: FoldPlan): Promise<Store> {
  const { before, journal, retired, atMs } = plan;
  const deleted = retired.filter(({ fate }) => fate === 'deleted');
  const deletedIds = new Set(deleted.map(({ sessionId }) => sessionId));
  await transcripts.add(plan.additions.filter(({ row }) => !deletedIds.has(row.sessionId)));

  const rows = new Map(plan.rows);
  const archived: { archivedAt: number; reason: RetireReason; key: string; row: Row }[] = [];
  for (const { key, reason, fate } of retired) {
    const row = rows.get(key);
    if (row && fate === 'archived') archived.push({ archivedAt: atMs, reason, key, row });
    rows.delete(key);
  }
  const archiveBytes = await archive.add(archived, before.archiveBytes);

  const removing = [...before.removing, ...deletedIds];
  const store = { rows, journal, removing, rest: before.rest, ...(archiveBytes !== undefined && { archiveBytes }) };
  await file.replace(store);
  return store;
}

/** Takes away what the store, which is durable, has made superfluous: folded journals, transcripts of deleted sessions. */
export async function clearAfter(
  { transcripts }: StoreParts,
  journals: Journals,
  { journal, removing }: Store,
  liveIds: ReadonlySet<string>,
): Promise<void> {
  await journals.removeBefore(journal);
  // One that lives came back with a turn in a journal.
  await transcripts.remove(removing.filter((sessionId) => !liveIds.has(sessionId)));
}
