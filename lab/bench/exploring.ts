import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CellPlan, runCell } from '../cell/cell.ts';
import { explore } from '../explore/explore.ts';
import { workloads } from '../explore/workload.ts';
import { Problem } from '../problem.ts';
import { run } from '../process.ts';
import { scratch } from '../reaper/scratch.ts';
import { BenchPod } from './bench-pod.ts';
import { type Figure, figure, ratioFigure } from './figure.ts';
import type { StatesJudged } from './judging-states.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { ratios, summarize } from './summary.ts';

const MB = 1_000_000;
const JUDGE_LIMIT_MS = 10 * 60_000;
const ROUNDS = 3;
/** A turn of the reference gateway is short, and every second one meets the compaction of the one before. */
const TURNS = { reference: 80, openclaw: 12 } as const;
const BOOTED_STATES = 6;
/** What is done with one state of one age: two boots, a turn, a stop and a kill. */
const LIVES_EACH = 2;

/** Stores whose states are judged without a boot, and what is wanted of that. */
const STORES = [
  { bytes: 100_000, perSecond: 1_000, peakMB: undefined },
  { bytes: 54 * MB, perSecond: 20, peakMB: 500 },
] as const;

/** What exploring costs: judging states, booting them, recording, and all of it beside one live run for each crash point. */
export const exploring: Section = {
  name: 'explore',
  summary:
    'states judged a second, states booted beside the boots alone, a turn under the recorder, and one live run for each crash point',
  gateways: ['openclaw', 'reference'],
  async measure(bench): Promise<SectionResult> {
    const figures = [
      ...(await judging(bench)),
      ...(await recording(bench, 'reference')),
      ...(await recording(bench, 'openclaw')),
      ...(await booting(bench, 'reference')),
    ];
    return {
      figures,
      notes: [
        'States a second: those of a record of one turn that replaces the store whole, in a process of its own, both models. Peak: VmHWM of that process from when the record is opened.',
        'Recording: warm turns under writegate with a record and without, in two containers, alternating; the ratio of all turns together, in brackets the range of the pairs.',
        'States booted beside the boots alone: planting, looking and judging included, against as many boots, turns and ends in bare containers, as many at a time.',
        'One live run for each crash point: the median cell (kill, two boots, turns) times the crash points of the process; power losses have no live run at all.',
      ],
    };
  },
};

async function judging(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { bytes, perSecond, peakMB } of STORES) {
    const rounds: StatesJudged[] = [];
    for (let round = 0; round < (bench.rounds ?? ROUNDS); round += 1) {
      await using folder = await scratch('bench');
      const record = path.join(folder.path, 'record');
      await inProcess(['write', record, String(bytes)], bench);
      const stdout = await inProcess(['judge', record], bench);
      rounds.push(JSON.parse(stdout) as StatesJudged);
    }
    const name = `store of ${bytes / MB} MB`;
    const rates = rounds.map((one) => (one.states / one.tookMs) * 1000);
    const peaks = rounds.map((one) => one.peakBytes / MB);
    bench.say(`${name}: ${summarize(rates).median.toFixed(0)} states a second`);
    figures.push(
      figure(`${name}: states judged a second`, 'count', rates.map(Math.round), { is: 'at least', value: perSecond }),
    );
    figures.push(
      figure(`${name}: peak memory`, 'MB', peaks, peakMB === undefined ? undefined : { is: 'at most', value: peakMB }),
    );
  }
  return figures;
}

function inProcess(args: readonly string[], { signal }: Bench): Promise<string> {
  const script = fileURLToPath(new URL('judging-states.ts', import.meta.url));
  const limitMs = JUDGE_LIMIT_MS;
  return run({ file: process.execPath, args: [script, ...args], purpose: 'judging states', limitMs, signal });
}

