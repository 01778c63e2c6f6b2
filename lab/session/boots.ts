import type { Gate } from '../gate/gate.ts';
import type { BootOptions } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { within } from '../wait.ts';
import type { Ground } from './ground.ts';
import { ARM_LIMIT_MS, STOP_LIMIT_MS } from './limits.ts';
import { reach } from './waits.ts';

/** Between two boots of a system that refuses. */
const RESTART_MS = 10_000;

/** Boots of a system, until it is ready or never will be. */
export class Boots {
  readonly #at: Ground;
  #readyAt = 0;

  constructor(ground: Ground) {
    this.#at = ground;
  }

  /** When it was ready last, ms since 1970. */
  get readyAt(): number {
    return this.#readyAt;
  }

  /**
   * Boots the system and waits until it is ready. False: it never was, and the evidence has its last lines.
   * @param env what its environment has beside its own from now on
   * @param limitMs how long the lab waits for that. Absent: as long as its definition says
   */
  async boot(more: Omit<BootOptions, 'arm' | 'argv'> = {}, limitMs?: number): Promise<boolean> {
    const began = Date.now();
    const gate = await this.#at.pod.boot({ ...more, ...this.own });
    this.tellProgram();
    return this.recordReady(began, this.untilReady(gate, limitMs));
  }

  /**
   * Boots a system that refuses again and again, as a restart policy does, until it is ready or its definition's time for that is over. Every boot is on record.
   * @returns false: it was never ready
   */
  async bootWhileItRefuses(more: Omit<BootOptions, 'arm' | 'argv'> = {}): Promise<boolean> {
    const since = Date.now();
    if (await this.boot(more)) return true;
    const { restartedForMs = 0 } = this.#at.release;
    while (this.#at.pod.gate.howEnded !== undefined && Date.now() - since < restartedForMs) {
      await this.#at.pod.ended(STOP_LIMIT_MS, false);
      await reach(Date.now() + RESTART_MS, this.#at.signal);
      if (await this.boot()) return true;
    }
    return false;
  }

  /** What a boot is told where the release is not the pod's own. */
  get own(): Pick<BootOptions, 'program'> {
    return this.#at.program === undefined ? {} : { program: this.#at.program };
  }

  /** Writes down which release a boot is of, where it is not the pod's own. */
  tellProgram(): void {
    if (this.#at.program === undefined) return;
    this.#at.recorder.record({ type: 'program', boot: this.#at.pod.bootNumber, version: this.#at.release.version });
  }

  /** Resolves with the time at which it was ready; what it died of, or the limit, is a Problem. */
  async untilReady(gate: Gate, limitMs = this.#at.release.promises.readyWithinMs): Promise<number> {
    const { ready } = this.#at.release.boot;
    if (ready.kind === 'log') {
      await gate.waitForLog(
        {
          name: `"${ready.includes}" in the system's log`,
          limitMs,
          isSlowed: true,
          code: 'not-ready',
          signal: this.#at.signal,
        },
        ready.includes,
      );
      return Date.now();
    }
    const { kind: _, ...place } = ready;
    const poll = this.#at.pod.sidecar.ready('path' in place ? { http: place } : { tcp: place }, limitMs);
    const died = gate
      .waitForKind(
        { name: 'the system to be ready', limitMs: limitMs + ARM_LIMIT_MS, isSlowed: true, signal: this.#at.signal },
        'exit',
      )
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

  /** Writes down how a boot went. False: it was never ready. */
  async recordReady(began: number, ready: Promise<number>): Promise<boolean> {
    const boot = this.#at.pod.bootNumber;
    const { gate } = this.#at.pod;
    try {
      const tReady = await ready;
      this.#readyAt = Date.now();
      this.#at.recorder.record({ type: 'ready', boot, tReady, tookMs: Math.round(tReady - began) });
      return true;
    } catch (error) {
      this.#at.signal.throwIfAborted();
      if (!(error instanceof Problem) || (error.code !== 'not-ready' && error.code !== 'system-died')) throw error;
      // Its exit may be heard of before its last lines are read.
      if (error.code === 'system-died')
        await within({ name: "the system's last lines", limitMs: STOP_LIMIT_MS }, gate.ended);
      this.#at.recorder.record({ type: 'not-ready', boot, why: error.message, lastLines: gate.lastLines() });
      return false;
    }
  }
}
