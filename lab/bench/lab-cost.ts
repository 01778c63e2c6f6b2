import path from 'node:path';
import { type CellPlan, runCell } from '../cell/cell.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { judge } from '../judge/judge.ts';
import { scratch } from '../owner/scratch.ts';
import { Problem } from '../problem.ts';
import { BenchPod } from './bench-pod.ts';
import { type Figure, figure, type Goal, ratioFigure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { type Segment, segmentsOf } from './segments.ts';
import { ratios, summarize } from './summary.ts';

const GOAL: Goal = { is: 'at most', value: 1.15 };
/** `wholeMs`: what a whole cell may take. */
const SUBJECTS = [
  { system: 'openclaw', rounds: 5, wholeMs: undefined },
  { system: 'reference', rounds: 10, wholeMs: 3_000 },
] as const;

/** What the lab adds to a system's own boots and turns, and where. */
export const labCost: Section = {
  name: 'lab-cost',
  summary: "a whole cell (full-temp, sigkill) against the system's own three boots and turns in the same container",
  systems: SUBJECTS.map((subject) => subject.system),
  async measure(bench): Promise<SectionResult> {
    const measured: Measured[] = [];
    for (const subject of SUBJECTS) measured.push(await measureSubject(bench, subject));
    return {
      figures: [...measured.flatMap((one) => one.totals), ...measured.flatMap((one) => one.parts)],
      notes: [
        'Alone: the container made and started until the system is ready, two turns, SIGKILL, started again, a turn, SIGTERM, started again; no sidecar, ' +
          'volume or clean-up in its time, nothing watched, held or read.',
        "Parts marked [system] are the system's own boots, turns and ends as the lab sees them, beside what they take alone; those marked [lab] are " +
          'what only the lab wants. They follow each other without gaps.',
      ],
    };
  },
};

interface Cell {
  wholeMs: number;
  segments: Segment[];
}

interface Measured {
  totals: Figure[];
  /** Where the time of the cell went. */
  parts: Figure[];
}

async function measureSubject(bench: Bench, { system, ...subject }: (typeof SUBJECTS)[number]): Promise<Measured> {
  const plan = await bench.cell(system);
  const rounds = bench.rounds ?? subject.rounds;
  const cells: Cell[] = [];
  const alone: Part[][] = [];
  // Round 0 brings both images into the page cache; it is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const cell = await wholeCell(bench, plan);
    const parts = await lifeAlone(bench, plan);
    if (round === 0) continue;
    cells.push(cell);
    alone.push(parts);
    bench.say(`${system} ${round}/${rounds}: cell ${cell.wholeMs.toFixed(0)} ms, alone ${sum(parts).toFixed(0)} ms`);
  }
  const whole = cells.map((cell) => cell.wholeMs);
  const bare = alone.map(sum);
  const goal: Goal | undefined = subject.wholeMs === undefined ? undefined : { is: 'at most', value: subject.wholeMs };
  const ratio = summarize(whole).median / summarize(bare).median;
  const shareOf = (share: Segment['share']) =>
    cells.map((cell) => sum(cell.segments.filter((segment) => segment.share === share)));
  return {
    totals: [
      figure(`${system} cell`, 'ms', whole, goal),
      figure(`${system} alone`, 'ms', bare),
      ratioFigure(`${system} cell / alone`, ratio, ratios(whole, bare), GOAL),
      figure(`${system} cell, its parts [system]`, 'ms', shareOf('system')),
      figure(`${system} cell, its parts [lab]`, 'ms', shareOf('lab')),
    ],
    parts: breakdown(system, cells, alone),
  };
}

async function wholeCell(bench: Bench, plan: CellPlan): Promise<Cell> {
  await using folder = await scratch('bench');
  const cell = path.join(folder.path, 'cell');
  const quiet = { phase: () => undefined };
  const began = performance.now();
  await runCell(bench.engine, plan, cell, path.basename(folder.path), quiet, bench.signal);
  const wholeMs = performance.now() - began;
  const evidence = await loadEvidence(cell);
  const segments = evidence === undefined ? undefined : segmentsOf(evidence);
  if (segments === undefined)
    throw new Problem('engine-failed', `a cell of the bench did not go all the way: ${judge(evidence).detail}`);
  return { wholeMs, segments };
}

/** A part of the system's life, by the name that its segment has in a cell. */
interface Part {
  name: string;
  tookMs: number;
}

/** As many boots and turns as a cell has, in the same kind of container, and nothing else. */
async function lifeAlone(bench: Bench, plan: CellPlan): Promise<Part[]> {
  await using pod = await BenchPod.start(bench.engine, plan, [], bench.signal);
  const parts: Part[] = [];
  const part = async (name: string, work: () => Promise<unknown>) => {
    const began = performance.now();
    await work();
    parts.push({ name, tookMs: performance.now() - began });
  };
  await part('first boot', () => pod.boot());
  await part('first turn', () => pod.goodTurn('warm'));
  await part('second turn', () => pod.goodTurn('struck'));
  await part('kill', () => pod.end('SIGKILL'));
  await part('second boot', () => pod.boot());
  await part('third turn', () => pod.goodTurn('after'));
  await part('stop', () => pod.end('SIGTERM'));
  await part('third boot', () => pod.boot());
  return parts;
}

const sum = (parts: readonly { tookMs: number }[]): number => parts.reduce((total, part) => total + part.tookMs, 0);

function breakdown(system: string, cells: readonly Cell[], alone: readonly Part[][]): Figure[] {
  const segments = cells[0]?.segments ?? [];
  return segments.flatMap(({ phase, name, share }, index) => {
    const inCell = cells.map((cell) => cell.segments[index]?.tookMs ?? 0);
    const beside = alone.flatMap((life) => life.filter((part) => part.name === name).map((part) => part.tookMs));
    const title = `${system} · ${phase} · ${name}`;
    return [
      figure(`${title} [${share}]`, 'ms', inCell),
      ...(share === 'system' ? [figure(`${title}, alone`, 'ms', beside)] : []),
    ];
  });
}
