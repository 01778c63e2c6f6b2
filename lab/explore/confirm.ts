import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pMap from 'p-map';
import { globOf } from '../crash-point/places.ts';
import type { Engine } from '../engine/engine.ts';
import type { EvidenceSink } from '../evidence/recorder.ts';
import { type ArmSpec, command, type GateEventOf } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import { Pod } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import { Session } from '../session/session.ts';
import { type Beginner, prepare, startCleanup } from '../workload/beginning.ts';
import type { Workload } from '../workload/workload.ts';
import type { BootJournal } from './boot-journal.ts';
import { restoreEntries } from './boot-state.ts';
import { differences } from './compare.ts';
import type { Processors } from './processors.ts';
import type { Step, WriteRecord } from './record.ts';
import { openRecord, RecordWriter } from './record-file.ts';
import type { Subject } from './record-workload.ts';
import { Replay } from './replay.ts';

/** A real crash at a place of the record: what it left, against what the model says of the same calls. */
export interface Confirmation {
  at: string;
  agrees: boolean;
  differences: string[];
}

const HOLD = 'confirm';
const HOLD_LIMIT_MS = 60_000;
const END_LIMIT_MS = 30_000;
/** A few of each kind are enough to see that the model is right. */
const PLACES_MOST = 6;

/** A step of the record, and the hold that stops there. */
interface Place {
  step: number;
  arm: ArmSpec;
}

/** Where a real crash is tried: the first call of each kind, and the inside of the longest write. */
export function places(record: WriteRecord): Place[] {
  const found: Place[] = [];
  const ops = new Set<string>();
  for (const [step, one] of record.steps.entries()) {
    if (one.op === 'mapped' || ops.has(one.op)) continue;
    ops.add(one.op);
    found.push({ step, arm: armOf(record, step, 'before') });
  }
  const writes = record.steps.map((one, step) => ({ step, bytes: one.op === 'write' ? (one.bytes ?? 0) : 0 }));
  const longest = writes.reduce((best, one) => (one.bytes > best.bytes ? one : best), { step: -1, bytes: 1 });
  if (longest.step === -1) return found.slice(0, PLACES_MOST);
  return [...found.slice(0, PLACES_MOST - 1), { step: longest.step, arm: armOf(record, longest.step, 'torn') }];
}

function armOf(record: WriteRecord, index: number, at: ArmSpec['at']): ArmSpec {
  const step = record.steps[index] as Step;
  const pattern = patternIn(record, step);
  const isLike = (one: Step) => one.op === step.op && fitsPattern(one.path, pattern);
  const nth = record.steps.slice(0, index + 1).filter(isLike).length;
  return { op: step.op, path: pattern, nth, at };
}

interface RealCrashOptions {
  /** At most so many. Absent: all places. */
  crashes?: number;
  /** Its places are every so many of them. Absent: all. */
  shard?: { readonly index: number; readonly count: number };
  processors: Processors;
  /** By performance.now(): none begins after it. */
  endsAt: number;
  journal: BootJournal;
  signal: AbortSignal;
  say(line: string): void;
}

/**
 * The pattern of a call's path in another run: what was made in the record and is gone at its end, a temp or a folder of temps, may have any name there.
 */
function patternIn({ base, end, root }: WriteRecord, step: Step): string {
  const names = globOf(step).split('/');
  const lasting = new Set([
    root,
    ...base.flatMap((effect) => (effect.kind === 'name' ? [effect.path] : [])),
    ...end.map((entry) => entry.path),
  ]);
  const above = (count: number) =>
    step.path
      .split('/')
      .slice(0, count + 1)
      .join('/');
  return names
    .map((name, index) => (index === 0 || isOutside(above(index), root) || lasting.has(above(index)) ? name : '*'))
    .join('/');
}

const isOutside = (file: string, root: string) => !file.startsWith(`${root}/`);

/** One that was not tried yet. */
interface RealCrash {
  readonly at: string;
  readonly arm: ArmSpec;
  readonly index: number;
}

/** What is struck for real, and where. */
interface CrashParts {
  engine: Engine;
  subject: Subject;
  record: WriteRecord;
  workload: Workload;
  /** Gets what each of them left. */
  folder: string;
  label: string;
}

/**
 * The real crashes of an exploration: each runs the workload again, kills the system at its place, and compares the folder with the replay of the calls
 * until then.
 */
export class RealCrashes {
  readonly #parts: CrashParts;
  readonly #options: RealCrashOptions;
  readonly #waiting: RealCrash[] = [];
  readonly #found = new Map<number, Confirmation>();

  constructor(parts: CrashParts, options: RealCrashOptions) {
    this.#parts = parts;
    this.#options = options;
    const { crashes, shard = WHOLE, journal } = options;
    const own = places(parts.record)
      .slice(0, crashes)
      .filter((_, index) => index % shard.count === shard.index - 1);
    for (const [index, { step, arm }] of own.entries()) {
      const at = `call ${step + 1} (${arm.op} ${arm.path}, ${arm.at})`;
      const known = journal.crash(at);
      if (known === undefined) this.#waiting.push({ at, arm, index });
      else this.#found.set(index, known);
    }
  }

