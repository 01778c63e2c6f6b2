import type { RowMoment } from '../evidence/event.ts';
import type { StoredRow } from '../workload/stored-rows.ts';
import { begunScenario } from './begun-scenario.ts';

/** Evidence of `openclaw-model-run` as a right gateway leaves it, for tests to spoil in one place: eight days in two steps. */

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const DURABLE = 8;
const RUNS = 12;
const KINDS = ['cron', 'group', 'direct', 'other'];

export interface ToldOfRetention {
  /** Spoils what is in the store at a moment. */
  rows?: (rows: StoredRow[], at: { step: number; moment: RowMoment; now: number }) => StoredRow[];
  /** It promises that model runs expire by themselves. */
  expires?: boolean;
  /** What the dry run says. Absent: what the clean-up does. */
  announced?: { before: number; after: number };
  exitCode?: number;
  /** Ends before this moment of this step. */
  until?: { step: number; moment: RowMoment };
}

export function retention({
  rows: spoil = (rows) => rows,
  expires = false,
  announced,
  exitCode = 0,
  until,
}: ToldOfRetention = {}) {
  const build = begunScenario(
    { scenario: 'openclaw-model-run', id: 'openclaw-model-run_g@1.0.0_1g_quick', isQuick: true, steps: 2 },
    expires
      ? { retention: { maxRows: 500, archive: '/state/archive', expires: [{ keys: 'run-*', afterMs: DAY_MS }] } }
      : {},
  );
  const durable = Array.from({ length: DURABLE }, (_, n): StoredRow => {
    const kind = KINDS[n % KINDS.length] ?? 'other';
    return { key: `${kind}-${n}`, kind, lasts: 'durable', updatedAt: build.now - (n + 1) * DAY_MS };
  });
  const runs = Array.from(
    { length: RUNS },
    (_, n): StoredRow => ({ key: `run-${n}`, kind: 'model-run', lasts: 'one-shot', updatedAt: build.now - n * 1_000 }),
  );
  let store = [...durable, ...runs];
  let isOver = false;
  const see = (step: number, moment: RowMoment) => {
    isOver ||= until?.step === step && until.moment === moment;
    if (isOver) return;
    store = spoil(store, { step, moment, now: build.now });
    build.add({ type: 'rows', moment, rows: store });
  };
  const command = (argv: string) =>
    build.add({
      type: 'command',
      argv: [argv],
      isSystemRunning: false,
      exitCode,
      oomKilled: false,
      stdout: '{}',
      stderr: exitCode === 0 ? '' : 'it can not',
      droppedBytes: 0,
      tookMs: 1,
    });
  see(0, 'planted');
  build.add({ type: 'phase', name: 'step 1' }).started(1).ready(1);
  see(1, 'served');
  command('dry-run');
  const count = store.length;
  build.add({
    type: 'point',
    series: 'announced',
    x: 1,
    values: { ...(announced ?? { before: count, after: count }) },
  });
  see(1, 'announced');
  command('clean-up');
  see(1, 'cleaned');
  build.add({ type: 'phase', name: 'step 2' });
  store = store.map((row) => ({ ...row, updatedAt: row.updatedAt - 8 * DAY_MS }));
  see(2, 'passed');
  build.started(2).ready(2);
  store = store.filter((row) => row.lasts === 'durable');
  see(2, 'served');
  command('clean-up');
  store = store.filter((row) => row.lasts === 'durable');
  see(2, 'cleaned');
  return build.add({ type: 'end', durationMs: 1 }).done();
}
