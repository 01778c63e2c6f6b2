import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CellPlan, runCell } from '../cell/cell.ts';
import { AGES } from '../explore/boot-plan.ts';
import { MODELS, type Model } from '../explore/crash-state.ts';
import type { Exploration } from '../explore/exploration.ts';
import { DRAWS, explore } from '../explore/explore.ts';
import { scratch } from '../owner/scratch.ts';
import { run } from '../process.ts';
import { workloads } from '../workload/workload.ts';
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
/** Boots alone, in each container, before an exploration and after it. */
const LIVES_EACH = 20;

/** Stores whose states are judged without a boot, and what is wanted of that. */
const STORES = [
  { bytes: 100_000, perSecond: 4_000, peakMB: undefined },
  { bytes: 54 * MB, perSecond: 20, peakMB: 350 },
] as const;
/** A small record has a few states: it is judged again until there are so many, or what is measured is how fast V8 compiles the explorer. */
const STATES_AT_LEAST = 1_000;

/** What exploring costs: judging states, booting them, recording, and all of it beside one live run for each crash point. */
export const exploring: Section = {
  name: 'explore',
  summary:
    'states judged a second, states booted beside the boots alone, a turn under the recorder, and one live run for each crash point',
  systems: ['openclaw', 'reference'],
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
        "States a second of processor time (of the judging thread, without V8's helper threads): those of a record of one turn that replaces the store whole, in a process of its own, both models; a record with fewer than 1,000 is judged again until there are as many. Peak: VmHWM of that process from when the record is opened.",
        'Recording: warm turns under writegate with a record and without, in two containers, alternating; the ratio of all turns together, in brackets the range of the pairs.',
        'States booted beside the boots alone: planting, recording, looking and judging included, against as many boots, turns and ends in bare containers on all processors, before it and after it.',
        'One live run for each crash point: the time of a cell (kill, two boots, turns), as many at a time as there are processors, times the crash points. Exploring: everything from the record to the last real crash. With a verdict: those of both models, aged and fresh, and those of the recoveries; a power loss has no live run, and is counted as if it had one.',
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
      const stdout = await inProcess(['judge', record, String(STATES_AT_LEAST)], bench);
      rounds.push(JSON.parse(stdout) as StatesJudged);
    }
    const name = `store of ${bytes / MB} MB`;
    const rates = rounds.map((one) => (one.states / one.cpuMs) * 1000);
    const firsts = rounds.map(({ first }) => Math.round((first.states / first.cpuMs) * 1000));
    const peaks = rounds.map((one) => one.peakBytes / MB);
    bench.say(`${name}: ${summarize(rates).median.toFixed(0)} states a second of processor time`);
    figures.push(
      figure(`${name}: states judged a second of processor time`, 'count', rates.map(Math.round), {
        is: 'at least',
        value: perSecond,
      }),
      figure(`${name}: the same, of the first ${rounds[0]?.first.states} of a process`, 'count', firsts),
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

async function recording(bench: Bench, system: keyof typeof TURNS): Promise<Figure[]> {
  const plan = await bench.cell(system);
  const gate = ['writegate', 'run', '--state', plan.release.promises.root];
  await using with_ = await BenchPod.start(bench.engine, plan, [...gate, '--command', 'record', '--'], bench.signal);
  await using without = await BenchPod.start(bench.engine, plan, [...gate, '--'], bench.signal);
  const turns: { recorded: number[]; plain: number[] } = { recorded: [], plain: [] };
  for (const pod of [with_, without]) {
    await pod.boot();
    await pod.goodTurn('warm');
  }
  for (let turn = 0; turn < TURNS[system]; turn += 1) {
    turns.recorded.push(await with_.goodTurn(`t${turn}`));
    turns.plain.push(await without.goodTurn(`t${turn}`));
  }
  const ratio = total(turns.recorded) / total(turns.plain);
  bench.say(`${system}: a turn under the recorder ${ratio.toFixed(2)} ×`);
  const goal = { is: 'at most', value: 1.3 } as const;
  return [
    figure(`${system}: turn, recorded`, 'ms', turns.recorded),
    figure(`${system}: turn, not recorded`, 'ms', turns.plain),
    ratioFigure(`${system}: recorded / not recorded`, ratio, ratios(turns.recorded, turns.plain), goal),
  ];
}

const total = (samples: readonly number[]) => samples.reduce((sum, one) => sum + one, 0);

async function booting(bench: Bench, system: string): Promise<Figure[]> {
  const plan = await bench.cell(system);
  const jobs = bench.engine.facts.cpus;
  const alone = [await lifeAlone(bench, plan, jobs)];
  const explorations: Exploration[] = [];
  for (let round = 0; round < (bench.rounds ?? ROUNDS); round += 1) {
    explorations.push(await explored(bench, plan, MODELS));
    alone.push(await lifeAlone(bench, plan, jobs));
  }
  const perBoot = explorations.map((one) => one.tookMs.boot / one.boots);
  const beside = perBoot.map((_, round) => ((alone[round] ?? Number.NaN) + (alone[round + 1] ?? Number.NaN)) / 2);
  const process = await explored(bench, plan, ['process-crash']);
  const liveMs = await liveRun(bench, plan, jobs);
  const both = explorations[0] as Exploration;
  const wholeMs = summarize(explorations.map((one) => one.tookMs.whole)).median;
  const points = both.models.reduce((sum, { crashPoints }) => sum + crashPoints, 0);
  const ofProcess = process.models[0]?.crashPoints ?? 0;
  bench.say(`${system}: a state ${inMs(perBoot)}, alone ${inMs(alone)}, a live run ${inMs([liveMs])}`);
  const goal = { is: 'at least', value: 20 } as const;
  const verdicts = AGES.length * points + both.recoveries.crashPoints;
  return [
    figure(
      `${system}: states booted a minute (each at one age)`,
      'count',
      perBoot.map((one) => Math.round(60_000 / one)),
    ),
    figure(`${system}: ${both.boots} booted states / the same boots alone`, '×', ratios(perBoot, beside), {
      is: 'at most',
      value: 1.2,
    }),
    figure(
      `${system}: one live run for each of ${verdicts} crash points with a verdict / exploring them (${seconds(wholeMs)})`,
      '×',
      [(liveMs * verdicts) / wholeMs],
      goal,
    ),
    figure(
      `${system}: one live run for each of ${ofProcess} crash points of the process / exploring those (${seconds(process.tookMs.whole)})`,
      '×',
      [(liveMs * ofProcess) / process.tookMs.whole],
      goal,
    ),
  ];
}

const seconds = (took: number) => `${(took / 1000).toFixed(0)} s`;
const inMs = (took: readonly number[]) => `${took.map((one) => one.toFixed(0)).join(', ')} ms`;

/** As `midwrite explore` does it by default. */
async function explored(bench: Bench, plan: CellPlan, models: readonly Model[]): Promise<Exploration> {
  const { release, images, spec } = plan;
  const [workload] = workloads;
  if (workload === undefined) throw new Error('there is no workload');
  await using folder = await scratch('bench');
  const options = {
    workload,
    models,
    maxStates: Number.POSITIVE_INFINITY,
    everyState: false,
    ...DRAWS,
    maxDurationMs: Number.POSITIVE_INFINITY,
    signal: bench.signal,
    say: () => undefined,
  };
  const subject = { release, images, memoryBytes: spec.memoryBytes };
  return await explore(bench.engine, subject, path.join(folder.path, 'run'), options);
}

/** What one state costs at one age where nothing is planted, looked at or judged: two boots, a turn, a stop and a kill, `jobs` at a time. In ms of the whole. */
async function lifeAlone(bench: Bench, plan: CellPlan, jobs: number): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: jobs }, () => livesAlone(bench, plan, LIVES_EACH)));
  return (performance.now() - began) / (jobs * LIVES_EACH);
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

/** What a cell costs, `jobs` at a time. In ms of the whole. */
async function liveRun(bench: Bench, plan: CellPlan, jobs: number): Promise<number> {
  const began = performance.now();
  const one = async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await using folder = await scratch('bench');
      const name = path.basename(folder.path);
      const progress = { phase: () => undefined };
      await runCell(bench.engine, plan, path.join(folder.path, 'cell'), name, progress, bench.signal);
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
  return (performance.now() - began) / (jobs * ROUNDS);
}
