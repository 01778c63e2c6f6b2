import { type CrashPoint, learnWriteShape, type WriteShape } from '../crash-point/write-shape.ts';
import type { Gate } from '../gate/gate.ts';
import type { ArmSpec, GateEvent, GateEventOf } from '../gate/protocol.ts';
import { describe, Problem } from '../problem.ts';
import { passedLimit } from '../wait.ts';
import type { Boots } from './boots.ts';
import type { Ground } from './ground.ts';
import { ARM_LIMIT_MS, HOLD_LIMIT_MS, WORKLOAD_LIMIT_MS } from './limits.ts';
import type { Driver } from './turns.ts';
import type { Waits } from './waits.ts';

/** After a turn that was to be held: so long that a slow sync in its middle is not taken for its end. */
const PASSED_BY_MS = 3_000;

/** Of what was seen when nothing was held. */
const SEEN_OPS = 12;

/** A call that is held. `turn` settles when the turn that made it has ended, or all that were under way where it may be any of them. */
export interface Held {
  event: GateEventOf<'held'>;
  turn: Promise<unknown>;
}

/** How a boot went that was to be held. `whenReady`: of one that goes on after all. */
export type BootIntoHold = { held: GateEventOf<'held'>; whenReady(): Promise<boolean> } | { ready: boolean };

/** Holds: in a turn, in a boot, in a stop, in another program of the image. */
export class Holds {
  readonly #at: Ground;
  readonly #boots: Boots;
  readonly #turns: Driver;
  readonly #waits: Waits;
  #tempPattern: string | undefined;
  #shape: WriteShape | undefined;

  constructor(ground: Ground, boots: Boots, turns: Driver, waits: Waits) {
    this.#at = ground;
    this.#boots = boots;
    this.#turns = turns;
    this.#waits = waits;
  }

  /** Of the temps of the writes that were held. */
  get tempPattern(): string | undefined {
    return this.#tempPattern;
  }

  /**
   * Drives a turn into the crash point. Undefined: it was never reached, and the evidence says what was seen instead.
   * @param turns so many of them, where not every turn writes the store
   * @param mark in what they say
   */
  async hold(crashPoint: CrashPoint, turns = 1, mark = ''): Promise<Held | undefined> {
    const driven = await this.#driveInto(crashPoint, 'struck', turns, mark);
    if ('event' in driven) return driven;
    this.#at.recorder.record({ type: 'not-held', ...driven });
    return undefined;
  }

  /** Drives the write after one that was struck into the same crash point. Undefined: it did not come there, or was refused. */
  async holdNext(crashPoint: CrashPoint): Promise<Held | undefined> {
    const driven = await this.#driveInto(crashPoint, 'struck-2', 1, '');
    return 'event' in driven ? driven : undefined;
  }

