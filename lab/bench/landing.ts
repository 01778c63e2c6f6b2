import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CellPlan, runCell } from '../cell/cell.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { judge } from '../judge/judge.ts';
import { scratch } from '../owner/scratch.ts';
import { randomFrom } from '../random.ts';
import { BenchPod } from './bench-pod.ts';
import { figure } from './figure.ts';
import { LEFT, type Left, leftBy } from './random-kill.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { summarize } from './summary.ts';

const ROUNDS = 50;
const ORDINARY_TURNS = 3;
/** Far more than one kill can outlast; a system that survives this many was not killed. */
const TURNS_MAX = 1_000;

/** How many faults land where they should: held and struck, against `docker kill` at random moments of the same workload. */
export const landing: Section = {
  name: 'landing',
  summary: 'faults that land at full-temp: hold and strike, against `docker kill` at random moments',
  systems: ['reference'],
  async measure(bench): Promise<SectionResult> {
    const plan = await bench.cell('reference');
    const rounds = bench.rounds ?? ROUNDS;
    const random = randomFrom(bench.seed);
    const landed: boolean[] = [];
    const kills: Kill[] = [];
    const notes: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const cell = await strikeHeld(bench, plan, round);
      landed.push(cell.landed);
      if (!cell.landed) notes.push(`cell ${round} did not land: ${cell.detail}`);
      kills.push(await killAtRandom(bench, plan, random));
      bench.say(
        `${round}/${rounds}: held ${cell.landed ? 'landed' : 'missed'}; random kill left ${kills.at(-1)?.left}`,
      );
    }
    const count = (...left: Left[]) => kills.filter((kill) => left.includes(kill.left)).length;
    const turnMs = summarize(kills.map((kill) => kill.ordinaryMs));
    return {
      figures: [
        figure(`cells that landed, of ${rounds}`, 'count', [landed.filter(Boolean).length], {
          is: 'at least',
          value: rounds,
        }),
        figure(`random kills that left what full-temp leaves, of ${rounds}`, 'count', [count('whole temp')]),
        figure(`random kills within the write (any temp left), of ${rounds}`, 'count', [
          count('whole temp', 'torn temp', 'empty temp'),
        ]),
      ],
      notes: [
        ...notes,
        `What the random kills left: ${LEFT.map((left) => `${left} ${count(left)}`).join(', ')}.`,
        `An ordinary turn took ${turnMs.median.toFixed(0)} ms (${turnMs.min.toFixed(0)}–${turnMs.max.toFixed(0)}); each kill was sent at a random moment ` +
          'of one while turns were driven without a pause, so its way through the engine (longer than the turn) makes no kill come too late.',
      ],
    };
  },
};

async function strikeHeld(bench: Bench, plan: CellPlan, attempt: number): Promise<{ landed: boolean; detail: string }> {
  await using folder = await scratch('bench');
  const cell = path.join(folder.path, 'cell');
  const quiet = { phase: () => undefined };
  await runCell(
    bench.engine,
    { ...plan, spec: { ...plan.spec, attempt } },
    cell,
    path.basename(folder.path),
    quiet,
    bench.signal,
  );
  const { verdict, detail } = judge(await loadEvidence(cell));
  return { landed: verdict !== 'missed' && verdict !== 'inconclusive', detail };
}

interface Kill {
  left: Left;
  /** Median of the turns just before it. */
  ordinaryMs: number;
}

/** The same pod and workload as the cell's, under writegate too, and nobody holds anything. */
async function killAtRandom(bench: Bench, plan: CellPlan, random: () => number): Promise<Kill> {
  const { root } = plan.release.promises;
  const wrapper = ['writegate', 'run', '--state', root, '--exit-on-eof', '--'];
  await using pod = await BenchPod.start(bench.engine, plan, wrapper, bench.signal);
  await pod.boot();
  await pod.goodTurn('warm');
  const ordinary: number[] = [];
  for (let turn = 1; turn <= ORDINARY_TURNS; turn += 1) ordinary.push(await pod.goodTurn(`ordinary-${turn}`));
  const ordinaryMs = summarize(ordinary).median;
  const workload = turnsUntilOneFails(pod);
  await pause(random() * ordinaryMs);
  await pod.end('SIGKILL');
  const { session } = await workload;
  return { left: leftBy(await pod.snapshot(), plan.release.promises, session), ordinaryMs };
}

/** The turn that was not acknowledged. */
async function turnsUntilOneFails(pod: BenchPod): Promise<{ session: string }> {
  for (let turn = 1; turn <= TURNS_MAX; turn += 1) {
    const { acknowledged, session } = await pod.turn(`struck-${turn}`);
    if (!acknowledged) return { session };
  }
  throw new Error(`${TURNS_MAX} turns went well after a SIGKILL`);
}
