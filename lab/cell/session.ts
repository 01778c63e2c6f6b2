import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Moment } from '../evidence/event.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { fill, type Release, type Store, storeEntryPath } from '../gateway.ts';
import type { Pod } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import type { Entry, Plant, TurnResult } from '../sidecar/client.ts';
import { until, within } from '../wait.ts';
import type { Aftermath } from './cell-id.ts';
import { type CrashPoint, learnWriteShape, patternOf, type WriteShape } from './write-shape.ts';

const ARM_LIMIT_MS = 10_000;
const HOLD_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 30_000;
/** The gateway is quiet when it has changed nothing in its state folder for this long. */
const QUIET_MS = 250;
const QUIET_LIMIT_MS = 15_000;
/** After a turn that was to be held: so long that a slow sync in its middle is not taken for its end. */
const PASSED_BY_MS = 3_000;
/** Larger files are listed and hashed, and their content is not kept. */
const KEEP_BYTES = 16 * 1024 * 1024;
const HOUR_MS = 60 * 60_000;
/** Of what was seen when nothing was held. */
const SEEN_OPS = 12;

/** A call that is held, and the turn that made it. */
export interface Held {
  event: GateEventOf<'held'>;
  turn: Promise<TurnResult>;
}

/** What the lab does with a gateway over one cell, and what it writes down of it. One method a step of the cell's life. */
export class Session {
  readonly #pod: Pod;
  readonly #release: Release;
  readonly #recorder: Recorder;
  readonly #signal: AbortSignal;
  #readyAt = 0;
  #tempPattern: string | undefined;
  #shape: WriteShape | undefined;

  constructor(pod: Pod, release: Release, recorder: Recorder, signal: AbortSignal) {
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
   * Boots the gateway and waits until it is ready. False: it never was, and the evidence has its last lines.
   * @param env what its environment has beside its own from now on
   */
  async boot(env?: Readonly<Record<string, string>>): Promise<boolean> {
    const began = Date.now();
    const gate = await this.#pod.boot(env);
    const boot = this.#pod.bootNumber;
    const { ready } = this.#release.boot;
    const limitMs = this.#release.promises.readyWithinMs;
    try {
      let tReady: number;
      if (ready.kind === 'log') {
        await gate.waitForLog(
          { name: `"${ready.includes}" in the gateway's log`, limitMs, code: 'not-ready', signal: this.#signal },
          ready.includes,
        );
        tReady = Date.now();
      } else {
        const { kind: _, ...http } = ready;
        const poll = this.#pod.sidecar.ready(http, limitMs);
        const died = gate
          .waitForKind(
            { name: 'the gateway to be ready', limitMs: limitMs + ARM_LIMIT_MS, signal: this.#signal },
            'exit',
          )
          .then((exit) => {
            throw new Problem(
              'gateway-died',
              `it ended with ${exit.signal === undefined ? `code ${exit.code}` : `signal ${exit.signal}`} before it was ready`,
            );
          });
        died.catch(() => undefined);
        try {
          ({ tReady } = await Promise.race([poll.ready, died]));
        } finally {
          poll.cancel();
        }
      }
      this.#readyAt = Date.now();
      this.#recorder.record({ type: 'ready', boot, tReady, tookMs: Math.round(tReady - began) });
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof Problem) || (error.code !== 'not-ready' && error.code !== 'gateway-died')) throw error;
      // Its exit may be heard of before its last lines are read.
      if (error.code === 'gateway-died')
        await within({ name: "the gateway's last lines", limitMs: STOP_LIMIT_MS }, gate.ended);
      this.#recorder.record({ type: 'not-ready', boot, why: error.message, lastLines: gate.lastLines() });
      return false;
    }
  }

  /** One turn to its end, whatever that is. */
  async turn(name: string): Promise<TurnResult> {
    return this.#startTurn(name).end;
  }

  #startTurn(name: string): { end: Promise<TurnResult>; cancel(): void } {
    const boot = this.#pod.bootNumber;
    const values = { session: `midwrite-${name}`, text: `midwrite-text-${name}-${this.#pod.gatewayName}` };
    const { result, cancel } = this.#pod.sidecar.turn(
      fill(this.#release.turn, values),
      this.#release.promises.serveWithinMs,
    );
    const durable = this.#release.promises.durable.map((place) => fill(place, values));
    const end = result.then((outcome) => {
      this.#recorder.record({ type: 'turn', boot, name, ...values, durable, result: outcome });
      return outcome;
    });
    return { end, cancel };
  }

