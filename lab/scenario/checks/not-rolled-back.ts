import { rowsOf } from '../../checks/store.ts';
import type { Moment } from '../../evidence/event.ts';
import { held, inconclusive, notApplicable, type Seen, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';
import { type StruckStep, struckSteps } from '../struck-steps.ts';

type Rows = ReadonlyMap<string, Record<string, unknown>>;

const AFTER: readonly Moment[] = ['woken', 'served', 'rebooted'];

/** The rows that others wrote while the system slept: new ones, and changed ones. */
function written(before: Rows, beside: Rows): Rows {
  const changed = [...beside].filter(([key, row]) => JSON.stringify(before.get(key)) !== JSON.stringify(row));
  return new Map(changed);
}

/** What became of one of them afterwards; undefined: it is there, and no older than it was. */
function undone(rows: Rows, key: string, row: Record<string, unknown>): string | undefined {
  const now = rows.get(key);
  if (now === undefined) return `the row "${key}" is gone`;
  const backMs = Number(row.updatedAt) - Number(now.updatedAt);
  return backMs > 0 ? `the row "${key}" went back by ${Math.round(backMs)} ms` : undefined;
}

interface Judged {
  count: number;
  violation?: { says: string; seen: [Seen, ...Seen[]] };
  unclear?: string;
}

function judgeStep({ evidence, original }: StruckStep): Judged {
  const before = rowsOf(evidence, 'held');
  const beside = rowsOf(evidence, 'beside');
  const look = evidence.snapshot('beside');
  if (before === undefined || beside === undefined || look === undefined)
    return { count: 0, unclear: "the store's rows before and after the others' time can't be read" };
  const rows = written(before, beside);
  for (const moment of AFTER) {
    const later = rowsOf(evidence, moment);
    const listing = evidence.snapshot(moment);
    // A store that can't be read is the matter of another check.
    if (later === undefined || listing === undefined) continue;
    for (const [key, row] of rows) {
      const what = undone(later, key, row);
      if (what === undefined) continue;
      const says = `${moment}: ${what}, which was written while the system slept`;
      return { count: rows.size, violation: { says, seen: [original(listing), original(look)] } };
    }
  }
  return { count: rows.size };
}

export const notRolledBack: ScenarioCheck = {
  id: 'not-rolled-back',
  promise: 'what others wrote to the store while the system slept is not overwritten by what it remembers',

  judge({ evidence, proof }) {
    if (evidence.promises.store.format === 'sqlite')
      return notApplicable(
        'a database puts transactions one after the other by itself: `acked-durable` sees what is lost',
      );
    const steps = struckSteps(evidence);
    const judged = steps.map((step) => ({ step, ...judgeStep(step) }));
    const bad = judged.flatMap(({ step, violation }) => (violation === undefined ? [] : [{ step, violation }]));
    const [first] = bad;
    if (first !== undefined) {
      const more = bad.length > 1 ? `; in ${bad.length} of ${steps.length} steps` : '';
      return violated(`${first.step.inWords}: ${first.violation.says}${more}`, ...first.violation.seen);
    }
    const unclear = judged.find((one) => one.unclear !== undefined);
    if (unclear?.unclear !== undefined) return inconclusive(`${unclear.step.inWords}: ${unclear.unclear}`);
    const count = judged.reduce((sum, one) => sum + one.count, 0);
    const looks = evidence.of('snapshot').filter((look) => look.moment === 'beside');
    if (count === 0) return notApplicable('nobody wrote to the store while the system slept');
    return held(proof, `${count} rows that were written in ${steps.length} sleeps are there, and no older`, ...looks);
  },
};
