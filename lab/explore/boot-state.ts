import { rmSync } from 'node:fs';
import type { Aftermath } from '../cell-id.ts';
import type { Check } from '../check.ts';
import { checks } from '../checks/index.ts';
import type { DriveResult } from '../drive.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import { EVIDENCE_SCHEMA_VERSION, type EvidenceEvent, type Moment, type Observation } from '../evidence/event.ts';
import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Fault } from '../fault.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { provePlanted } from '../judge/landing.ts';
import type { Pod } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import { inconclusive } from '../result/verdict.ts';
import { upgradeKeeps } from '../scenario/checks/upgrade-keeps.ts';
import { askKept } from '../scenario/other-release.ts';
import { plantsFor, type RolePlant } from '../session/plants.ts';
import { Session } from '../session/session.ts';
import type { Entry, RestoreEntry } from '../sidecar/client.ts';
import { type Promises, type Release, storeEntryPath } from '../system.ts';
import { within } from '../wait.ts';
import { LookedInto } from './alike.ts';
import { differences, sha256Of } from './compare.ts';
import { type FolderImage, type InodeId, inodeAt } from './folder-image.ts';
import type { Processors } from './processors.ts';
import type { AnswerBefore, BeforeUpgrade, Turn } from './record.ts';
import { RecordWriter } from './record-file.ts';
import { endRecord, type Subject } from './record-workload.ts';
import { endedAs, formOf, type SoFar, type Stage, type StandIn, type StandIns } from './stand-ins.ts';

/** What is judged of a state that a system was booted on. */
const BOOT_CHECKS = ['boots', 'serves', 'no-orphans', 'sweep-on-boot', 'acked-durable', 'store-valid'];

/** A system that is asked what it holds says itself whether that is the old or the new. */
const bootChecks = ({ answers }: Promises, { upgrade }: StateToBoot): string[] => [
  ...BOOT_CHECKS,
  ...(answers === undefined ? [] : ['all-or-nothing']),
  ...(upgrade === undefined ? [] : [upgradeKeeps.id]),
];

const checkOf = (id: string): Pick<Check, 'judge'> =>
  id === upgradeKeeps.id ? upgradeKeeps : (checks.find((one) => one.id === id) as Check);

/** Whether what the crash left is older than the system's grace when it boots. */
export type Age = Extract<Aftermath, 'aged' | 'fresh'>;

export interface BootVerdict {
  readonly check: string;
  readonly verdict: 'held' | 'violated' | 'inconclusive' | 'not-applicable' | 'missed';
  readonly detail: string;
}

/** One state, booted. */
export interface Booted {
  readonly age: Age;
  readonly verdicts: readonly BootVerdict[];
  readonly evidence: CellEvidence;
  /** What the system wrote in its recovery is recorded where that was asked for, unless it was never ready. */
  readonly isRecorded: boolean;
  /** What the system looked into, over both of its boots. */
  readonly lookedInto: LookedInto;
  readonly tookMs: number;
}

/** A crash that left this state: there is nothing to strike, the state itself is planted. */
const crash: Fault = {
  name: 'crash-state',
  summary: 'the state that a crash leaves is put into the folder',
  lethal: true,
  oomKills: 0,
  strike: () => Promise.reject(new Error('a state is planted, and nothing is struck')),
  landing: () => ({ landed: false, why: 'a state is planted, and nothing is struck' }),
};

/** A pod's evidence goes to one state after the other, and so does what it records. */
export class StateSink implements EvidenceSink {
  #current: StateEvidence | undefined;
  /** Gets what writegate records, where somebody wants it. */
  writer: RecordWriter | undefined;

  #lookedInto = new LookedInto();

  begin(bootsBefore: number): StateEvidence {
    this.#current = new StateEvidence(bootsBefore);
    this.#lookedInto = new LookedInto();
    return this.#current;
  }

  /** What the system has looked into since the state was planted. */
  get lookedInto(): LookedInto {
    return this.#lookedInto;
  }

