import type { Check } from '../check.ts';
import { activityOf } from '../crash-point/activity.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Moment } from '../evidence/event.ts';
import { fitsPattern } from '../patterns.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';
import type { Retention } from '../system.ts';
import { rowsOf } from './store.ts';

const MOMENTS: readonly Moment[] = ['before', 'woken', 'served', 'rebooted'];

type Rows = ReadonlyMap<string, Record<string, unknown>>;

/** The time after which a row goes; undefined for a durable one. */
function lifeMs(retention: Retention, key: string): number | undefined {
  return retention.expires.find((rule) => fitsPattern(key, rule.keys))?.afterMs;
}

function isDue(retention: Retention, key: string, row: Record<string, unknown>, now: number): boolean {
  const life = lifeMs(retention, key);
  return life !== undefined && now - Number(row.updatedAt) > life;
}

/** All that the archive says at a moment, as text. */
function archiveAt(evidence: CellEvidence, moment: Moment, pattern: string): string {
  return (evidence.snapshot(moment)?.entries ?? [])
    .filter((entry) => entry.type === 'file' && fitsPattern(entry.path, pattern))
    .map((entry) => evidence.text(entry) ?? '')
    .join('\n');
}

/** What is wrong with the rows at a moment. */
function wrongAt(evidence: CellEvidence, moment: Moment, first: Rows, rows: Rows): string | undefined {
  const { retention } = evidence.cell.promises;
  const now = evidence.snapshot(moment)?.t ?? 0;
  if (retention === undefined) return undefined;
  const late = [...rows].find(([key, row]) => isDue(retention, key, row, now));
  if (late !== undefined) return `${late[0]} is still there, ${age(late[1], now)} after its last change`;
  const durable = [...rows.keys()].filter((key) => lifeMs(retention, key) === undefined);
  if (durable.length > retention.maxRows)
    return `the store has ${durable.length} durable rows, and at most ${retention.maxRows} are promised`;
  const archive = archiveAt(evidence, moment, retention.archive);
  for (const [key, row] of first) {
    if (rows.has(key) || isDue(retention, key, row, now)) continue;
    if (lifeMs(retention, key) !== undefined) return `${key} is gone, and its time has not come (${age(row, now)} old)`;
    if (!archive.includes(JSON.stringify(key)))
      return `the durable row ${key} is gone: it is neither in the store nor in the archive`;
    if (durable.length < retention.maxRows)
      return `the durable row ${key} is gone from the store, which has ${durable.length} of ${retention.maxRows}`;
  }
  return undefined;
}

const age = (row: Record<string, unknown>, now: number) => `${Math.round((now - Number(row.updatedAt)) / 3_600_000)} h`;

export const retention: Check = {
  id: 'retention',
  promise: 'rows whose time has come go, durable rows stay up to the limit, and what is over is archived and not lost',

  exercised({ evidence }) {
    const promised = evidence.cell.promises.retention;
    const first = rowsOf(evidence, 'configured');
    if (promised === undefined || first === undefined) return undefined;
    const last = MOMENTS.findLast((moment) => evidence.snapshot(moment) !== undefined);
    const now = last === undefined ? 0 : (evidence.snapshot(last)?.t ?? 0);
    const due = [...first].filter(([key, row]) => isDue(promised, key, row, now)).length;
    const durable = [...first.keys()].filter((key) => lifeMs(promised, key) === undefined).length;
    const added = evidence.of('turn').filter((turn) => turn.result.acknowledged).length;
    const over = Math.max(0, durable + added - promised.maxRows);
    return due + over === 0 ? undefined : { by: `${due} rows whose time had come, and ${over} over the limit` };
  },

  judge({ evidence, proof }) {
    const promised = evidence.cell.promises.retention;
    if (promised === undefined) return notApplicable('no promise says which rows stay');
    if (activityOf(evidence.cell.crashPoint) === 'cleanup')
      return notApplicable('the lab aged all rows for the clean-up, and no promise says which of them stay');
    if (evidence.cell.aftermath === 'corrupt-store')
      return notApplicable('the lab made the store unreadable on purpose');
    const first = rowsOf(evidence, 'configured');
    if (first === undefined) return inconclusive('the store was not read before the fault');
    const looked: string[] = [];
    // Before the first boot of all nothing has had the time to go.
    const isFirst = activityOf(evidence.cell.crashPoint) === 'first-boot';
    for (const moment of MOMENTS) {
      if (isFirst && moment === 'before') continue;
      const listing = evidence.snapshot(moment);
      if (listing === undefined) continue;
      const rows = rowsOf(evidence, moment);
      if (rows === undefined) return inconclusive(`${moment}: the rows can't be read`);
      const wrong = wrongAt(evidence, moment, first, rows);
      if (wrong !== undefined) return violated(`${moment}: ${wrong}`, listing);
      looked.push(`${moment}: ${rows.size} rows`);
    }
    if (looked.length === 0) return inconclusive('the store was never read');
    return held(proof, `of ${first.size} rows at the beginning; ${looked.join('; ')}`);
  },
};
