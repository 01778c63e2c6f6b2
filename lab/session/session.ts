import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Pod, PodProgram } from '../pod/pod.ts';
import type { Release } from '../system.ts';
import { passedLimit } from '../wait.ts';
import { Boots } from './boots.ts';
import { Folder } from './folder.ts';
import type { Ground } from './ground.ts';
import { Holds } from './holds.ts';
import { STOP_LIMIT_MS } from './limits.ts';
import { Driver } from './turns.ts';
import { Waits } from './waits.ts';

/**
 * What the lab does with a system over one cell, and what it writes down of it. One method a step of the cell's life; what each does stands in the
 * part that it is handed to.
 */
export class Session {
  readonly #at: Ground;
  readonly #boots: Boots;
  readonly #turns: Driver;
  readonly #waits: Waits;
  readonly #holds: Holds;
  readonly #folder: Folder;

  constructor(pod: Pod, release: Release, recorder: EvidenceSink, signal: AbortSignal, program?: PodProgram) {
    this.#at = { pod, release, recorder, signal, program };
    this.#boots = new Boots(this.#at);
    this.#turns = new Driver(this.#at);
    this.#waits = new Waits(this.#at, this.#boots);
    this.#holds = new Holds(this.#at, this.#boots, this.#turns, this.#waits);
    this.#folder = new Folder(this.#at, this.#holds);
  }

  boot(...asked: Parameters<Boots['boot']>) {
    return this.#boots.boot(...asked);
  }

  bootWhileItRefuses(...asked: Parameters<Boots['bootWhileItRefuses']>) {
    return this.#boots.bootWhileItRefuses(...asked);
  }

  turn(...asked: Parameters<Driver['turn']>) {
    return this.#turns.turn(...asked);
  }

  startTurns(...asked: Parameters<Driver['startTurns']>) {
    return this.#turns.startTurns(...asked);
  }

  setUp(...asked: Parameters<Driver['setUp']>) {
    return this.#turns.setUp(...asked);
  }

  read(...asked: Parameters<Driver['read']>) {
    return this.#turns.read(...asked);
  }

  bootSettled(...asked: Parameters<Waits['bootSettled']>) {
    return this.#waits.bootSettled(...asked);
  }

  settled(...asked: Parameters<Waits['settled']>) {
    return this.#waits.settled(...asked);
  }

  quiet(...asked: Parameters<Waits['quiet']>) {
    return this.#waits.quiet(...asked);
  }

  sweepTime(...asked: Parameters<Waits['sweepTime']>) {
    return this.#waits.sweepTime(...asked);
  }

  hold(...asked: Parameters<Holds['hold']>) {
    return this.#holds.hold(...asked);
  }

  holdNext(...asked: Parameters<Holds['holdNext']>) {
    return this.#holds.holdNext(...asked);
  }

  holdOf(...asked: Parameters<Holds['holdOf']>) {
    return this.#holds.holdOf(...asked);
  }

  bootInto(...asked: Parameters<Holds['bootInto']>) {
    return this.#holds.bootInto(...asked);
  }

  holdBoot(...asked: Parameters<Holds['holdBoot']>) {
    return this.#holds.holdBoot(...asked);
  }

  holdCommand(...asked: Parameters<Holds['holdCommand']>) {
    return this.#holds.holdCommand(...asked);
  }

  holdStop(...asked: Parameters<Holds['holdStop']>) {
    return this.#holds.holdStop(...asked);
  }

  arm(...asked: Parameters<Holds['arm']>) {
    return this.#holds.arm(...asked);
  }

  heldBefore(...asked: Parameters<Holds['heldBefore']>) {
    return this.#holds.heldBefore(...asked);
  }

  disarm(...asked: Parameters<Holds['disarm']>) {
    return this.#holds.disarm(...asked);
  }

  configure(...asked: Parameters<Folder['configure']>) {
    return this.#folder.configure(...asked);
  }

  snapshot(...asked: Parameters<Folder['snapshot']>) {
    return this.#folder.snapshot(...asked);
  }

  prepare(...asked: Parameters<Folder['prepare']>) {
    return this.#folder.prepare(...asked);
  }

  outlive(...asked: Parameters<Folder['outlive']>) {
    return this.#folder.outlive(...asked);
  }

  /** It ended by itself, or of a fault: nothing of it runs any more. */
  get hasEnded(): boolean {
    return this.#at.pod.gate.howEnded !== undefined;
  }

  /** Ends the system in no way that it could do anything about; one that has ended already is only seen to be gone. */
  async kill(): Promise<void> {
    const isRunning = !this.hasEnded;
    if (isRunning) await this.#at.pod.container.signal('SIGKILL');
    await this.#at.pod.ended(STOP_LIMIT_MS, isRunning);
  }

  /** Stops the system as its operator would: SIGTERM, and SIGKILL if that does not end it. One that has ended by itself is at rest already. */
  async stop(): Promise<void> {
    this.#holds.remember();
    const began = performance.now();
    const isStopped = await this.#at.pod.container.signal('SIGTERM');
    try {
      await this.#at.pod.ended(STOP_LIMIT_MS, isStopped);
    } catch (error) {
      passedLimit(error);
      this.#at.recorder.record({
        type: 'strike',
        step: `SIGTERM did not end it within ${Math.round((performance.now() - began) / 1000)} s`,
        facts: {},
      });
      await this.#at.pod.container.signal('SIGKILL');
      await this.#at.pod.ended(STOP_LIMIT_MS, true);
    }
  }
}