  /** Every event of writegate's. */
  event(event: GateEvent): void {
    this.writer?.event(event);
    this.#lookedInto.take(event);
  }

  record(observation: Observation): void {
    this.#current?.record(observation);
  }

  snapshot(moment: Moment, entries: readonly Entry[]): void {
    this.#current?.snapshot(moment, entries);
  }
}

/** The evidence of one state, in memory: the boot in which the crash took place is 1, the one after it 2. */
export class StateEvidence implements EvidenceSink {
  readonly #events: EvidenceEvent[] = [];
  readonly #contents = new Map<string, Uint8Array>();
  readonly #bootsBefore: number;

  constructor(bootsBefore: number) {
    this.#bootsBefore = bootsBefore;
  }

  record(observation: Observation): void {
    const event = { t: Date.now(), ...observation } as EvidenceEvent;
    this.#events.push('boot' in event ? { ...event, boot: event.boot - this.#bootsBefore + 1 } : event);
  }

  /** An event of the boot in which the crash took place. */
  before(event: GateEvent): void {
    this.#events.push({ t: event.t, type: 'gate', boot: 1, event });
  }

  turn(turn: Turn): void {
    const { name, session, text, durable, acknowledged, t } = turn;
    const result = { tSent: t, tEnded: t, acknowledged };
    this.#events.push({ t, type: 'turn', boot: 1, name, session, text, durable, result });
  }

  /** What an upgrade began with. */
  upgradeFrom({ version, made, hadStore }: BeforeUpgrade): void {
    const life = { t: Date.now(), type: 'kept', boot: 0, version, after: 'life', isThere: true, said: '' } as const;
    for (const name of made) this.#events.push({ ...life, name });
    if (!hadStore) this.snapshot('before', []);
  }

  answerBefore(answer: AnswerBefore): void {
    this.#events.push({ t: Date.now(), type: 'answer', moment: 'before', boot: 1, ...answer });
  }

  /** A later look at the same moment takes the place of an earlier one. */
  snapshot(moment: Moment, entries: readonly Entry[]): void {
    const earlier = this.#events.findIndex((event) => event.type === 'snapshot' && event.moment === moment);
    if (earlier >= 0) this.#events.splice(earlier, 1);
    for (const { sha256, contentBase64 } of entries)
      if (sha256 !== undefined && contentBase64 !== undefined)
        this.#contents.set(sha256, Buffer.from(contentBase64, 'base64'));
    this.record({ type: 'snapshot', moment, entries: entries.map(({ contentBase64: _, ...entry }) => entry) });
  }

