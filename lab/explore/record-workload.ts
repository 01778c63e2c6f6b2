import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import type { EvidenceSink } from '../evidence/recorder.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { Pod, type PodProgram } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { liveBefore, otherRelease } from '../scenario/other-release.ts';
import { Session } from '../session/session.ts';
import type { Entry } from '../sidecar/client.ts';
import { isJudgedByAnswers, type Release } from '../system.ts';
import { type Beginner, cleanupEnds, prepare, startCleanup } from '../workload/beginning.ts';
import type { Workload } from '../workload/workload.ts';
import type { AnswerBefore, BeforeUpgrade, Turn } from './record.ts';
import { RecordWriter } from './record-file.ts';
import type { Around } from './record-programs.ts';

const STEP_LIMIT_MS = 120_000;

/** What a system is run with. */
export interface Subject {
  release: Release;
  images: { system: string; sidecar: string };
  memoryBytes: number;
  /** Of an upgrade: the release that has lived in the folder before. */
  from?: PodProgram;
}

/** How long the recorded turns took, by the sidecar's clock. */
export interface Recorded {
  turnsMs: number[];
  steps: number;
}

export interface RecordOptions {
  /** Of a workload that begins in a warm system. */
  around?: Around | undefined;
  /** Gets each line of the system's log. */
  onLog?(line: string): void;
}

/**
 * Runs a workload once with every change of the state folder written down.
 * @param folder where the record goes; a new one
 * @throws Problem not-ready, system-died, no-space, …
 */
export async function recordWorkload(
  engine: Engine,
  subject: Subject,
  workload: Workload,
  folder: string,
  label: string,
  signal: AbortSignal,
  { around, onLog }: RecordOptions = {},
): Promise<Recorded> {
  const { release } = subject;
  const { root } = release.promises;
  using writer = new RecordWriter(folder, {
    system: release.system,
    version: release.version,
    workload: workload.name,
    root,
  });
  const sink = new TurnSink(onLog);
  let isWanted = workload.begins === 'warm';
  const sent: Sent[] = [];
  await using pod = await Pod.start(
    engine,
    {
      ...subject,
      label,
      name: `midwrite-${randomUUID().slice(0, 13)}`,
      onGateEvent: (event) => {
        if (!isWanted) return;
        if (event.ev === 'sent') sent.push({ t: event.t, fd: event.fd, starts: event.starts });
        writer.event(event);
      },
    },
    sink,
  );
  const session = new Session(pod, release, sink, signal);
  const boot = async (firstCommands: readonly string[] = []) => {
    if (!(await session.boot({ firstCommands })))
      throw new Problem(
        'not-ready',
        `${release.system}@${release.version} was not ready, so there is nothing to record: ${sink.whyNotReady}`,
      );
  };
  const beginner = { pod, session, release, workload };
  const upgrade = await begin(beginner, subject, boot, sink, signal);
  if (upgrade !== undefined) writer.add({ kind: 'upgrade', ...upgrade });
  // Of a system that is asked what it holds, the write before is what the next one may not take along.
  if (!isJudgedByAnswers(release)) sink.turns.length = 0;
  isWanted = true;
  switch (workload.begins) {
    case 'warm':
      await gateSays(pod, 'base', () => pod.gate.send('record'), signal);
      await around?.begins(pod.volume);
      break;
    case 'boot':
    case 'upgrade':
      await boot(['record']);
      break;
    case 'cleanup':
      await startCleanup(beginner, ['record']);
      await cleanupEnds(beginner);
      break;
  }
  const turnsMs: number[] = [];
  const drive = async (name: string) => {
    const result = await session.turn(name);
    if (!result.acknowledged)
      throw new Problem(
        'write-failed',
        `${release.system}@${release.version}: the write that was to be recorded failed, without a fault: ${result.error}`,
      );
    turnsMs.push(result.tEnded - result.tSent);
    await session.settled(result);
  };
  await workload.drive(session, drive);
  const isUp = pod.gate.howEnded === undefined;
  if (isUp) await session.bootSettled();
  const entries = isUp ? await endRecord(pod, writer, signal) : await lookAt(pod);
  await around?.ended();
  isWanted = false;
  const begins = answerBegins(release);
  for (const turn of sink.turns) writer.add(withAnswerTime(turn, sent, begins));
  if (sink.before !== undefined) writer.add({ kind: 'answer', ...sink.before });
  writer.add({ kind: 'end', entries });
  if (writer.failure !== undefined) throw writer.failure;
  return { turnsMs, steps: writer.steps };
}

/**
 * Brings the folder to where the record begins.
 * @param boot boots the system until it is ready, or throws
 * @returns of an upgrade, what was there before it
 * @throws Problem not-ready, bad-definition: what was made under the release before, that one does not show itself
 */