  /** Waits until the gateway has left its state folder alone for a while: what it still had to write is written. */
  async quiet(quietMs = QUIET_MS): Promise<void> {
    const gate = this.#pod.gate;
    let count = -1;
    let since = 0;
    await until(
      {
        name: 'the gateway to leave its state folder alone',
        limitMs: QUIET_LIMIT_MS,
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
    const { root, store, temps, durable, retention } = this.#release.promises;
    const anything = { session: '*', text: '*' };
    const keep = [
      store.path,
      ...temps,
      ...durable.flatMap((place) => fill(place.file, anything)),
      ...(retention === undefined ? [] : [retention.archive]),
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
   */
  async hold(crashPoint: CrashPoint, turns = 1): Promise<Held | undefined> {
    const gate = this.#pod.gate;
    const seen = learnWriteShape(gate.events, this.#release.promises.store);
    // A boot that has written nothing yet writes as the one before did.
    const shape = seen.kind === 'none' ? (this.#shape ?? seen) : seen;
    this.#shape = shape;
    this.#recorder.record({ type: 'write-shape', ...shape });
    if (shape.kind === 'replace') this.#tempPattern = shape.temp;
    const spec = crashPoint.hold(shape);
    if (spec === undefined) {
      const why = `the gateway's write of its store is "${shape.kind}": it has no ${crashPoint.name}`;
      this.#recorder.record({ type: 'not-held', why, seen: [] });
      return undefined;
    }
    await gate.arm(crashPoint.name, spec, ARM_LIMIT_MS);
    this.#recorder.record({
      type: 'hold',
      id: crashPoint.name,
      op: spec.op,
      path: spec.path,
      at: spec.at,
      ...(spec.to === undefined ? {} : { to: spec.to }),
    });
    const from = gate.events.length;
    const isHeld = (event: GateEvent): event is GateEventOf<'held'> => event.ev === 'held';
    const held = gate.waitFor(
      { name: `the hold at ${crashPoint.name}`, limitMs: HOLD_LIMIT_MS, signal: this.#signal },
      isHeld,
      from,
    );
    held.catch(() => undefined);
    let why = '';
    for (let count = 1; count <= turns; count += 1) {
      const turn = this.#startTurn(turns === 1 ? 'struck' : `struck-${count}`);
      // A gateway may acknowledge a turn from its journal and write its store after that: the crash point was passed by when all of it is written.
      // A turn that hangs is cut off by the hold's limit.
      const passedBy = turn.end.then(() => this.quiet(count < turns ? QUIET_MS : PASSED_BY_MS));
      passedBy.catch(() => undefined);
      const first = await Promise.race([held, passedBy.then(() => undefined)]).catch((error: unknown) => {
        if (error instanceof Problem && (error.code === 'limit-passed' || error.code === 'gateway-died')) return error;
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

  /** What the lab does to the stopped state before the boot: ages it, and puts in what a sweep must leave alone. */
  async prepare(aftermath: Aftermath): Promise<void> {
    const { root, store, sweepGraceMs } = this.#release.promises;
    if (aftermath !== 'fresh') {
      const byMs = sweepGraceMs + HOUR_MS;
      await this.#pod.sidecar.age(root, byMs);
      this.#recorder.record({ type: 'aged', byMs, why: 'aftermath' });
    }
    const folder = path.posix.dirname(store.path);
    const plants: (Plant & { role: 'young-temp' | 'foreign-file' | 'corrupt-store' })[] = [
      {
        role: 'foreign-file',
        path: path.posix.join(folder, 'notes-of-another-program.tmp'),
        content: 'not yours\n',
        ageMs: sweepGraceMs + HOUR_MS,
      },
    ];
    const young = this.#youngTemp();
    if (young !== undefined)
      plants.push({ role: 'young-temp', path: young, content: '{"a writer": "is at it"', ageMs: 0 });
    if (aftermath === 'corrupt-store')
      plants.push({ role: 'corrupt-store', path: store.path, content: '{"cut": {"in', ageMs: sweepGraceMs + HOUR_MS });
    await this.#pod.sidecar.plant(plants.map(({ role: _, ...plant }) => plant));
    this.#recorder.record({
      type: 'planted',
      files: plants.map(({ role, path: file, ageMs }) => ({ role, path: file, ageMs })),
    });
  }

  /** A name of the gateway's own form that no writer has used: the last seen one with its digits turned. */
  #youngTemp(): string | undefined {
    const seen = learnWriteShape(this.#pod.gate.events, this.#release.promises.store);
    if (seen.kind !== 'replace') return undefined;
    const name = path.posix.basename(seen.example);
    // Every digit becomes another one, and none becomes 0: a number that begins with 0 may not be of the gateway's form.
    const turned = name.replaceAll(/\d/g, (digit) => String(((Number(digit) + 3) % 9) + 1));
    const young = path.posix.join(path.posix.dirname(seen.example), turned);
    return turned !== name && patternOf(young) === seen.temp ? young : undefined;
  }

  /** Lets the time pass that the gateway's own sweep has after it was ready. */
  async sweepTime(): Promise<void> {
    await reach(this.#readyAt + this.#release.promises.sweepWithinMs, this.#signal);
  }

  /**
   * Makes everything older than the grace under the gateway that runs, and lets the time of its repeated sweep pass. False: it promises none.
   */
  async outlive(): Promise<boolean> {
    const { root, sweepGraceMs, sweepEveryMs } = this.#release.promises;
    if (sweepEveryMs === undefined) return false;
    await this.#pod.sidecar.age(root, sweepGraceMs + HOUR_MS);
    this.#recorder.record({ type: 'aged', byMs: sweepGraceMs + HOUR_MS, why: 'outlived' });
    await reach(Date.now() + sweepEveryMs, this.#signal);
    return true;
  }

  /** Stops the gateway as its operator would: SIGTERM, and SIGKILL if that does not end it. */
  async stop(): Promise<void> {
    await this.#pod.container.signal('SIGTERM');
    try {
      await this.#pod.ended(STOP_LIMIT_MS, true);
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

/** Waits until the clock shows a time (ms since 1970) that the gateway has for something. */
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