async function recording(bench: Bench, gateway: keyof typeof TURNS): Promise<Figure[]> {
  const plan = await bench.cell(gateway);
  const gate = ['writegate', 'run', '--state', plan.release.promises.root];
  await using with_ = await BenchPod.start(bench.engine, plan, [...gate, '--command', 'record', '--'], bench.signal);
  await using without = await BenchPod.start(bench.engine, plan, [...gate, '--'], bench.signal);
  const turns: { recorded: number[]; plain: number[] } = { recorded: [], plain: [] };
  for (const pod of [with_, without]) {
    await pod.boot();
    await pod.goodTurn('warm');
  }
  for (let turn = 0; turn < TURNS[gateway]; turn += 1) {
    turns.recorded.push(await with_.goodTurn(`t${turn}`));
    turns.plain.push(await without.goodTurn(`t${turn}`));
  }
  const ratio = total(turns.recorded) / total(turns.plain);
  bench.say(`${gateway}: a turn under the recorder ${ratio.toFixed(2)} ×`);
  const goal = { is: 'at most', value: 1.3 } as const;
  return [
    figure(`${gateway}: turn, recorded`, 'ms', turns.recorded),
    figure(`${gateway}: turn, not recorded`, 'ms', turns.plain),
    ratioFigure(`${gateway}: recorded / not recorded`, ratio, ratios(turns.recorded, turns.plain), goal),
  ];
}

const total = (samples: readonly number[]) => samples.reduce((sum, one) => sum + one, 0);

async function booting(bench: Bench, gateway: string): Promise<Figure[]> {
  const plan = await bench.cell(gateway);
  const { release, images, spec } = plan;
  const [workload] = workloads;
  if (workload === undefined) throw new Error('there is no workload');
  const jobs = bench.engine.facts.cpus;
  await using folder = await scratch('bench');
  const options = {
    workload,
    models: ['process-crash', 'power-loss'] as const,
    maxStates: BOOTED_STATES,
    everyState: true,
    maxDurationMs: Number.POSITIVE_INFINITY,
    jobs,
    signal: bench.signal,
    say: () => undefined,
  };
  const found = await explore(
    bench.engine,
    { release, images, memoryBytes: spec.memoryBytes },
    path.join(folder.path, 'run'),
    options,
  );
  const aged = found.states.booted * LIVES_EACH + found.recoveries.booted;
  const began = performance.now();
  await Promise.all(Array.from({ length: jobs }, () => livesAlone(bench, plan, Math.ceil(aged / jobs))));
  const aloneMs = performance.now() - began;
  const { process, wholeMs } = { process: found.models[0]?.crashPoints ?? 0, wholeMs: found.tookMs.whole };
  const cellMs = await oneCell(bench, plan);
  const perState = found.tookMs.boot / aged;
  const all = wholeMs - found.tookMs.boot + perState * found.states.distinct * LIVES_EACH;
  bench.say(
    `${gateway}: ${aged} lives in ${(found.tookMs.boot / 1000).toFixed(1)} s, alone ${(aloneMs / 1000).toFixed(1)} s`,
  );
  return [
    figure(`${gateway}: states booted a minute (of one age each)`, 'count', [
      Math.round((aged / found.tookMs.boot) * 60_000),
    ]),
    figure(`${gateway}: booting states / the same boots alone`, '×', [found.tookMs.boot / aloneMs], {
      is: 'at most',
      value: 1.2,
    }),
    figure(
      `${gateway}: one live run for each of ${process} crash points / exploring all ${found.states.distinct} states`,
      '×',
      [(cellMs * process) / all],
      {
        is: 'at least',
        value: 20,
      },
    ),
  ];
}

async function livesAlone(bench: Bench, plan: CellPlan, count: number): Promise<void> {
  await using pod = await BenchPod.start(bench.engine, plan, [], bench.signal);
  for (let life = 0; life < count; life += 1) {
    await pod.boot();
    await pod.goodTurn(`life-${life}`);
    await pod.end('SIGTERM');
    await pod.boot();
    await pod.end('SIGKILL');
  }
}

async function oneCell(bench: Bench, plan: CellPlan): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using folder = await scratch('bench');
    const began = performance.now();
    await runCell(
      bench.engine,
      plan,
      path.join(folder.path, 'cell'),
      path.basename(folder.path),
      { phase: () => undefined },
      bench.signal,
    );
    took.push(performance.now() - began);
  }
  if (took.length === 0) throw new Problem('engine-failed', 'no cell was run');
  return summarize(took).median;
}