  get evidence(): CellEvidence {
    return new CellEvidence(this.#events, this.#contents);
  }
}

/** What is booted: a state, what was acknowledged before it, and how the system was seen to write. */
export interface StateToBoot {
  readonly name: string;
  readonly image: FolderImage;
  readonly acknowledged: readonly Turn[];
  readonly seen: readonly GateEvent[];
  /** What the system answered before the write, where it is asked what it holds. */
  readonly before?: AnswerBefore;
  /** Of an upgrade. */
  readonly upgrade?: BeforeUpgrade;
  /** Contents that were a whole version of a file, by their digests. Absent: it is not known. */
  readonly versions?: ReadonlySet<string>;
}

export interface BootStateOptions {
  /** The folder for a record of the first boot. */
  recordTo: string | undefined;
  standIns: StandIns;
  processors: Processors;
  signal: AbortSignal;
}

/**
 * Plants a state, boots the system on it, has it serve a turn, boots it again, and judges what it did; a life that another one stands for is ended early.
 * Never rejects because of the system.
 * @throws Problem engine-lost, no-space, …: the lab can't go on
 */
export async function bootState(
  pod: Pod,
  sink: StateSink,
  subject: Subject,
  state: StateToBoot,
  age: Age,
  { recordTo, standIns, processors, signal }: BootStateOptions,
): Promise<Booted> {
  const began = performance.now();
  const own = sink.begin(pod.bootNumber);
  const { release } = subject;
  const { promises } = release;
  own.record({
    type: 'cell',
    schemaVersion: EVIDENCE_SCHEMA_VERSION,
    id: state.name,
    system: release.system,
    version: release.version,
    crashPoint: state.name,
    fault: crash.name,
    aftermath: age,
    memoryBytes: subject.memoryBytes,
    image: subject.images.system,
    notes: [],
    promises: structuredClone(promises) as never,
  });
  for (const event of state.seen) own.before(event);
  for (const turn of state.acknowledged) own.turn(turn);
  if (state.before !== undefined) own.answerBefore(state.before);
  if (state.upgrade !== undefined) own.upgradeFrom(state.upgrade);
  const session = new Session(pod, release, own, signal);
  let failure: string | undefined;
  const life = new Life({ pod, sink, session, release, own, state, standIns, processors, signal });
  // Whatever comes of it: others may wait for it.
  using _ended = { [Symbol.dispose]: () => standIns.ended(life.stages) };
  const { system, version } = release;
  // One that was broken off, or refused, has left the beginning of a record.
  if (recordTo !== undefined) rmSync(recordTo, { recursive: true, force: true });
  using writer =
    recordTo === undefined
      ? undefined
      : new RecordWriter(recordTo, { system, version, workload: 'recovery', root: promises.root });
  sink.writer = writer;
  try {
    await prepare(pod, state, plantsFor(promises, age, state.seen), age, own, session);
    await life.live();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem && (error.code === 'engine-lost' || error.code === 'no-space')) throw error;
    failure = describe(error);
  } finally {
    sink.writer = undefined;
    await stopped(pod);
  }
  const { evidence } = own;
  const { lookedInto } = sink;
  const { standIn, stages, isRecorded } = life;
  const seen = judgeBoot(evidence, state, failure);
  if (standIn !== undefined) lookedInto.add(standIn.lookedInto);
  const verdicts = standIn === undefined || failure !== undefined ? seen : endedAs(standIn, seen);
  if (failure === undefined) standIns.lived(stages, { name: state.name, verdicts, lookedInto }, standIn === undefined);
  return {
    age,
    verdicts,
    evidence,
    isRecorded,
    lookedInto,
    tookMs: performance.now() - began,
  };
}

async function prepare(
  pod: Pod,
  state: StateToBoot,
  plants: readonly RolePlant[],
  age: Age,
  own: StateEvidence,
  session: Session,
): Promise<void> {
  const { sweepGraceMs } = pod.promises;
  const byMs = age === 'aged' ? sweepGraceMs + HOUR_MS : 0;
  await pod.sidecar.restore(pod.root, restoreEntries(state.image), byMs);
  own.record({ type: 'aged', byMs, why: 'aftermath' });
  await pod.sidecar.plant(plants.map(({ role: _, ...plant }) => plant));
  own.record({ type: 'planted', files: plants.map(({ role, path, ageMs }) => ({ role, path, ageMs })) });
  await session.snapshot('prepared');
  // What a process would read in a database is read where the state was planted.
  const { evidence } = own;
  const rows = evidence.entry('prepared', rowsPath(pod.promises));
  own.snapshot('struck', [...entriesOf(state.image), ...(rows === undefined ? [] : [rows])]);
}

/** A name that only the evidence has: what a process would read in a database. */
const rowsPath = ({ store }: Promises): string => (store.format === 'sqlite' ? storeEntryPath(store) : '');

/** Where a life is lived, on what, and by whom it may be ended early. */
interface LifeParts {
  pod: Pod;
  sink: StateSink;
  session: Session;
  release: Release;
  own: StateEvidence;
  state: StateToBoot;
  standIns: StandIns;
  processors: Processors;
  signal: AbortSignal;
}

