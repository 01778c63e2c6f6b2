import pLimit, { type LimitFunction } from 'p-limit';
import type { Engine } from '../engine/engine.ts';

/** So many lives for each processor: of long ones most wait, for a sweep, for a processor, or for what another life comes to. */
const LIVES_PER_CPU = 4;
/** Short ones wait half of their time, for the system to leave its folder alone. */
const FAST_PER_CPU = 2;
const MOST_LIVES = 8;

/**
 * Who computes. A boot takes a processor; a life waits for half of its time and more (a folder is planted and read, a sweep has its time), so there are more
 * lives than processors. A system that shares its processor with others boots late, and some give up then.
 */
export class Processors {
  /** So many lives at a time. */
  readonly lives: number;
  /** A life costs more than a wait, as far as is known. */
  isScarce = true;
  readonly #limit: LimitFunction;
  readonly #fastAtOnce: number;

  /** @param lives so many compute at a time too; absent: as many as do well */
  constructor({ facts }: Pick<Engine, 'facts'>, memoryBytes: number, lives?: number) {
    const fit = Math.floor(facts.memoryBytes / memoryBytes);
    this.lives = lives ?? Math.min(MOST_LIVES, Math.max(facts.cpus, Math.min(facts.cpus * LIVES_PER_CPU, fit)));
    this.#fastAtOnce = lives ?? Math.min(this.lives, facts.cpus * FAST_PER_CPU);
    this.#limit = pLimit(lives ?? Math.min(facts.cpus, this.lives));
  }

  /** Runs it when a processor is free. */
  compute<T>(work: () => Promise<T>): Promise<T> {
    return this.#limit(work);
  }

  /** Boots of this system hardly compute: from now on more of them do at a time. */
  areFast(): void {
    this.isScarce = false;
    this.#limit.concurrency = this.#fastAtOnce;
  }
}