  /** Begins one that was not tried. @returns its end; undefined: there is none, or no time for it */
  next(): Promise<void> | undefined {
    if (performance.now() > this.#options.endsAt) return undefined;
    const one = this.#waiting.shift();
    return one === undefined ? undefined : this.#try(one);
  }

  async #try(one: RealCrash): Promise<void> {
    const { at, arm, index } = one;
    const { endsAt, journal, processors, signal, say } = this.#options;
    try {
      const found = await processors.compute(async () => {
        if (performance.now() > endsAt) return undefined;
        say(`a real crash at ${at}`);
        return crashAt(this.#parts, arm, index, signal);
      });
      if (found === undefined) {
        this.#waiting.push(one);
        return;
      }
      const confirmation = { at, agrees: found.length === 0, differences: found };
      journal.crashed(confirmation);
      this.#found.set(index, confirmation);
    } catch (error) {
      signal.throwIfAborted();
      this.#found.set(index, { at, agrees: false, differences: [`it could not be tried: ${describe(error)}`] });
    }
  }

  /** Tries all that are left. @returns those that were tried, in the order of the places, and why others were not */
  async rest(): Promise<{ confirmed: Confirmation[]; untried: string[] }> {
    const { lives } = this.#options.processors;
    await pMap(this.#waiting.slice(), () => this.next(), { concurrency: lives });
    const untried = this.#waiting.length;
    return {
      confirmed: [...this.#found].sort(([a], [b]) => a - b).map(([, one]) => one),
      untried: untried === 0 ? [] : [`${untried} real crashes were not tried (--max-duration)`],
    };
  }
}

const WHOLE = { index: 1, count: 1 };

const nowhere: EvidenceSink = { record: () => undefined, snapshot: () => undefined };

async function crashAt(
  { engine, subject, record, workload, folder: all, label }: CrashParts,
  arm: ArmSpec,
  index: number,
  signal: AbortSignal,
): Promise<string[]> {
  const { release } = subject;
  const folder = path.join(all, String(index));
  const { root } = release.promises;
  let held: GateEventOf<'held'>;
  {
    using writer = new RecordWriter(folder, {
      system: release.system,
      version: release.version,
      workload: workload.name,
      root,
    });
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    await using pod = await Pod.start(
      engine,
      { ...subject, label: `${label}/confirm-${index}`, name, onGateEvent: (event) => writer.event(event) },
      nowhere,
    );
    const session = new Session(pod, release, nowhere, signal);
    await goInto({ pod, session, release, workload }, record, arm, signal);
    held = await pod.gate.waitForKind({ name: 'the hold', limitMs: HOLD_LIMIT_MS, signal }, 'held');
    await pod.container.signal('SIGKILL');
    await pod.ended(END_LIMIT_MS, true);
    writer.add({ kind: 'end', entries: await pod.sidecar.snapshot(root, [], 0) });
    if (writer.failure !== undefined) throw writer.failure;
  }
  using open = openRecord(folder);
  const replay = new Replay(open.record);
  while (replay.index < open.record.steps.length) replay.step();
  return againstReal(replay, open.record, held);
}

/**
 * Records the workload with a hold in it, which takes place or not. What begins with a boot or a command begins on the folder that the record began with.
 */
async function goInto(beginner: Beginner, record: WriteRecord, arm: ArmSpec, signal: AbortSignal): Promise<void> {
  const { pod, session, workload } = beginner;
  const fromItsFirstCall = ['record', command('arm', { id: HOLD, ...arm })];
  switch (workload.begins) {
    case 'warm': {
      await prepare(beginner, async () => {
        if (!(await session.boot())) throw new Problem('not-ready', 'it was not ready');
      });
      pod.gate.send('record');
      const wait = { name: 'writegate to tell the folder as it is', limitMs: HOLD_LIMIT_MS, signal };
      await pod.gate.waitForKind(wait, 'base');
      await pod.gate.arm(HOLD, arm, HOLD_LIMIT_MS);
      // It is cut off by the crash.
      workload.drive(session, async (one) => void (await session.turn(one))).catch(() => undefined);
      return;
    }
    case 'boot':
    case 'upgrade':
      await putBack(pod, record);
      await pod.boot({ firstCommands: fromItsFirstCall });
      return;
    case 'cleanup':
      await putBack(pod, record);
      await startCleanup(beginner, fromItsFirstCall);
      return;
  }
}

/** The folder as it was when the record began. */
const putBack = (pod: Pod, record: WriteRecord): Promise<void> =>
  pod.sidecar.restore(pod.root, restoreEntries(new Replay(record).image), 0);

/** Of a write that was torn the record has no bytes: its file is compared by its length. */
function againstReal(replay: Replay, record: WriteRecord, held: GateEventOf<'held'>): string[] {
  if (held.at !== 'torn') return differences(replay.image, record.end, () => false, record.sharedMemory);
  const { image } = replay;
  const id = image.names.get(held.path);
  const size = id === undefined ? undefined : image.inodes.get(id)?.content.size;
  const real = record.end.find((entry) => entry.path === held.path)?.size;
  const found = differences(image, record.end, (file) => file === held.path, record.sharedMemory);
  const most = (size ?? 0) + (held.tornBytes ?? 0);
  const isRight = real !== undefined && size !== undefined && real >= size && real <= most;
  return isRight ? found : [...found, `${held.path} has ${real} bytes, and at most ${most} were written`];
}
