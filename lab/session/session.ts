import { createHash } from 'node:crypto';
import path from 'node:path';
import { type Aftermath, isYoung } from '../cell-id.ts';
import { type CrashPoint, learnWriteShape, patternOf, type WriteShape } from '../crash-point/write-shape.ts';
import type { DriveResult } from '../drive.ts';
import type { Moment, PlantRole } from '../evidence/event.ts';
import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Gate } from '../gate/gate.ts';
import type { ArmSpec, GateEvent, GateEventOf } from '../gate/protocol.ts';
import type { BootOptions, Pod, PodProgram } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import type { Entry, Plant } from '../sidecar/client.ts';
import { fill, type Promises, promisedFiles, type Release, type Store, storeEntryPath } from '../system.ts';
import { until, within } from '../wait.ts';
import { exchange } from './exchange.ts';
import { QUIET_MS } from './slowed.ts';

const ARM_LIMIT_MS = 10_000;
const HOLD_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 30_000;
/** For what the lab does while a turn is held: to look, to freeze, to let something else have its time. */
const STRUCK_MS = 120_000;
/** For all turns of several clients. */
const WORKLOAD_LIMIT_MS = 180_000;
const QUIET_LIMIT_MS = 15_000;
/** After a turn that was to be held: so long that a slow sync in its middle is not taken for its end. */
const PASSED_BY_MS = 3_000;
/** Larger files are listed and hashed, and their content is not kept. */
const KEEP_BYTES = 16 * 1024 * 1024;
const HOUR_MS = 60 * 60_000;
/** Between two boots of a system that refuses. */
const RESTART_MS = 10_000;
/** Of an answer that is kept, and of what a check said. */
const ANSWER_CHARS = 1024 * 1024;
const SAID_CHARS = 2_000;
/** Of what was seen when nothing was held. */
const SEEN_OPS = 12;

/** A call that is held. `turn` settles when the turn that made it has ended, or all that were under way where it may be any of them. */
export interface Held {
  event: GateEventOf<'held'>;
  turn: Promise<unknown>;
}

/** What a turn says, and in which of the system's sessions. Absent: its name, both. */
export interface TurnWords {
  session?: string;
  text?: string;
  /** How long the driver waits for its answer. Absent: as long as is promised. */
  limitMs?: number;
}

/** Turns that are under way. */
export interface Turns {
  /** Settles when the last one has ended. */
  ended: Promise<void>;
  /** What runs is driven to its end, and no more are sent. */
  stop(): void;
}

/** How a boot went that was to be held. `whenReady`: of one that goes on after all. */
export type BootIntoHold = { held: GateEventOf<'held'>; whenReady(): Promise<boolean> } | { ready: boolean };

/** What the lab does with a system over one cell, and what it writes down of it. One method a step of the cell's life. */
export class Session {
  readonly #pod: Pod;
  readonly #release: Release;
  readonly #recorder: EvidenceSink;
  readonly #signal: AbortSignal;
  /** Where the release is not the pod's own. */
  readonly #program: PodProgram | undefined;
  #readyAt = 0;
  #tempPattern: string | undefined;
  #shape: WriteShape | undefined;

  constructor(pod: Pod, release: Release, recorder: EvidenceSink, signal: AbortSignal, program?: PodProgram) {
    this.#program = program;
    this.#pod = pod;
    this.#release = release;
    this.#recorder = recorder;
    this.#signal = signal;
  }

  /** Puts the files into the empty state folder that are there before the first boot. */
  async configure(): Promise<void> {
    const files = this.#release.boot.files;
    if (files.length === 0) return;
    await this.#pod.sidecar.plant(files.map((file) => ({ ...file, ageMs: 0 })));
    await this.snapshot('configured');
  }

  /**
   * Boots the system and waits until it is ready. False: it never was, and the evidence has its last lines.
   * @param env what its environment has beside its own from now on
   */
  async boot(more: Omit<BootOptions, 'arm' | 'argv'> = {}): Promise<boolean> {
    const began = Date.now();
    const gate = await this.#pod.boot({ ...more, ...this.#own });
    this.#tellProgram();
    return this.#recordReady(began, this.#untilReady(gate));
  }