/** What a system lives through on a state. */
class Life {
  /** What the boot wrote is recorded. */
  isRecorded = false;
  /** Who stands for the rest of it, where it was ended early. */
  standIn: StandIn | undefined;
  /** What it had come to at the end of each stage after which it was lived further. */
  readonly stages = new Map<Stage, SoFar>();
  readonly #at: LifeParts;
  /** What a system answers can't be stood for: it is asked after each stage, and costs little. */
  readonly #mayEndEarly: boolean;

  constructor(at: LifeParts) {
    this.#at = at;
    this.#mayEndEarly = at.standIns.isUsed && at.pod.promises.answers === undefined;
  }

  async live(): Promise<void> {
    const { processors } = this.#at;
    const isUp = await processors.compute(() => this.#boot());
    if (!isUp) return;
    if (this.#mayEndEarly) await this.#afterBoot();
    if (await this.#isStoodFor('boot', 'served')) return;
    const after = await processors.compute(() => this.#at.session.turn('after'));
    await this.#afterTurn(after);
    if (await this.#isStoodFor('turn', 'stopped')) return;
    await processors.compute(() => this.#bootAgain());
  }

  /** @returns it got ready */
  async #boot(): Promise<boolean> {
    const { pod, sink, session, release, own, state, signal } = this.#at;
    own.record({ type: 'phase', name: 'recover' });
    const { writer } = sink;
    if (!(await session.boot(writer === undefined ? {} : { firstCommands: ['record'] }))) return false;
    const answer = await session.read('booted');
    await session.snapshot('booted');
    if (writer !== undefined) {
      await (answer === undefined ? session.quiet() : session.settled(answer));
      const entries = await recordEnded(pod, writer, signal);
      sink.writer = undefined;
      this.isRecorded = entries !== undefined;
      if (entries !== undefined) writer.add({ kind: 'end', entries });
      if (this.isRecorded && writer.failure !== undefined) throw writer.failure;
    }
    if (state.upgrade !== undefined) await askKept(pod, release, own, 'crash');
    return true;
  }

  async #afterBoot(): Promise<void> {
    const { session } = this.#at;
    await this.#sweepTime();
    await session.quiet();
    await session.snapshot('served');
  }

  async #afterTurn(after: DriveResult): Promise<void> {
    const { session } = this.#at;
    await this.#sweepTime();
    await session.settled(after);
    await session.read('served');
    await session.snapshot('served');
    await session.stop();
    await session.snapshot('stopped');
  }

  async #sweepTime(): Promise<void> {
    const { session, own } = this.#at;
    await session.sweepTime(own.evidence.temps('booted').map(({ path }) => path));
  }

  async #bootAgain(): Promise<void> {
    const { session, own } = this.#at;
    own.record({ type: 'phase', name: 'boot again' });
    if (!(await session.boot())) return;
    await session.read('rebooted');
    await session.snapshot('rebooted');
  }

  async #isStoodFor(stage: Stage, moment: Moment): Promise<boolean> {
    if (!this.#mayEndEarly) return false;
    const { own, state, standIns, processors } = this.#at;
    const { evidence } = own;
    const entries = (of: Moment) => evidence.snapshot(of)?.entries ?? [];
    const verdicts = judgeBoot(evidence, state, undefined);
    const form = formOf(entries('prepared'), entries(moment), verdicts, (file) => this.#alike(file));
    this.standIn = await standIns.at(stage, form, () => processors.isScarce);
    if (this.standIn === undefined) this.stages.set(stage, { form, verdicts });
    return this.standIn !== undefined;
  }

  /** What a file that is as it was planted has in common with others that have other bytes. Undefined: nothing. */
  #alike(file: string): string | undefined {
    const { sink, state } = this.#at;
    if (!sink.lookedInto.has(file)) return 'not opened';
    const digest = inodeAt(state.image, file)?.content.digest;
    return digest !== undefined && state.versions?.has(digest) === true ? 'whole' : undefined;
  }
}

/** Undefined: the system has died, of the question what it holds for one. What follows in its life says so; there is no record of its boot. */
async function recordEnded(pod: Pod, writer: RecordWriter, signal: AbortSignal): Promise<Entry[] | undefined> {
  try {
    return await endRecord(pod, writer, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (await pod.container.isRunning()) throw error;
    return undefined;
  }
}

const HOUR_MS = 60 * 60_000;
const STOP_LIMIT_MS = 30_000;

/** The next state is planted into a folder that nobody uses: a system that still runs, or hangs, is killed. */
async function stopped(pod: Pod): Promise<void> {
  if (pod.bootNumber === 0) return;
  if (await pod.container.isRunning()) {
    await pod.container.signal('SIGKILL').catch(() => undefined);
    await pod.container.ended(STOP_LIMIT_MS);
  }
  // Until then what it opened may still be on its way.
  await within({ name: "the system's last events", limitMs: STOP_LIMIT_MS }, pod.gate.ended);
}

function judgeBoot(evidence: CellEvidence, state: StateToBoot, failure: string | undefined): BootVerdict[] {
  const planted = new Set(evidence.of('planted').flatMap((event) => event.files.map((file) => file.path)));
  const prepared = evidence.snapshot('prepared')?.entries;
  const { promises } = evidence.cell;
  const isLeftOut = (path: string) => planted.has(path) || path === rowsPath(promises);
  const wrong = prepared === undefined ? ['it was never planted'] : differences(state.image, prepared, isLeftOut);
  const proof = provePlanted(state.name, wrong);
  return bootChecks(promises, state).map((id) => {
    const reason = promises.notPromised?.[id];
    if (reason !== undefined) return { check: id, verdict: 'not-applicable', detail: `it is not promised: ${reason}` };
    if (failure !== undefined) return { check: id, verdict: 'inconclusive', detail: `the lab failed: ${failure}` };
    if ('verdict' in proof) return { check: id, verdict: proof.verdict.verdict, detail: proof.verdict.detail };
    try {
      const { verdict, detail } = checkOf(id).judge({ evidence, fault: crash, proof: proof.proof });
      return { check: id, verdict, detail };
    } catch (error) {
      const { verdict, detail } = inconclusive(`the check itself failed: ${describe(error)}`);
      return { check: id, verdict, detail };
    }
  });
}

/** A state as a listing, with the contents of its files. */
export function entriesOf({ names, inodes }: FolderImage): Entry[] {
  const unknown = { uid: 0, nlink: 1, mtimeMs: 0, ctimeMs: 0 };
  return [...names].sort(byPath).flatMap(([path, id]): Entry[] => {
    const inode = inodes.get(id);
    if (inode === undefined) return [];
    const { type, mode, content, target } = inode;
    const file =
      type === 'file'
        ? { sha256: sha256Of(content), contentBase64: content.slice(0, content.size).toString('base64') }
        : {};
    return [
      { path, type, mode, size: content.size, ino: id, ...unknown, ...(target !== undefined && { target }), ...file },
    ];
  });
}

const byPath = ([a]: [string, InodeId], [b]: [string, InodeId]) => (a < b ? -1 : 1);

/** The same for the sidecar, which makes it so. What is no file, folder or link (a socket, say) can't be made, and is missed in the comparison. */
export function restoreEntries({ names, inodes }: FolderImage): RestoreEntry[] {
  const first = new Map<InodeId, string>();
  return [...names].sort(byPath).flatMap(([path, id]): RestoreEntry[] => {
    const inode = inodes.get(id);
    if (inode === undefined || inode.type === 'other') return [];
    const { type, mode, content, target } = inode;
    const sameAs = first.get(id);
    first.set(id, sameAs ?? path);
    const pieces = sameAs === undefined ? content.chunks : [];
    return [
      { path, type, mode, pieces, ...(target !== undefined && { target }), ...(sameAs !== undefined && { sameAs }) },
    ];
  });
}
