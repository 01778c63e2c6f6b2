import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { Problem } from '../problem.ts';
import type { Figure, Reproduced } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { cleanupAsAnnounced } from '../scenario/checks/cleanup-as-announced.ts';
import { durableRowsStay } from '../scenario/checks/durable-rows-stay.ts';
import { probesLeave } from '../scenario/checks/probes-leave.ts';
import { survives } from '../scenario/checks/survives.ts';
import { pointsOf } from '../scenario/points.ts';
import { countRows, countsInWords, lostDurableRows, type RowsSeen, rowsSeen } from '../scenario/row-counts.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import type { Cleanup, SessionKind } from '../system.ts';
import { plantLarge } from '../workload/planting.ts';
import { withManyRows } from '../workload/stored-rows.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const DURABLE_EACH = 40;
/** With the durable rows, some less than the 550 at which OpenClaw trims its store to 500: it is to get there by runs of its own. */
const RUNS_BEFORE = 384;
const RUNS = { full: 16, quick: 8 };
const RUNS_LATER = 12;
/** Of each kind, where the others can be copies: a turn takes half a second, and more the more rows there are. */
const EXAMPLES = 2;
const COMMAND_LIMIT_MS = 120_000;

/** What is done in each step: after how much time since the runs, and with how many runs more. */
const STEPS = [
  { name: 'at once', at: 0, runs: RUNS.full },
  { name: '12 hours later', at: 12 * HOUR, runs: 0 },
  { name: '25 hours later', at: 25 * HOUR, runs: 0 },
  { name: '8 days later', at: 8 * DAY, runs: 0 },
  { name: '8 days later, after 12 runs more', at: 8 * DAY, runs: RUNS_LATER },
  { name: '31 days later', at: 31 * DAY, runs: 0 },
] as const;
const QUICK_STEPS = [{ ...STEPS[0], runs: RUNS.quick }, STEPS[3]];

/** One-shot runs beside conversations: who has to leave the store, and when? */
export const openclawModelRun: Scenario = {
  name: 'openclaw-model-run',
  summary: '400 one-shot model runs beside 160 conversations, then a month: who has to leave the store, and when?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/88632',
    says: '507 of 549 rows were of model runs; the clean-up took 49 rows, 5 of them of conversations, and left 463 of 500',
  },
  systems: ['openclaw@2026.5.26', 'openclaw@2026.7.1', 'reference'],
  steps: { full: STEPS.length, quick: QUICK_STEPS.length },
  checks: [durableRowsStay, probesLeave, cleanupAsAnnounced, allBoots, survives],
  curves: [
    {
      title: 'rows of model runs after the clean-up',
      series: 'cleaned',
      xLabel: 'hours since the runs',
      value: 'runs',
      yLabel: 'rows',
      document: { label: 'the document: 463 of 500', y: 463 },
    },
  ],
  figures,

  boot: ({ usual, boot }) => ({
    ...boot,
    env: usual?.env ?? boot.env,
    files: usual?.grown === undefined ? boot.files : [],
  }),

  async live(lab) {
    const { kinds, cleanup } = needed(lab);
    if (!(await prepare(lab, kinds))) return;
    let runs = 0;
    let now = 0;
    for (let number = lab.from; number <= lab.steps; number += 1) {
      const step = (lab.isQuick ? QUICK_STEPS : STEPS)[number - 1];
      if (step === undefined) throw new Error(`there is no step ${number}`);
      lab.step(number);
      if (step.at > now) {
        await lab.pass(step.at - now);
        await lab.rows('passed');
        now = step.at;
      }
      if (!(await lab.boot())) return;
      const probe = kinds.find((kind) => kind.lasts === 'one-shot');
      if (probe !== undefined && step.runs > 0) await lab.requests(probe.make, step.runs, FIRST_RUN + runs);
      runs += step.runs;
      // A conversation goes on: the store is written, and so the system's own maintenance has its chance.
      await lab.turn('kept');
      await lab.quiet();
      await lab.stop();
      await lab.rows('served');
      if (number === 1) {
        await announce(lab, cleanup);
        await lab.rows('announced');
      }
      await lab.command(cleanup.enforce, COMMAND_LIMIT_MS);
      const rows = await lab.rows('cleaned');
      const count = (lasts: SessionKind['lasts']) => rows.filter((row) => row.lasts === lasts).length;
      lab.point('cleaned', step.at / HOUR, { runs: count('one-shot'), durable: count('durable'), rows: rows.length });
    }
  },
};

const FIRST_EXAMPLE = 10_000;
const FIRST_RUN = 20_000;

function needed({ release }: ScenarioLab): { kinds: readonly SessionKind[]; cleanup: Cleanup } {
  const { sessions, cleanup } = release.usual ?? {};
  if (sessions !== undefined && cleanup !== undefined) return { kinds: sessions, cleanup };
  throw new Problem(
    'bad-usage',
    `${release.system}@${release.version} has no kinds of sessions and no clean-up in its definition. Take another version.`,
  );
}

