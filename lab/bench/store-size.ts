import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { grownReference } from '../../images/reference/seed.ts';
import type { CellPlan } from '../cell/cell.ts';
import { Recorder } from '../evidence/recorder.ts';
import { scratch } from '../owner/scratch.ts';
import { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { exchange } from '../session/exchange.ts';
import { Session } from '../session/session.ts';
import { fill, type Release } from '../system.ts';
import { grownRows, plantLarge } from '../workload/planting.ts';
import { type Figure, figure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const MB = 1_000_000;
const MiB = 1024 * 1024;
const SIZES_MB = [0.1, 1, 10, 100] as const;
/** Enough for the journal to be folded at least once (256 KiB of records of some 400 bytes). */
const REFERENCE_TURNS = 900;
const OPENCLAW_TURNS = 3;
/** Boots of the reference gateway, the first on the planted store, the others on what its turns left. */
const BOOTS = 10;

/** What a turn writes, what a boot takes and what memory is charged, by the size of the store. */
export const storeSize: Section = {
  name: 'store-size',
  summary: 'bytes that a turn writes, boot and memory, for stores of 0.1, 1, 10 and 100 MB',
  systems: ['reference', 'openclaw'],
  async measure(bench): Promise<SectionResult> {
    const figures: Figure[] = [];
    const notes: string[] = [];
    const charged = new Map<number, number>();
    const perTurn = new Map<number, number>();
    for (const sizeMb of SIZES_MB) {
      const measured = await ofReference(bench, sizeMb);
      charged.set(sizeMb, measured.chargedBytes);
      perTurn.set(sizeMb, measured.bytesPerTurn);
      figures.push(...figuresOf('reference', sizeMb, measured));
    }
    figures.push(
      figure('reference: bytes a turn, 100 MB / 0.1 MB', '×', [(perTurn.get(100) ?? 0) / (perTurn.get(0.1) ?? 1)]),
      figure('reference: memory, 100 MB / 1 MB', '×', [(charged.get(100) ?? 0) / (charged.get(1) ?? 1)], {
        is: 'at most',
        value: 1.5,
      }),
    );
    for (const sizeMb of SIZES_MB) {
      try {
        figures.push(...figuresOf('openclaw', sizeMb, await ofOpenclaw(bench, sizeMb)));
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'system-died') throw error;
        notes.push(`openclaw with a store of ${sizeMb} MB: ${error.message}`);
      }
    }
    return {
      figures,
      notes: [
        ...notes,
        'Bytes: the sum of all writes in the state folder as writegate saw them, from the first measured turn until the folder was quiet, divided by the turns.',
        `Reference: histories of this size together in 20 to 480 sessions, ${REFERENCE_TURNS} turns in the default configuration, folds included. OpenClaw: sessions.json made this large by copies of one of its own rows, ${OPENCLAW_TURNS} warm turns, under a limit of 4 GiB.`,
        'Memory: the most that was charged to the cgroup, file cache included.',
      ],
    };
  },
};

interface Measured {
  bytesPerTurn: number;
  bootMs: number[];
  chargedBytes: number;
  turnMs: number[];
  storeBytes: number;
}

function figuresOf(system: string, sizeMb: number, measured: Measured): Figure[] {
  const at = `${system}, ${sizeMb} MB`;
  return [
    figure(`${at}: bytes a turn`, 'B', [measured.bytesPerTurn]),
    figure(`${at}: turn`, 'ms', measured.turnMs),
    figure(`${at}: boot to ready in its container`, 'ms', measured.bootMs, bootGoal(system)),
    figure(`${at}: memory`, 'MB', [measured.chargedBytes / MB]),
    figure(`${at}: sessions.json afterwards`, 'B', [measured.storeBytes]),
  ];
}

/** What the reference gateway is to reach; a goal for OpenClaw would be ours and not its own. */
const bootGoal = (system: string) => (system === 'reference' ? ({ is: 'at most', value: 300 } as const) : undefined);

/** A pod with nothing but the system's own configuration, and what is needed to look at it. */
class Subject implements AsyncDisposable {
  readonly pod: Pod;
  readonly session: Session;
  readonly #release: Release;
  readonly #resources: AsyncDisposableStack;

  private constructor(pod: Pod, session: Session, release: Release, resources: AsyncDisposableStack) {
    this.pod = pod;
    this.session = session;
    this.#release = release;
    this.#resources = resources;
  }

  static async start(bench: Bench, plan: CellPlan, release: Release, memoryBytes: number): Promise<Subject> {
    await using undo = new AsyncDisposableStack();
    const folder = undo.use(await scratch('bench'));
    const recorder = undo.use(new Recorder(path.join(folder.path, 'cell')));
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    const spec = { label: path.basename(folder.path), name, release, images: plan.images, memoryBytes };
    const pod = undo.use(await Pod.start(bench.engine, spec, recorder));
    return new Subject(pod, new Session(pod, release, recorder, bench.signal), release, undo.move());
  }

  /** Ms from the start of the program in its container until it is ready. */
  async boot(): Promise<number> {
    const ready = await this.session.boot();
    const now = Date.now();
    if (!ready) throw new Problem('system-died', `it did not get ready: ${this.pod.gate.lastLines()}`);
    return Math.round(now - (this.pod.gate.events.find((event) => event.ev === 'start')?.t ?? now));
  }

  async turn(session: string): Promise<number> {
    const values = { session, text: `midwrite-text-${randomUUID()}` };
    const { result } = exchange(
      this.pod.sidecar,
      fill(this.#release.write, values),
      values.text,
      this.#release.promises.serveWithinMs,
    );
    const { tSent, tEnded, acknowledged, error } = await result;
    if (!acknowledged) throw new Problem('system-died', `a turn was not acknowledged: ${error}`);
    return tEnded - tSent;
  }

  /** Turns one after the other until the folder is quiet, and what they wrote. */
  async turns(sessions: readonly string[], bootMs: number[]): Promise<Measured> {
    await this.session.quiet();
    const from = this.pod.gate.events.length;
    const turnMs: number[] = [];
    for (const session of sessions) turnMs.push(await this.turn(session));
    await this.session.quiet();
    const events = this.pod.gate.events;
    const bytes = events
      .slice(from)
      .reduce((sum, event) => sum + (event.ev === 'op' && event.op === 'write' ? (event.bytes ?? 0) : 0), 0);
    const chargedBytes = events.reduce(
      (most, event) => (event.ev === 'memory' ? Math.max(most, event.currentBytes) : most),
      0,
    );
    const { root, store } = this.#release.promises;
    const entries = await this.pod.sidecar.snapshot(root, [], 0);
    const storeBytes = entries.find((entry) => entry.path === store.path)?.size ?? 0;
    return { bytesPerTurn: Math.round(bytes / sessions.length), bootMs, chargedBytes, turnMs, storeBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

async function ofReference(bench: Bench, sizeMb: number): Promise<Measured> {
  const plan = await bench.cell('reference');
  const { FOLD_BYTES: _, MAX_ENTRIES: __, SWEEP_INTERVAL_MS: ___, ...env } = plan.release.boot.env;
  const boot = { ...plan.release.boot, env: { ...env, RATE_LIMIT: '1000000' }, files: [] };
  await using subject = await Subject.start(bench, plan, { ...plan.release, boot }, 512 * MiB);
  const { keys, files } = grownReference(sizeMb * MB);
  await plantLarge(subject.pod.sidecar, files);
  const bootMs = [await subject.boot()];
  const turns = bench.rounds ?? REFERENCE_TURNS;
  const measured = await subject.turns(
    Array.from({ length: turns }, (_, index) => keys[index % 20] ?? ''),
    bootMs,
  );
  while (bootMs.length < BOOTS) {
    await subject.session.stop();
    bootMs.push(await subject.boot());
  }
  bench.say(`reference ${sizeMb} MB: ${measured.bytesPerTurn} bytes a turn, boots ${bootMs.join(', ')} ms`);
  return measured;
}

async function ofOpenclaw(bench: Bench, sizeMb: number): Promise<Measured> {
  const plan = await bench.cell('openclaw');
  const { promises } = plan.release;
  await using subject = await Subject.start(bench, plan, plan.release, 4096 * MiB);
  await subject.session.configure();
  await subject.boot();
  await subject.turn('first');
  await subject.session.quiet();
  await subject.session.stop();
  const entries = await subject.pod.sidecar.snapshot(promises.root, [promises.store.path], 16 * MiB);
  const content = entries.find((entry) => entry.path === promises.store.path)?.contentBase64 ?? '';
  const store = Buffer.from(content, 'base64').toString('utf8');
  await plantLarge(subject.pod.sidecar, [{ path: promises.store.path, content: grownRows(store, sizeMb * MB) }]);
  const bootMs = [await subject.boot()];
  await subject.turn('warm');
  const measured = await subject.turns(
    Array.from({ length: OPENCLAW_TURNS }, () => 'warm'),
    bootMs,
  );
  bench.say(
    `openclaw ${sizeMb} MB: ${measured.bytesPerTurn} bytes a turn, boot ${bootMs.join()} ms, sessions.json ${measured.storeBytes}`,
  );
  return measured;
}