  async #driveInto(
    crashPoint: CrashPoint,
    name: string,
    turns: number,
    mark: string,
  ): Promise<Held | { why: string; seen: string[] }> {
    const gate = this.#at.pod.gate;
    const spec = this.holdOf(crashPoint);
    if (typeof spec === 'string') return { why: spec, seen: [] };
    await this.arm(crashPoint.name, spec);
    const from = gate.events.length;
    const held = gate.waitFor(
      { name: `the hold at ${crashPoint.name}`, limitMs: HOLD_LIMIT_MS, signal: this.#at.signal },
      isHeld,
      from,
    );
    held.catch(() => undefined);
    let why = '';
    for (let count = 1; count <= turns; count += 1) {
      const turn = this.#turns.startStruck(turns === 1 ? name : `${name}-${count}`, mark);
      // A system may acknowledge a turn from its journal and write its store after that: the crash point was passed by when all of it is written.
      // A turn that hangs is cut off by the hold's limit.
      const passedBy = turn.end.then(() =>
        this.#waits.quiet(count < turns ? undefined : Math.max(PASSED_BY_MS, this.#at.release.quietMs ?? 0)),
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
    return { why, seen: whatWasSeen(gate.events.slice(from)) };
  }

  /** The hold of a crash point in the writes of this system as they were seen; or why they have no such place. */
  holdOf(crashPoint: CrashPoint): ArmSpec | string {
    const seen = learnWriteShape(this.#at.pod.gate.events, this.#at.release.promises.store);
    // A boot that has written nothing yet, or its journal alone, writes as the one before did.
    const isKnown = seen.kind === 'none' || (seen.kind === 'log' && this.#shape?.kind === 'replace');
    const shape = isKnown ? (this.#shape ?? seen) : seen;
    this.#shape = shape;
    this.#at.recorder.record({ type: 'write-shape', ...shape });
    if (shape.kind === 'replace') this.#tempPattern = shape.temp;
    return crashPoint.hold(shape) ?? `the system's write of its store is "${shape.kind}": it has no ${crashPoint.name}`;
  }

  /** The next boot may write nothing of its store before a turn is to be held there. */
  remember(): void {
    const seen = learnWriteShape(this.#at.pod.gate.events, this.#at.release.promises.store);
    if (seen.kind === 'replace') this.#shape = seen;
  }

  /**
   * Boots the system with a hold in the boot itself: it is held there, or ready (or never ready) before.
   * @param isIt asked while a call is held: false lets that go on, and the next one that meets the spec is held. Absent: the first one is it
   */
  async bootInto(id: string, spec: ArmSpec, isIt: () => Promise<boolean> = async () => true): Promise<BootIntoHold> {
    const began = Date.now();
    this.#recordHold(id, spec);
    const gate = await this.#at.pod.boot({ arm: { id, spec }, ...this.#boots.own });
    this.#boots.tellProgram();
    const ready = this.#boots.untilReady(gate);
    // Of a boot that is held nobody asks any more whether it was ready.
    ready.catch(() => undefined);
    const limitMs = this.#at.release.promises.readyWithinMs + HOLD_LIMIT_MS;
    const wait = { name: `the hold ${id} in the boot`, limitMs, isSlowed: true, signal: this.#at.signal };
    for (let from = 0, next = 2; ; next += 1) {
      const held = gate.waitFor(wait, isHeld, from).then((event) => ({ event }));
      held.catch(() => undefined);
      const first = await Promise.race([held, ready.then(() => undefined)]).catch(() => undefined);
      if (first === undefined) return { ready: await this.#boots.recordReady(began, ready) };
      if (await isIt()) return { held: first.event, whenReady: () => this.#boots.recordReady(began, ready) };
      from = gate.events.length;
      // Armed before the held one goes on: no call passes between the two.
      await this.arm(`${id}-${next}`, spec);
      gate.send('release', { id: first.event.id });
    }
  }

  /**
   * Boots the stopped system into a crash point of its boot. Undefined: it was never reached, and the evidence says why.
   * @param isIt as of `bootInto`
   */
  async holdBoot(id: string, spec: ArmSpec, isIt?: () => Promise<boolean>): Promise<Held | undefined> {
    const booted = await this.bootInto(id, spec, isIt);
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
    if (isIt !== undefined) {
      this.#recordNotHeld('the boot was ready, and it was at none of its calls', spec);
      return undefined;
    }
    // What a boot does goes on behind that: it was watched until it was quiet.
    const quiet = this.#waits.sweepTime().then(() => this.#waits.quiet());
    // A boot that is never quiet has passed the hold by all the same.
    const event = await this.heldBefore(quiet.catch(passedLimit), 0);
    if (event !== undefined) return { event, turn: Promise.resolve() };
    this.#recordNotHeld('the boot was over and nothing matched', spec);
    return undefined;
  }

  /** Runs another program of its image in the system's place, into a crash point. */
  async holdCommand(id: string, spec: ArmSpec, argv: readonly string[]): Promise<Held | undefined> {
    this.#recordHold(id, spec);
    const gate = await this.#at.pod.boot({ argv, arm: { id, spec } });
    return this.#heldOrEnded(gate, id, spec, 0);
  }

  /** Stops the system as its operator would, into a crash point of its stop. */
  async holdStop(id: string, spec: ArmSpec): Promise<Held | undefined> {
    const { gate } = this.#at.pod;
    await this.arm(id, spec);
    const from = gate.events.length;
    await this.#at.pod.container.signal('SIGTERM');
    return this.#heldOrEnded(gate, id, spec, from);
  }

  async #heldOrEnded(gate: Gate, id: string, spec: ArmSpec, from: number): Promise<Held | undefined> {
    const wait = { name: `the hold at ${id}`, limitMs: WORKLOAD_LIMIT_MS, signal: this.#at.signal };
    const isHeldOrOver = (event: GateEvent): event is GateEventOf<'held'> | GateEventOf<'exit'> =>
      event.ev === 'held' || event.ev === 'exit';
    const event = await gate.waitFor(wait, isHeldOrOver, from);
    if (event.ev === 'held') return { event, turn: Promise.resolve() };
    this.#recordNotHeld('it ended and nothing matched', spec);
    return undefined;
  }

  #recordNotHeld(why: string, { op, path: file, nth }: ArmSpec): void {
    const number = nth === undefined ? '' : ` (number ${nth})`;
    const seen = whatWasSeen(this.#at.pod.gate.events);
    this.#at.recorder.record({ type: 'not-held', why: `${why} ${op} ${file}${number}`, seen });
  }

  /** Arms a hold in the system that runs. */
  async arm(id: string, spec: ArmSpec): Promise<void> {
    await this.#at.pod.gate.arm(id, spec, ARM_LIMIT_MS);
    this.#recordHold(id, spec);
  }

  #recordHold(id: string, { op, path: file, at, to, nth }: ArmSpec): void {
    const more = { ...(to === undefined ? {} : { to }), ...(nth === undefined ? {} : { nth }) };
    this.#at.recorder.record({ type: 'hold', id, op, path: file, at, ...more });
  }

  /** The hold that is armed, once it takes place, or undefined when `passedBy` settles before. */
  async heldBefore(passedBy: Promise<unknown>, from: number): Promise<GateEventOf<'held'> | undefined> {
    const wait = { name: 'the hold', limitMs: WORKLOAD_LIMIT_MS, signal: this.#at.signal };
    const held = this.#at.pod.gate.waitFor(wait, isHeld, from);
    held.catch(() => undefined);
    return Promise.race([held, passedBy.then(() => undefined)]);
  }

  /** Takes back a hold that was passed by. What it held in that very moment is given. */
  async disarm(id: string): Promise<GateEventOf<'held'> | undefined> {
    const { gate } = this.#at.pod;
    const isOver = (event: GateEvent): event is GateEventOf<'held'> | GateEventOf<'disarmed'> =>
      (event.ev === 'held' || event.ev === 'disarmed') && event.id === id;
    gate.send('disarm', { id });
    const event = await gate.waitFor({ name: `writegate to take back the hold ${id}`, limitMs: ARM_LIMIT_MS }, isOver);
    return event.ev === 'held' ? event : undefined;
  }
}

const isHeld = (event: GateEvent): event is GateEventOf<'held'> => event.ev === 'held';

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
