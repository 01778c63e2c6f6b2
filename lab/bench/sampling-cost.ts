import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { CellPlan } from '../cell/cell.ts';
import { Recorder } from '../evidence/recorder.ts';
import { scratch } from '../owner/scratch.ts';
import { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { INSPECTED } from '../scenario/scenario.ts';
import { Session } from '../session/session.ts';
import type { Release } from '../system.ts';
import { type Figure, figure, type Goal, ratioFigure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';
import { meanInterval, ratios } from './summary.ts';

const GOAL: Goal = { is: 'at most', value: 1.02 };
const ANSWER_LIMIT_MS = 30_000;
/** So rarely that no round sees it. */
const NEVER_MS = 3_600_000;

/** `turns`: in a round, and so between two readings, as the scenarios have them: one point every 8 turns or more. */
const SUBJECTS = [
  { system: 'reference', rounds: 12, turns: 200 },
  { system: 'openclaw', rounds: 8, turns: 16 },
] as const;
const WARM_UP_ROUNDS = 1;
/** A round's turns are driven in so many parts, each system's beside the others'. */
const SHARES = 4;

/** One kind of sampling. */
interface Kind {
  name: string;
  sampleMs: number | undefined;
  isInspected: boolean;
  /** Once a round, in the middle of its turns. */
  look(pod: Pod): Promise<void>;
}

const nothing = async () => undefined;
const heap = async (pod: Pod) => void (await pod.sidecar.heap());
const mappings = async (pod: Pod) => void (await pod.gate.mapped(ANSWER_LIMIT_MS));

const OFF = 'no sampling';
const KINDS: readonly Kind[] = [
  { name: OFF, sampleMs: NEVER_MS, isInspected: false, look: nothing },
  { name: 'memory events', sampleMs: undefined, isInspected: false, look: nothing },
  { name: 'mappings', sampleMs: NEVER_MS, isInspected: false, look: mappings },
  { name: 'inspector', sampleMs: NEVER_MS, isInspected: true, look: nothing },
  { name: 'heap readings', sampleMs: NEVER_MS, isInspected: true, look: heap },
];

/** What looking at a system's memory costs it. */
export const samplingCost: Section = {
  name: 'sampling-cost',
  summary: 'processor time of the same turns with each kind of sampling that the scenarios use, and without',
  systems: SUBJECTS.map((subject) => subject.system),
  async measure(bench): Promise<SectionResult> {
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const subject of SUBJECTS) {
      const measured = await measureSubject(bench, subject);
      figures.push(...figuresOf(subject.system, measured));
      notes.push(...intervalsOf(subject.system, subject.turns, measured));
    }
    return {
      figures,
      notes: [
        ...notes,
        'Processor time: of the system’s container without writegate’s own, which does its share of the first two kinds beside the system; the second line has both.',
        'Memory events: every 100 ms, if the charge has moved. Mappings and heap readings: one in a round. A heap reading collects garbage three times: that is what it costs. ' +
          'Inspector: it listens, and nobody asks it anything.',
        'A ratio: of the sums, in brackets the range over the rounds.',
      ],
    };
  },
};

interface Variant {
  kind: Kind;
  subject: Subject;
  /** Processor time of each round in ms: the system's, and with writegate's. */
  system: number[];
  watched: number[];
}

async function measureSubject(bench: Bench, { system, ...plan }: (typeof SUBJECTS)[number]): Promise<Variant[]> {
  const cell = await bench.cell(system);
  const rounds = bench.rounds ?? plan.rounds;
  await using pods = new AsyncDisposableStack();
  const variants: Variant[] = [];
  for (const kind of KINDS) {
    const subject = pods.use(await Subject.start(bench, cell, kind));
    variants.push({ kind, subject, system: [], watched: [] });
  }
  for (let round = 1; round <= WARM_UP_ROUNDS + rounds; round += 1) {
    await oneRound(variants, round, plan.turns);
    if (round <= WARM_UP_ROUNDS) for (const variant of variants) Object.assign(variant, { system: [], watched: [] });
    else bench.say(`${system} ${round - WARM_UP_ROUNDS}/${rounds}: ${variants.map(inWords).join('; ')}`);
  }
  return variants;
}

const inWords = ({ kind, system }: Variant): string => `${kind.name} ${system.at(-1)?.toFixed(0)} ms`;

/** In short turns, nobody always first: what disturbs one disturbs its neighbours, and only its own share of the round is counted for each. */
async function oneRound(variants: readonly Variant[], round: number, turns: number): Promise<void> {
  const spent = variants.map(() => ({ systemMs: 0, watchedMs: 0 }));
  for (let share = 0; share < SHARES; share += 1) {
    for (let index = 0; index < variants.length; index += 1) {
      const at = (index + round + share) % variants.length;
      const [variant, sums] = [variants[at], spent[at]];
      if (variant === undefined || sums === undefined) continue;
      const { systemMs, watchedMs } = await variant.subject.cpuOf(async () => {
        for (let turn = 0; turn < turns / SHARES; turn += 1) await variant.subject.turn();
        if (share === 0) await variant.subject.look();
      });
      sums.systemMs += systemMs;
      sums.watchedMs += watchedMs;
    }
  }
  for (const [index, { system, watched }] of variants.entries()) {
    system.push(spent[index]?.systemMs ?? 0);
    watched.push(spent[index]?.watchedMs ?? 0);
  }
}

const sum = (samples: readonly number[]): number => samples.reduce((all, one) => all + one, 0);

function split(variants: readonly Variant[]): { base: Variant; others: Variant[] } {
  const [base, ...others] = variants;
  if (base?.kind.name !== OFF) throw new Error('there is nothing to compare with');
  return { base, others };
}

function figuresOf(name: string, variants: readonly Variant[]): Figure[] {
  const { base, others } = split(variants);
  const ratio = (over: readonly number[], under: readonly number[], what: string, goal?: Goal) =>
    ratioFigure(`${name}: ${what} / ${OFF}`, sum(over) / sum(under), ratios(over, under), goal);
  return [
    figure(`${name}: a round, ${OFF}`, 'ms', base.system),
    ...others.flatMap(({ kind, system, watched }) => [
      ratio(system, base.system, kind.name, GOAL),
      ratio(watched, base.watched, `${kind.name}, with writegate’s own`),
    ]),
  ];
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

/** The range of rounds is wide where the mean is known well: what is to be told apart here is 2 %. */
function intervalsOf(name: string, turns: number, variants: readonly Variant[]): string[] {
  const { base, others } = split(variants);
  if (base.system.length < 2) return [];
  return others.map(({ kind, system: cpu }) => {
    const { mean, halfWidth } = meanInterval(ratios(cpu, base.system));
    const more = meanInterval(cpu.map((ms, index) => ms - (base.system[index] ?? 0)));
    const atMost =
      kind.look === nothing
        ? ''
        : ` One in ${seconds(more.mean / (GOAL.value - 1))} of its processor time would be the goal.`;
    return `${name}, ${kind.name}: ${mean.toFixed(3)} ± ${halfWidth.toFixed(3)} (95 % of the mean, ${cpu.length} rounds of ${turns} turns), ${more.mean.toFixed(1)} ± ${more.halfWidth.toFixed(1)} ms a round.${atMost}`;
  });
}

/** A system in a pod of its own, which is looked at in one way. */
class Subject implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #pod: Pod;
  readonly #session: Session;
  readonly #kind: Kind;
  readonly #resources: AsyncDisposableStack;

  private constructor(bench: Bench, pod: Pod, session: Session, kind: Kind, resources: AsyncDisposableStack) {
    this.#bench = bench;
    this.#pod = pod;
    this.#session = session;
    this.#kind = kind;
    this.#resources = resources;
  }

  /** Boots it as a scenario does, and drives its first turn. */
  static async start(bench: Bench, { release, images, spec }: CellPlan, kind: Kind): Promise<Subject> {
    await using undo = new AsyncDisposableStack();
    const folder = undo.use(await scratch('bench'));
    const recorder = undo.use(new Recorder(path.join(folder.path, 'cell')));
    const watched = withEnv(release, kind.isInspected ? INSPECTED : {});
    const pod = undo.use(
      await Pod.start(
        bench.engine,
        {
          label: path.basename(folder.path),
          name: `midwrite-${randomUUID().slice(0, 13)}`,
          release: watched,
          images,
          memoryBytes: spec.memoryBytes,
          ...(kind.sampleMs !== undefined && { sampleMs: kind.sampleMs }),
        },
        recorder,
      ),
    );
    const session = new Session(pod, watched, recorder, bench.signal);
    await session.configure();
    if (!(await session.boot())) throw new Problem('system-died', `it did not get ready: ${pod.gate.lastLines()}`);
    return new Subject(bench, pod, session, kind, undo.move());
  }

  async turn(): Promise<void> {
    this.#bench.signal.throwIfAborted();
    const { acknowledged, error } = await this.#session.turn('warm');
    if (!acknowledged) throw new Problem('system-died', `a turn was not acknowledged: ${error}`);
  }

  async look(): Promise<void> {
    await this.#kind.look(this.#pod);
  }

  /** Processor time that some work takes, in ms: the system's, and with writegate's. */
  async cpuOf(work: () => Promise<void>): Promise<{ systemMs: number; watchedMs: number }> {
    const before = await this.#cpu();
    await work();
    const after = await this.#cpu();
    const watchedMs = (after.allUs - before.allUs) / 1_000;
    return { watchedMs, systemMs: watchedMs - (after.ownUs - before.ownUs) / 1_000 };
  }

  async #cpu(): Promise<{ allUs: number; ownUs: number }> {
    const { cpuUs, ownCpuUs } = await this.#pod.gate.charged(ANSWER_LIMIT_MS);
    if (cpuUs === null)
      throw new Problem('engine-failed', 'the cgroup of the container does not tell its processor time');
    return { allUs: cpuUs, ownUs: ownCpuUs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function withEnv(release: Release, env: Readonly<Record<string, string>>): Release {
  const { boot, usual } = release;
  return { ...release, boot: { ...boot, env: { ...(usual?.env ?? boot.env), ...env } } };
}