/** A store with conversations of many ages and with the runs of the last two hours. False: the system did not get so far. */
async function prepare(lab: ScenarioLab, kinds: readonly SessionKind[]): Promise<boolean> {
  const { store } = lab.release.promises;
  if (store.format !== 'json-rows')
    throw new Problem('bad-usage', `${store.path} is a database: this scenario rewrites stores of JSON rows`);
  if (!(await lab.boot())) return false;
  const wanted = ({ lasts }: SessionKind) => (lasts === 'durable' ? DURABLE_EACH : RUNS_BEFORE);
  // Where rows have files and a journal beside them, a copy of a row alone would be no session.
  const own = (kind: SessionKind) => (store.journal === undefined ? EXAMPLES : wanted(kind));
  for (const kind of kinds) await lab.requests(kind.make, own(kind), FIRST_EXAMPLE);
  await lab.quiet();
  await lab.stop();
  const { text, copies } = withManyRows(await lab.storeText(), store, kinds, wanted, (kind, index) =>
    kind.lasts === 'durable' ? (index + 1) * 12 * HOUR : index * 20_000,
  );
  await plantLarge(lab.sidecar, [{ path: store.path, content: text }]);
  await lab.rows('planted');
  lab.point('made', 1, {
    copiedRuns: copies['one-shot'],
    runs: RUNS_BEFORE + RUNS.full,
    copiedDurable: copies.durable,
    durable: DURABLE_EACH * kinds.filter((kind) => kind.lasts === 'durable').length,
  });
  return true;
}

/** The dry run; what it says goes into the evidence as a point. */
async function announce(lab: ScenarioLab, cleanup: Cleanup): Promise<void> {
  const { exitCode, stdout } = await lab.command(cleanup.dryRun, COMMAND_LIMIT_MS);
  if (exitCode !== 0) return;
  const said: unknown = JSON.parse(stdout);
  const at = (fields: readonly string[]) =>
    Number(fields.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], said));
  lab.point('announced', 1, { before: at(cleanup.before), after: at(cleanup.after) });
}

const PROBES = 'model-run';
const OWN_TIME = 30 * DAY;

function figures(evidence: CellEvidence): Figure[] {
  const all = rowsSeen(evidence);
  const found: Figure[] = [];
  const steps = evidence.scenario?.isQuick === true ? QUICK_STEPS : STEPS;
  const [before, after] = [momentOf(all, 1, 'served'), momentOf(all, 1, 'cleaned')];
  if (before !== undefined)
    found.push({
      what: 'rows before the clean-up',
      document: '549: other 13, group 8, cron 21, model-run 507; older7d 70, older1d 513, active4h 11',
      ...dominated(before),
    });
  if (after !== undefined)
    found.push({
      what: 'rows after the clean-up',
      document: '500: other 9, group 8, cron 20, model-run 463; older7d 21, older1d 464, active4h 10',
      ...dominated(after),
    });
  const { durable, lost } = lostDurableRows(evidence, OWN_TIME);
  const early = lost.filter(({ missed }) => missed.step === 1);
  const [byRuns, byCleanup] = (['served', 'cleaned'] as const).map(
    (moment) => early.filter(({ missed }) => missed.moment === moment).length,
  );
  if (after !== undefined)
    found.push({
      what: 'conversations that had to leave the store for runs',
      document: '5 of 42 (4 other, 1 cron), by the clean-up',
      measured: `${early.length} of ${durable}: ${byRuns} while the system ran, ${byCleanup} by the clean-up`,
      reproduced: early.length > 0 ? 'yes' : 'no',
    });
  for (const [index, step] of steps.entries()) {
    const cleaned = index === 0 ? undefined : momentOf(all, index + 1, 'cleaned');
    if (cleaned === undefined) continue;
    const { buckets } = countRows(cleaned.seen);
    const stale = cleaned.seen.rows.filter((row) => row.kind === PROBES && cleaned.seen.t - row.updatedAt > DAY).length;
    found.push({
      what: `${step.name}, after the clean-up`,
      ...(step.at > DAY &&
        step.at < 30 * DAY && { document: 'rows of runs older than 24 hours stay: 439, taken out by hand' }),
      measured: `${countsInWords(countRows(cleaned.seen))}; ${stale} of ${buckets[PROBES] ?? 0} runs older than 24 hours`,
      reproduced: step.at > DAY && step.at < 30 * DAY ? (stale > 0 ? 'yes' : 'no') : '-',
    });
  }
  const [made] = pointsOf(evidence, 'made');
  if (made !== undefined) found.push(honesty(made.values));
  return found;
}

const momentOf = (all: readonly RowsSeen[], step: number, moment: RowsSeen['moment']): RowsSeen | undefined =>
  all.find((one) => one.step === step && one.moment === moment);

function dominated({ seen }: RowsSeen): { measured: string; reproduced: Reproduced } {
  const counts = countRows(seen);
  const share = (counts.buckets[PROBES] ?? 0) / Math.max(1, counts.total);
  const measured = `${countsInWords(counts)}; ${Math.round(share * 100)} % of the rows are of runs`;
  return { measured, reproduced: share > 0.5 ? 'yes' : 'no' };
}

function honesty({
  runs = 0,
  copiedRuns = 0,
  durable = 0,
  copiedDurable = 0,
}: Readonly<Record<string, number>>): Figure {
  return {
    what: 'what was real',
    measured: `${runs - copiedRuns} of ${runs} runs and ${durable - copiedDurable} of ${durable} conversations`,
    reproduced: '-',
    ...(copiedRuns + copiedDurable > 0 && {
      why: 'the others are copies of rows that this system wrote, with keys, ids and times of their own and without a transcript: hundreds of real ones take longer than a scenario may',
    }),
  };
}
