import { readFileSync } from 'node:fs';
import path from 'node:path';
import { imagesFolder } from '../image/recipe.ts';
import { BenchPod } from './bench-pod.ts';
import { type Figure, figure, type Goal, ratioFigure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { ratios, summarize } from './summary.ts';

const GOAL: Goal = { is: 'at most', value: 1.05 };
const WARM_UP_TURNS = 2;

/** Systems, and how often each is booted and driven. The small one is cheap, and its boot is so short that it takes more of them. */
const SUBJECTS = [
  { system: 'openclaw', rounds: 6, turns: 6 },
  { system: 'reference', rounds: 10, turns: 10 },
] as const;

/** What being watched costs a system: under writegate, without it, and under strace with the same syscalls. */
export const holdCost: Section = {
  name: 'hold-cost',
  summary: 'boots and warm turns under writegate, without it, and under strace -f --seccomp-bpf of the same syscalls',
  systems: SUBJECTS.map((subject) => subject.system),
  async measure(bench): Promise<SectionResult> {
    const figures: Figure[] = [];
    for (const subject of SUBJECTS) figures.push(...(await measureSubject(bench, subject)));
    return {
      figures,
      notes: [
        'A boot: from the start of the same container until it is ready (polled every 25 ms). A ratio: of the medians; in brackets the range over what was measured side by side. ' +
          'The fastest of each, and the processor time of the container (watcher included), are what a busy machine disturbs least.',
        'strace can select syscalls and not their arguments: it stops at every openat, mmap and ioctl, of which writegate sees only those that change files.',
      ],
    };
  },
};

interface Variant {
  pod: BenchPod;
  name: string;
  boots: number[];
  turns: number[];
  /** Processor time of all that is in the system's container, its watcher too, by round: for the boot, and for the turns that followed. */
  bootCpu: number[];
  turnsCpu: number[];
}

async function measureSubject(bench: Bench, subject: (typeof SUBJECTS)[number]): Promise<Figure[]> {
  const plan = await bench.cell(subject.system);
  const rounds = bench.rounds ?? subject.rounds;
  await using pods = new AsyncDisposableStack();
  const variants: Variant[] = [];
  for (const [name, wrapper] of wrappers(plan.release.promises.root)) {
    const pod = pods.use(await BenchPod.start(bench.engine, plan, wrapper, bench.signal));
    variants.push({ pod, name, ...nothing() });
  }
  // Round 0 makes the containers and what a system writes at its very first boot; it is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    await oneRound(variants, round, subject.turns);
    if (round === 0) for (const variant of variants) Object.assign(variant, nothing());
    else bench.say(`${subject.system} ${round}/${rounds}: ${variants.map(inWords).join('; ')}`);
  }
  return figuresOf(subject.system, variants);
}

const nothing = () => ({ boots: [], turns: [], bootCpu: [], turnsCpu: [] });

/** One boot after the other, then turns in turn: what is compared lies as close together as can be. */
async function oneRound(variants: readonly Variant[], round: number, turns: number): Promise<void> {
  for (const { pod, boots } of rotated(variants, round)) boots.push(await pod.boot());
  const afterBoot = await cpuOf(variants);
  for (let turn = 1; turn <= WARM_UP_TURNS; turn += 1)
    for (const { pod } of variants) await pod.goodTurn(`warm-${round}-${turn}`);
  for (let turn = 1; turn <= turns; turn += 1)
    for (const variant of rotated(variants, turn))
      variant.turns.push(await variant.pod.goodTurn(`turn-${round}-${turn}`));
  const afterTurns = await cpuOf(variants);
  for (const [index, { pod, bootCpu, turnsCpu }] of variants.entries()) {
    const bootMs = afterBoot[index] ?? 0;
    bootCpu.push(bootMs);
    turnsCpu.push((afterTurns[index] ?? 0) - bootMs);
    await pod.end('SIGKILL');
  }
}

/** At once for all, since an engine may take a second to answer. */
const cpuOf = (variants: readonly Variant[]): Promise<number[]> =>
  Promise.all(variants.map((variant) => variant.pod.cpuMs()));

/** Nobody always comes first, or after the same neighbour's disturbance. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function inWords({ name, boots, turns }: Variant): string {
  return `${name} boot ${boots.at(-1)?.toFixed(0)} ms, turn ${turns.at(-1)?.toFixed(1)} ms`;
}

const WITHOUT = 'without';
const UNDER_WRITEGATE = 'under writegate';

/** What a boot command is handed to, by the name of the variant. */
function wrappers(root: string): [name: string, wrapper: string[]][] {
  const trace = notifiedSyscalls()
    // A question mark: a name that this strace or this processor does not know is left out.
    .map((name) => `?${name}`)
    .join(',');
  return [
    [WITHOUT, []],
    [UNDER_WRITEGATE, ['writegate', 'run', '--state', root, '--exit-on-eof', '--']],
    [
      'under strace',
      ['strace', '-f', '--seccomp-bpf', '-qq', '-e', `trace=${trace}`, '-e', 'signal=none', '-o', '/dev/null', '--'],
    ],
  ];
}

/** The syscalls of writegate's filter, from its own list. */
function notifiedSyscalls(): string[] {
  const source = readFileSync(path.join(imagesFolder, 'writegate/src/syscalls.c'), 'utf8');
  return [...source.matchAll(/^\s*RULE\((\w+),/gm)].map((match) => match[1] ?? '');
}

function figuresOf(system: string, variants: readonly Variant[]): Figure[] {
  const base = variants.find((variant) => variant.name === WITHOUT);
  if (base === undefined) throw new Error('there is nothing to compare with');
  return (['boot', 'turn'] as const).flatMap((what) => {
    const wall = (variant: Variant) => (what === 'boot' ? variant.boots : variant.turns);
    const cpu = (variant: Variant) => (what === 'boot' ? variant.bootCpu : variant.turnsCpu);
    const absolute = variants.map((variant) => figure(`${system} ${what} ${variant.name}`, 'ms', wall(variant)));
    const relative = variants
      .filter((variant) => variant !== base)
      .flatMap((variant) => {
        const title = `${system} ${what} ${variant.name} / ${WITHOUT}`;
        const goal = variant.name === UNDER_WRITEGATE ? GOAL : undefined;
        return [
          ratioOf(title, wall(variant), wall(base), goal),
          figure(`${title}: the fastest of each`, '×', [summarize(wall(variant)).min / summarize(wall(base)).min]),
          ratioOf(`${title}: processor time`, cpu(variant), cpu(base)),
        ];
      });
    return [...absolute, ...relative];
  });
}

function ratioOf(name: string, over: readonly number[], under: readonly number[], goal?: Goal): Figure {
  return ratioFigure(name, summarize(over).median / summarize(under).median, ratios(over, under), goal);
}
