import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, RowMoment } from '../evidence/event.ts';
import { stepOf } from './steps.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** The rows of a store at a moment, and the step in which it was: 0 before the first. */
export interface RowsSeen {
  moment: RowMoment;
  step: number;
  seen: EvidenceOf<'rows'>;
}

/** Every count of rows, in order. What belongs to a step that was cut off and done again is left out. */
export function rowsSeen(evidence: CellEvidence): RowsSeen[] {
  let all: RowsSeen[] = [];
  let step = 0;
  for (const event of evidence.events) {
    if (event.type === 'phase') step = stepOf(event.name) ?? step;
    if (event.type === 'resumed') {
      all = all.filter((one) => one.step < event.from);
      step = 0;
    }
    if (event.type === 'rows') all.push({ moment: event.moment, step, seen: event });
  }
  return all;
}

/** Rows by kind and age, in the form of https://github.com/openclaw/openclaw/issues/88632. */
export interface RowCounts {
  total: number;
  buckets: Record<string, number>;
  older7d: number;
  older1d: number;
  active4h: number;
}

export function countRows({ t, rows }: EvidenceOf<'rows'>): RowCounts {
  const buckets: Record<string, number> = {};
  for (const { kind } of rows) buckets[kind] = (buckets[kind] ?? 0) + 1;
  const older = (ms: number) => rows.filter((row) => t - row.updatedAt > ms).length;
  return {
    total: rows.length,
    buckets,
    older7d: older(7 * DAY_MS),
    older1d: older(DAY_MS),
    active4h: rows.length - older(4 * HOUR_MS),
  };
}

/** `549: other 13, group 8, cron 21, model-run 507; older7d 70, older1d 513, active4h 11`. */
export function countsInWords({ total, buckets, older7d, older1d, active4h }: RowCounts): string {
  const kinds = Object.entries(buckets).map(([kind, count]) => `${kind} ${count}`);
  return `${total}: ${kinds.join(', ')}; older7d ${older7d}, older1d ${older1d}, active4h ${active4h}`;
}

/** A durable row that is not in the store any more. */
export interface LostRow {
  key: string;
  kind: string;
  /** Since it was last used, when it was first missed. */
  ageMs: number;
  missed: RowsSeen;
}

/** The durable rows that were there as the scenario began, and those of them that went before they were `ageMs` old. */
export function lostDurableRows(evidence: CellEvidence, ageMs: number): { durable: number; lost: LostRow[] } {
  const lost: LostRow[] = [];
  let durable = 0;
  let last = new Map<string, { kind: string; updatedAt: number }>();
  for (const one of rowsSeen(evidence)) {
    const { rows, t } = one.seen;
    const there = new Map(rows.map((row) => [row.key, row]));
    if (one.moment === 'planted') {
      last = new Map([...there].filter(([, row]) => row.lasts === 'durable'));
      durable = last.size;
      continue;
    }
    for (const [key, before] of [...last]) {
      const now = there.get(key);
      if (now !== undefined) {
        last.set(key, now);
        continue;
      }
      last.delete(key);
      const age = t - before.updatedAt;
      if (age < ageMs) lost.push({ key, kind: before.kind, ageMs: age, missed: one });
    }
  }
  return { durable, lost };
}