async function begin(
  beginner: Beginner,
  { from, release }: Subject,
  boot: () => Promise<void>,
  sink: TurnSink,
  signal: AbortSignal,
): Promise<BeforeUpgrade | undefined> {
  const { pod, workload } = beginner;
  if (workload.begins !== 'upgrade') {
    await prepare(beginner, boot);
    return undefined;
  }
  if (from === undefined) throw new Error('an upgrade has a release before');
  await new Session(pod, from.release, sink, signal, from).configure();
  const { system, version } = from.release;
  if (!(await liveBefore(otherRelease(pod, from, sink, signal))))
    throw new Problem('not-ready', `${system}@${version} was not ready, so there is no folder of it to upgrade.`);
  const missing = sink.kept.find(({ isThere }) => !isThere);
  if (missing !== undefined)
    throw new Problem('bad-definition', `${system}@${version} itself does not show ${missing.name}: ${missing.said}.`);
  const { store } = release.promises;
  const hadStore = (await lookAt(pod)).some(({ path }) => path === store.path);
  return { version, made: sink.kept.map(({ name }) => name), hadStore };
}

/**
 * Ends the record that writegate makes; all of it has come then. A system may change its folder at any time, behind the record too: so the look is taken
 * before, and once more where something was changed in between.
 * @returns the folder as it is at the record's end
 */
export async function endRecord(pod: Pod, writer: RecordWriter, signal: AbortSignal): Promise<Entry[]> {
  const { steps } = writer;
  const entries = await lookAt(pod);
  await gateSays(pod, 'recorded', () => pod.gate.send('end-record'), signal);
  return writer.steps === steps ? entries : lookAt(pod);
}

const lookAt = (pod: Pod): Promise<Entry[]> => pod.sidecar.snapshot(pod.root, [], 0);

async function gateSays(pod: Pod, ev: 'base' | 'recorded', ask: () => void, signal: AbortSignal): Promise<void> {
  const from = pod.gate.events.length;
  ask();
  const answer = await pod.gate.waitFor(
    {
      name: `writegate to ${ev === 'base' ? 'tell the folder as it is' : 'end the record'}`,
      limitMs: STEP_LIMIT_MS,
      signal,
    },
    (event): event is GateEvent => event.ev === ev || event.ev === 'error',
    from,
  );
  if (answer.ev === 'error')
    throw new Problem('gate-refused', `writegate did not record (${answer.code}): ${answer.message}`);
}

/** Keeps the turns, what was asked for of what had been made, and why a boot failed; the rest is in the record. */
class TurnSink implements EvidenceSink {
  readonly turns: (Turn & { tSent: number })[] = [];
  readonly kept: { name: string; isThere: boolean; said: string }[] = [];
  whyNotReady = '';
  before: AnswerBefore | undefined;
  readonly #onLog: RecordOptions['onLog'];

  constructor(onLog: RecordOptions['onLog']) {
    this.#onLog = onLog;
  }

  record(observation: Parameters<EvidenceSink['record']>[0]): void {
    if (observation.type === 'log') this.#onLog?.(observation.line);
    if (observation.type === 'not-ready')
      this.whyNotReady = `${observation.why}. Its last lines:\n  ${observation.lastLines}`;
    if (observation.type === 'answer') {
      const { acknowledged, text, error } = observation;
      this.before = { acknowledged, text, ...(error !== undefined && { error }) };
    }
    if (observation.type === 'kept') this.kept.push(observation);
    if (observation.type !== 'turn') return;
    const { name, session, text, durable, result } = observation;
    const { acknowledged, tSent, tEnded } = result;
    this.turns.push({ kind: 'turn', name, session, text, durable, acknowledged, t: tEnded, tSent });
  }

  snapshot(): void {}
}

function withAnswerTime({ tSent, ...turn }: Turn & { tSent: number }, sent: readonly Sent[], begins: string): Turn {
  return { ...turn, t: answeredAt(sent, tSent, turn.t, begins) };
}

/** writegate tells so many bytes of what goes out (images/writegate/src/record.c). */
const STARTS_CHARS = 12;

/** How the answer to a write begins, where it goes out through a socket of the system's own. */
function answerBegins({ write }: Release): string {
  return write.kind === 'tcp' && write.answer !== undefined ? write.answer.slice(0, STARTS_CHARS) : 'HTTP/1.';
}

/** Something that went out through a socket, and when it set out. */
export interface Sent {
  t: number;
  fd: number;
  starts: string;
}

/** Two clocks of one machine, read in two processes. */
const CLOCKS_APART_MS = 1;

/**
 * When the system gave the answer out of its hands: the last thing that it sent before the answer was heard, through a socket that an answer went
 * out of since the turn was sent. What it changes after that comes after the acknowledgement, even if the answer was heard later.
 * @param tHeard what is taken where nothing of it was seen
 * @param begins how an answer begins. Absent: as an HTTP response does
 */
export function answeredAt(sent: readonly Sent[], tSent: number, tHeard: number, begins = 'HTTP/1.'): number {
  const during = sent.filter((one) => one.t >= tSent - CLOCKS_APART_MS && one.t <= tHeard + CLOCKS_APART_MS);
  const answer = during.findLast((one) => one.starts.startsWith(begins));
  if (answer === undefined) return tHeard;
  return during.findLast((one) => one.fd === answer.fd)?.t ?? tHeard;
}
