import { WRITEGATE } from '../pod/pod.ts';
import { BenchPod } from './bench-pod.ts';
import { type Figure, figure, type Goal, ratioFigure } from './figure.ts';
import type { Section, SectionResult } from './section.ts';
import { ratios, summarize } from './summary.ts';

const GOAL: Goal = { is: 'at most', value: 1.02 };
const SYSTEM = 'reference';
const ROUNDS = 40;
const TURNS = 10;
const WARM_UP_TURNS = 5;

/** Errors that no call of the system meets. */
const UNMET = ['refuse id=space path=/nowhere/** errno=ENOSPC', 'refuse id=block path=/nowhere/file errno=EIO'];

/** What a fault costs that is armed and not met: an error for calls that never come, and the memory of what is not synced. */
export const armedFault: Section = {
  name: 'armed-fault',
  summary: 'warm turns under writegate with errors that no call meets, against the same without them',
  systems: [SYSTEM],
  async measure(bench): Promise<SectionResult> {
    const plan = await bench.cell(SYSTEM);
    const { root } = plan.release.promises;
    const gate = (commands: readonly string[]) => {
      const first = commands.flatMap((line) => ['--command', line]);
      return [WRITEGATE, 'run', '--state', root, '--exit-on-eof', ...first, '--'];
    };
    await using pods = new AsyncDisposableStack();
    const variants: { name: string; pod: BenchPod; turns: number[]; cpuMs: number }[] = [];
    for (const [name, commands] of [
      ['no fault', []],
      ['errors that are not met', UNMET],
      ['what is unsynced, remembered', ['track']],
    ] as const)
      variants.push({
        name,
        turns: [],
        cpuMs: 0,
        pod: pods.use(await BenchPod.start(bench.engine, plan, gate(commands), bench.signal)),
      });
    for (const { pod } of variants) await pod.boot();
    const rounds = bench.rounds ?? ROUNDS;
    for (const { pod } of variants)
      for (let turn = 1; turn <= WARM_UP_TURNS; turn += 1) await pod.goodTurn(`warm-${turn}`);
    for (const variant of variants) variant.cpuMs = await variant.pod.cpuMs();
    for (let round = 1; round <= rounds; round += 1) {
      // One turn of each after the other, and nobody always first.
      for (let turn = 1; turn <= TURNS; turn += 1)
        for (let index = 0; index < variants.length; index += 1) {
          const variant = variants[(index + turn) % variants.length];
          if (variant !== undefined) variant.turns.push(await variant.pod.goodTurn(`turn-${round}-${turn}`));
        }
      if (round % 10 === 0) bench.say(`${round}/${rounds}`);
    }
    for (const variant of variants) variant.cpuMs = (await variant.pod.cpuMs()) - variant.cpuMs;
    const [base, unmet, tracked] = variants;
    if (base === undefined || unmet === undefined || tracked === undefined) throw new Error('a variant is missing');
    const figures: Figure[] = [
      ...variants.map(({ name, turns }) => figure(`${SYSTEM} turn, ${name}`, 'ms', turns)),
      ...[unmet, tracked].map((variant) =>
        figure(
          `${SYSTEM} turn, ${variant.name} / no fault: processor time`,
          '×',
          [variant.cpuMs / base.cpuMs],
          variant === unmet ? GOAL : undefined,
        ),
      ),
      ...[unmet, tracked].map(({ name, turns }) =>
        figure(
          `${SYSTEM} turn, ${name} / no fault: the fastest tenth`,
          '×',
          [fastest(turns) / fastest(base.turns)],
          turns === unmet.turns ? GOAL : undefined,
        ),
      ),
      ...[unmet, tracked].map(({ name, turns }) =>
        ratioFigure(
          `${SYSTEM} turn, ${name} / no fault`,
          summarize(turns).median / summarize(base.turns).median,
          ratios(turns, base.turns),
        ),
      ),
    ];
    return {
      figures,
      notes: [
        'A ratio: of the medians; in brackets the range over what was measured side by side.',
        'Processor time: of the system and of writegate together, over all turns. A busy machine disturbs it less than the time that a turn took.',
        'What is unsynced is remembered only in cells of a fault that loses it: it looks at each file before it is changed or synced.',
      ],
    };
  },
};

/** What a busy machine disturbs least. */
function fastest(turns: readonly number[]): number {
  const tenth = turns.toSorted((a, b) => a - b).slice(0, Math.ceil(turns.length / 10));
  return tenth.reduce((sum, one) => sum + one, 0) / tenth.length;
}