  get #own(): Pick<BootOptions, 'program'> {
    return this.#program === undefined ? {} : { program: this.#program };
  }

  #tellProgram(): void {
    if (this.#program === undefined) return;
    this.#recorder.record({ type: 'program', boot: this.#pod.bootNumber, version: this.#release.version });
  }

  /** Boots the system with a hold in the boot itself: it is held there, or ready (or never ready) before. */
  async bootInto(id: string, spec: ArmSpec): Promise<BootIntoHold> {
    const began = Date.now();
    this.#recordHold(id, spec);
    const gate = await this.#pod.boot({ arm: { id, spec }, ...this.#own });
    this.#tellProgram();
    const ready = this.#untilReady(gate);
    // Of a boot that is held nobody asks any more whether it was ready.
    ready.catch(() => undefined);
    const limitMs = this.#release.promises.readyWithinMs + HOLD_LIMIT_MS;
    const held = gate
      .waitFor({ name: `the hold ${id} in the boot`, limitMs, signal: this.#signal }, isHeld)
      .then((event) => ({ event }));
    held.catch(() => undefined);
    const first = await Promise.race([held, ready.then(() => undefined)]).catch(() => undefined);
    if (first !== undefined) return { held: first.event, whenReady: () => this.#recordReady(began, ready) };
    return { ready: await this.#recordReady(began, ready) };
  }

  /** Boots the stopped system into a crash point of its boot. Undefined: it was never reached, and the evidence says why. */
  async holdBoot(id: string, spec: ArmSpec): Promise<Held | undefined> {
    const booted = await this.bootInto(id, spec);
    if ('held' in booted) {
      const { held: event, whenReady } = booted;
      return {
        event,
        // Asked for where the boot goes on: of one that is killed nobody says that it was not ready.
        get turn() {
          return whenReady();
        },
      };
    }
    if (!booted.ready) return undefined;
    // What a boot does goes on behind that: it was watched until it was quiet.
    const quiet = this.sweepTime().then(() => this.quiet());
    const event = await this.heldBefore(quiet.catch(notQuiet), 0);
    if (event !== undefined) return { event, turn: Promise.resolve() };
    this.#recordNotHeld('the boot was over and nothing matched', spec);
    return undefined;
  }

  /** Runs another program of its image in the system's place, into a crash point. */
  async holdCommand(id: string, spec: ArmSpec, argv: readonly string[]): Promise<Held | undefined> {
    this.#recordHold(id, spec);
    const gate = await this.#pod.boot({ argv, arm: { id, spec } });
    return this.#heldOrEnded(gate, id, spec, 0);
  }

  /** Stops the system as its operator would, into a crash point of its stop. */
  async holdStop(id: string, spec: ArmSpec): Promise<Held | undefined> {
    const { gate } = this.#pod;
    await this.arm(id, spec);
    const from = gate.events.length;
    await this.#pod.container.signal('SIGTERM');
    return this.#heldOrEnded(gate, id, spec, from);
  }

  async #heldOrEnded(gate: Gate, id: string, spec: ArmSpec, from: number): Promise<Held | undefined> {
    const wait = { name: `the hold at ${id}`, limitMs: WORKLOAD_LIMIT_MS, signal: this.#signal };
    const isHeldOrOver = (event: GateEvent): event is GateEventOf<'held'> | GateEventOf<'exit'> =>
      event.ev === 'held' || event.ev === 'exit';
    const event = await gate.waitFor(wait, isHeldOrOver, from);
    if (event.ev === 'held') return { event, turn: Promise.resolve() };
    this.#recordNotHeld('it ended and nothing matched', spec);
    return undefined;
  }

  #recordNotHeld(why: string, { op, path: file, nth }: ArmSpec): void {
    const number = nth === undefined ? '' : ` (number ${nth})`;
    const seen = whatWasSeen(this.#pod.gate.events);
    this.#recorder.record({ type: 'not-held', why: `${why} ${op} ${file}${number}`, seen });
  }

  /**
   * Boots a system that refuses again and again, as a restart policy does, until it is ready or its definition's time for that is over. Every boot is on record.
   * @returns false: it was never ready
   */
  async bootWhileItRefuses(more: Omit<BootOptions, 'arm' | 'argv'> = {}): Promise<boolean> {
    const since = Date.now();
    if (await this.boot(more)) return true;
    const { restartedForMs = 0 } = this.#release;
    while (this.#pod.gate.howEnded !== undefined && Date.now() - since < restartedForMs) {
      await this.#pod.ended(STOP_LIMIT_MS, false);
      await reach(Date.now() + RESTART_MS, this.#signal);
      if (await this.boot()) return true;
    }
    return false;
  }

  /** Resolves with the time at which it was ready; what it died of, or the limit, is a Problem. */
  async #untilReady(gate: Gate): Promise<number> {
    const { ready } = this.#release.boot;
    const limitMs = this.#release.promises.readyWithinMs;
    if (ready.kind === 'log') {
      await gate.waitForLog(
        { name: `"${ready.includes}" in the system's log`, limitMs, code: 'not-ready', signal: this.#signal },
        ready.includes,
      );
      return Date.now();
    }
    const { kind: _, ...place } = ready;
    const poll = this.#pod.sidecar.ready('path' in place ? { http: place } : { tcp: place }, limitMs);
    const died = gate
      .waitForKind({ name: 'the system to be ready', limitMs: limitMs + ARM_LIMIT_MS, signal: this.#signal }, 'exit')
      .then((exit) => {
        throw new Problem(
          'system-died',
          `it ended with ${exit.signal === undefined ? `code ${exit.code}` : `signal ${exit.signal}`} before it was ready`,
        );
      });
    died.catch(() => undefined);
    try {
      return (await Promise.race([poll.ready, died])).tReady;
    } finally {
      poll.cancel();
    }
  }

  async #recordReady(began: number, ready: Promise<number>): Promise<boolean> {
    const boot = this.#pod.bootNumber;
    const { gate } = this.#pod;
    try {
      const tReady = await ready;
      this.#readyAt = Date.now();
      this.#recorder.record({ type: 'ready', boot, tReady, tookMs: Math.round(tReady - began) });
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof Problem) || (error.code !== 'not-ready' && error.code !== 'system-died')) throw error;
      // Its exit may be heard of before its last lines are read.
      if (error.code === 'system-died')
        await within({ name: "the system's last lines", limitMs: STOP_LIMIT_MS }, gate.ended);
      this.#recorder.record({ type: 'not-ready', boot, why: error.message, lastLines: gate.lastLines() });
      return false;
    }
  }

  /** One turn to its end, whatever that is. */
  async turn(name: string, words: TurnWords = {}): Promise<DriveResult> {
    return this.#startTurn(name, words).end;
  }

  /** Several clients at once, each with a session of its own and its turns one after the other, up to `each` of them or one that fails. */
  startTurns(name: string, clients: number, each: number): Turns {
    let isOver = false;
    const client = async (number: number) => {
      for (let turn = 1; turn <= each && !isOver; turn += 1) {
        const words = { session: `client-${number}`, limitMs: this.#struckLimitMs };
        const { acknowledged } = await this.turn(`${name}-${number}-${turn}`, words);
        if (!acknowledged) return;
      }
    };
    const ended = Promise.all(Array.from({ length: clients }, (_, index) => client(index + 1))).then(() => undefined);
    ended.catch(() => undefined);
    return {
      ended,
      stop: () => {
        isOver = true;
      },
    };
  }

  /** What a turn that is struck may take is not the system's alone. */
  get #struckLimitMs(): number {
    return this.#release.promises.serveWithinMs + STRUCK_MS;
  }

  #startTurn(name: string, words: TurnWords = {}): { end: Promise<DriveResult>; cancel(): void } {
    const boot = this.#pod.bootNumber;
    const said = words.text ?? name;
    const values = {
      session: `midwrite-${words.session ?? name}`,
      text: this.#release.textOf?.(said) ?? `midwrite-text-${said}-${this.#pod.systemName}`,
    };
    const limitMs = words.limitMs ?? this.#release.promises.serveWithinMs;
    const call = fill(this.#release.write, values);
    const began = Date.now();
    const { result: driven, cancel } = exchange(this.#pod.sidecar, call, values.text, limitMs);
    const result = driven.catch((error: unknown): DriveResult => {
      // Who was waiting for the answer sat at the same machine.
      if (!this.#pod.isCut) throw error;
      return { tSent: began, tEnded: Date.now(), acknowledged: false, text: '', error: 'the power was cut' };
    });
    const durable = this.#release.promises.durable.map((place) => fill(place, values));
    const end = result.then((outcome) => {
      const { tSent, tEnded, acknowledged, status, error, left } = outcome;
      const how = { ...(status !== undefined && { status }), ...(error !== undefined && { error }) };
      const kept = { tSent, tEnded, acknowledged, ...how, ...(left !== undefined && { left }) };
      this.#recorder.record({ type: 'turn', boot, name, ...values, durable, result: kept });
      return outcome;
    });
    return { end, cancel };
  }

  /**
   * What is done before the first write.
   * @throws Problem bad-definition: a step of it failed
   */
  async setUp(): Promise<void> {
    for (const [index, step] of (this.#release.setup ?? []).entries()) {
      const { result } = exchange(this.#pod.sidecar, step, '', this.#release.promises.serveWithinMs);
      const done = await result;
      this.#recorder.record({ type: 'setup', boot: this.#pod.bootNumber, step: index + 1, tookMs: tookMs(done) });
      const { acknowledged, error } = done;
      if (acknowledged) continue;
      throw new Problem('bad-definition', `step ${index + 1} of the setup of ${this.#release.system} failed: ${error}`);
    }
  }

  /** Asks the system what it holds. Undefined: nothing says how it is asked. */
  async read(moment: Moment): Promise<DriveResult | undefined> {
    const { read, storeCheck, promises } = this.#release;
    const { sidecar, bootNumber: boot } = this.#pod;
    if (storeCheck !== undefined) {
      const checked = await exchange(sidecar, storeCheck, '', promises.serveWithinMs).result;
      const said = (checked.error ?? checked.text).slice(0, SAID_CHARS);
      const isWhole = checked.acknowledged;
      this.#recorder.record({ type: 'store-check', moment, boot, isWhole, said, tookMs: tookMs(checked) });
    }
    if (read === undefined) return undefined;
    const answer = await exchange(sidecar, read, '', promises.serveWithinMs).result;
    const { acknowledged, text, error } = answer;
    const kept = { text: text.slice(0, ANSWER_CHARS), ...(error !== undefined && { error }) };
    this.#recorder.record({ type: 'answer', moment, boot, acknowledged, ...kept, tookMs: tookMs(answer) });
    return answer;
  }

  /** Waits until nothing of a boot is still to come, which would be taken for a write's. Of a command nothing has run yet. */
  async bootSettled(): Promise<void> {
    if (this.#release.lifecycle === 'server') await this.quiet();
  }

  /** Waits until nothing of a write is still to come. A command that ended and left no process has nothing more to write. */
  async settled(write: DriveResult): Promise<void> {
    if (this.#release.lifecycle === 'server' || write.left !== 0) await this.quiet();
    else
      await this.#pod.gate.caughtUp(ARM_LIMIT_MS).catch((error: unknown) => {
        // A container that is gone has nothing more to say.
        if (!(error instanceof Problem) || error.code !== 'system-died') throw error;
      });
  }

  /** Waits until the system has left its state folder alone for a while: what it still had to write is written. */
  async quiet(quietMs = this.#release.quietMs ?? QUIET_MS): Promise<void> {
    const gate = this.#pod.gate;
    let count = -1;
    let since = 0;
    await until(
      {
        name: 'the system to leave its state folder alone',
        limitMs: QUIET_LIMIT_MS + quietMs,
        signal: this.#signal,
        everyMs: 25,
      },
      async (note) => {
        const now = gate.events.filter((event) => event.ev === 'op').length;
        if (now !== count) {
          count = now;
          since = performance.now();
        }
        note(`its last change was ${gate.events.findLast((event) => event.ev === 'op')?.path ?? 'none'}`);
        return performance.now() - since >= quietMs || undefined;
      },
    );
  }

  async snapshot(moment: Moment): Promise<void> {
    const { root, store, temps } = this.#release.promises;
    const keep = [
      ...promisedFiles(this.#release.promises),
      ...temps,
      ...(this.#tempPattern === undefined ? [] : [this.#tempPattern]),
    ];
    const entries = await this.#pod.sidecar.snapshot(root, keep, KEEP_BYTES);
    if (store.format === 'sqlite') {
      const file = entries.find((entry) => entry.path === store.path);
      if (file !== undefined) entries.push(await this.#rows(store, file));
    }
    this.#recorder.snapshot(moment, entries);
  }

  /** What is in a database, as an entry of its own: the bytes of its files say nothing of what a process after a crash would read. */
  async #rows(store: Store, file: Entry): Promise<Entry> {
    const content = Buffer.from(await this.#pod.sidecar.database(store.path));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return {
      ...file,
      path: storeEntryPath(store),
      size: content.length,
      sha256,
      contentBase64: content.toString('base64'),
    };
  }

  /**
   * Drives a turn into the crash point. Undefined: it was never reached, and the evidence says what was seen instead.
   * @param turns so many of them, where not every turn writes the store
   * @param mark in what they say
   */
  async hold(crashPoint: CrashPoint, turns = 1, mark = ''): Promise<Held | undefined> {
    const gate = this.#pod.gate;
    const spec = this.holdOf(crashPoint);
    if (typeof spec === 'string') {
      this.#recorder.record({ type: 'not-held', why: spec, seen: [] });
      return undefined;
    }
    await this.arm(crashPoint.name, spec);
    const from = gate.events.length;
    const held = gate.waitFor(
      { name: `the hold at ${crashPoint.name}`, limitMs: HOLD_LIMIT_MS, signal: this.#signal },
      isHeld,
      from,
    );
    held.catch(() => undefined);
    let why = '';
    for (let count = 1; count <= turns; count += 1) {
      const turn = this.#startStruck(turns === 1 ? 'struck' : `struck-${count}`, mark);
      // A system may acknowledge a turn from its journal and write its store after that: the crash point was passed by when all of it is written.
      // A turn that hangs is cut off by the hold's limit.
      const passedBy = turn.end.then(() =>
        this.quiet(count < turns ? undefined : Math.max(PASSED_BY_MS, this.#release.quietMs ?? 0)),
      );
      passedBy.catch(() => undefined);
      const first = await Promise.race([held, passedBy.then(() => undefined)]).catch((error: unknown) => {
        if (error instanceof Problem && (error.code === 'limit-passed' || error.code === 'system-died')) return error;
        throw error;
      });
      if (first !== undefined && !(first instanceof Problem)) return { event: first, turn: turn.end };
      turn.cancel();
      why = first === undefined ? `the turn ended and nothing matched ${spec.op} ${spec.path}` : describe(first);
      if (first !== undefined) break;
    }
    this.#recorder.record({ type: 'not-held', why, seen: whatWasSeen(gate.events.slice(from)) });
    return undefined;
  }

  /** The turn that is to be held, or the several writes at once of which any may be. */
  #startStruck(name: string, mark: string): { end: Promise<unknown>; cancel(): void } {
    const { writesAtOnce = 1 } = this.#release;
    const names =
      writesAtOnce === 1 ? [name] : Array.from({ length: writesAtOnce }, (_, index) => `${name}-${index + 1}`);
    const turns = names.map((one) => this.#startTurn(one, { text: `${one}${mark}`, limitMs: this.#struckLimitMs }));
    return {
      end: Promise.all(turns.map((turn) => turn.end)),
      cancel: () => {
        for (const turn of turns) turn.cancel();
      },
    };
  }

  /** The hold of a crash point in the writes of this system as they were seen; or why they have no such place. */
  holdOf(crashPoint: CrashPoint): ArmSpec | string {
    const seen = learnWriteShape(this.#pod.gate.events, this.#release.promises.store);
    // A boot that has written nothing yet, or its journal alone, writes as the one before did.
    const isKnown = seen.kind === 'none' || (seen.kind === 'log' && this.#shape?.kind === 'replace');
    const shape = isKnown ? (this.#shape ?? seen) : seen;
    this.#shape = shape;
    this.#recorder.record({ type: 'write-shape', ...shape });
    if (shape.kind === 'replace') this.#tempPattern = shape.temp;
    return crashPoint.hold(shape) ?? `the system's write of its store is "${shape.kind}": it has no ${crashPoint.name}`;
  }

  /** Arms a hold in the system that runs. */
  async arm(id: string, spec: ArmSpec): Promise<void> {
    await this.#pod.gate.arm(id, spec, ARM_LIMIT_MS);
    this.#recordHold(id, spec);
  }

  #recordHold(id: string, { op, path: file, at, to, nth }: ArmSpec): void {
    const more = { ...(to === undefined ? {} : { to }), ...(nth === undefined ? {} : { nth }) };
    this.#recorder.record({ type: 'hold', id, op, path: file, at, ...more });
  }

  /** The hold that is armed, once it takes place, or undefined when `passedBy` settles before. */
  async heldBefore(passedBy: Promise<unknown>, from: number): Promise<GateEventOf<'held'> | undefined> {
    const wait = { name: 'the hold', limitMs: WORKLOAD_LIMIT_MS, signal: this.#signal };
    const held = this.#pod.gate.waitFor(wait, isHeld, from);
    held.catch(() => undefined);
    return Promise.race([held, passedBy.then(() => undefined)]);
  }

  /** Takes back a hold that was passed by. What it held in that very moment is given. */
  async disarm(id: string): Promise<GateEventOf<'held'> | undefined> {
    const { gate } = this.#pod;
    const isOver = (event: GateEvent): event is GateEventOf<'held'> | GateEventOf<'disarmed'> =>
      (event.ev === 'held' || event.ev === 'disarmed') && event.id === id;
    gate.send('disarm', { id });
    const event = await gate.waitFor({ name: `writegate to take back the hold ${id}`, limitMs: ARM_LIMIT_MS }, isOver);
    return event.ev === 'held' ? event : undefined;
  }

  /**
   * What the lab does to the stopped system before the boot: replaces its container or ages its state, and puts in what a sweep must leave alone.
   * @param isTempPlanted also a young temp; the next ageing makes it old
   */
  async prepare(aftermath: Aftermath, isTempPlanted = true): Promise<void> {
    const { root, sweepGraceMs } = this.#release.promises;
    if (aftermath === 'new-container') await this.#pod.replace();
    if (!isYoung(aftermath)) {
      const byMs = sweepGraceMs + HOUR_MS;
      await this.#pod.sidecar.age(root, byMs);
      this.#recorder.record({ type: 'aged', byMs, why: 'aftermath' });
    }
    const seen = isTempPlanted ? this.#pod.gate.events : [];
    const plants = plantsFor(this.#release.promises, aftermath, seen);
    await this.#pod.sidecar.plant(plants.map(({ role: _, ...plant }) => plant));
    this.#recorder.record({
      type: 'planted',
      files: plants.map(({ role, path: file, ageMs }) => ({ role, path: file, ageMs })),
    });
  }

  /** Lets the time pass that the system's own sweep has after it was ready. */
  async sweepTime(): Promise<void> {
    await reach(this.#readyAt + this.#release.promises.sweepWithinMs, this.#signal);
  }

  /**
   * Makes everything older than the grace under the system that runs, and lets the time of its repeated sweep pass. False: it promises none.
   */
  async outlive(): Promise<boolean> {
    const { root, sweepGraceMs, sweepEveryMs } = this.#release.promises;
    if (sweepEveryMs === undefined) return false;
    await this.#pod.sidecar.age(root, sweepGraceMs + HOUR_MS);
    this.#recorder.record({ type: 'aged', byMs: sweepGraceMs + HOUR_MS, why: 'outlived' });
    await reach(Date.now() + sweepEveryMs, this.#signal);
    return true;
  }

  /** It ended by itself, or of a fault: nothing of it runs any more. */
  get hasEnded(): boolean {
    return this.#pod.gate.howEnded !== undefined;
  }

  /** Ends the system in no way that it could do anything about; one that has ended already is only seen to be gone. */
  async kill(): Promise<void> {
    const isRunning = !this.hasEnded;
    if (isRunning) await this.#pod.container.signal('SIGKILL');
    await this.#pod.ended(STOP_LIMIT_MS, isRunning);
  }

  /** Stops the system as its operator would: SIGTERM, and SIGKILL if that does not end it. One that has ended by itself is at rest already. */
  async stop(): Promise<void> {
    // The next boot may write nothing of its store before a turn is to be held there.
    const seen = learnWriteShape(this.#pod.gate.events, this.#release.promises.store);
    if (seen.kind === 'replace') this.#shape = seen;
    const isStopped = await this.#pod.container.signal('SIGTERM');
    try {
      await this.#pod.ended(STOP_LIMIT_MS, isStopped);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'limit-passed') throw error;
      this.#recorder.record({
        type: 'strike',
        step: `SIGTERM did not end it within ${STOP_LIMIT_MS / 1000} s`,
        facts: {},
      });
      await this.#pod.container.signal('SIGKILL');
      await this.#pod.ended(STOP_LIMIT_MS, true);
    }
  }
}

/** A boot that is never quiet has passed the hold by all the same. */
const notQuiet = (error: unknown): void => {
  if (!(error instanceof Problem) || error.code !== 'limit-passed') throw error;
};

const isHeld = (event: GateEvent): event is GateEventOf<'held'> => event.ev === 'held';

/** Something that the lab puts into a stopped state, and what for. */
export type RolePlant = Plant & { role: PlantRole };

/**
 * What a sweep must leave alone, to be put beside what a crash left: another program's file, a temp of the system's own form that is young, and, where
 * that is asked for, a store that can't be read.
 * @param seen how the system was seen to write
 */
export function plantsFor(promises: Promises, aftermath: Aftermath, seen: readonly GateEvent[]): RolePlant[] {
  // A system from outside promises no sweep that could take them.
  if (promises.answers !== undefined) return [];
  const { store, sweepGraceMs } = promises;
  const old = { ageMs: sweepGraceMs + HOUR_MS };
  const foreign = path.posix.join(path.posix.dirname(store.path), 'notes-of-another-program.tmp');
  const plants: RolePlant[] = [{ role: 'foreign-file', path: foreign, content: 'not yours\n', ...old }];
  const young = youngTemp(promises, seen);
  if (young !== undefined)
    plants.push({ role: 'young-temp', path: young, content: '{"a writer": "is at it"', ageMs: 0 });
  if (aftermath === 'corrupt-store')
    plants.push({ role: 'corrupt-store', path: store.path, content: '{"cut": {"in', ...old });
  return plants;
}

/** A name of the system's own form that no writer has used: the last seen one with its digits turned. */
function youngTemp({ store }: Promises, events: readonly GateEvent[]): string | undefined {
  const seen = learnWriteShape(events, store);
  if (seen.kind !== 'replace') return undefined;
  const name = path.posix.basename(seen.example);
  // Every digit becomes another one, and none becomes 0: a number that begins with 0 may not be of the system's form.
  const turned = name.replaceAll(/\d/g, (digit) => String(((Number(digit) + 3) % 9) + 1));
  const young = path.posix.join(path.posix.dirname(seen.example), turned);
  return turned !== name && patternOf(young) === seen.temp ? young : undefined;
}

/** Waits until the clock shows a time (ms since 1970) that the system has for something. */
export async function reach(timeMs: number, signal?: AbortSignal): Promise<void> {
  const limitMs = Math.max(0, timeMs - Date.now()) + ARM_LIMIT_MS;
  await until({ name: "the sweep's time to pass", limitMs, ...(signal === undefined ? {} : { signal }) }, async () =>
    Date.now() >= timeMs ? true : undefined,
  );
}

/** The last calls, in words, for a crash point that was not reached. */
function whatWasSeen(events: readonly GateEvent[]): string[] {
  return events
    .filter((event) => event.ev === 'op' || event.ev === 'error')
    .slice(-SEEN_OPS)
    .map((event) =>
      event.ev === 'error'
        ? `${event.code}: ${event.message}`
        : `${event.op} ${event.path}${event.to === undefined ? '' : ` -> ${event.to}`}`,
    );
}

const tookMs = ({ tSent, tEnded }: DriveResult): number => tEnded - tSent;
