import { closeSync, fstatSync, openSync } from 'node:fs';
import type { LogEntry } from './block-log.ts';

/** Between two looks at the log's length; where this process is busy it is longer, and the windows are wider for it. */
const LOOK_EVERY_MS = 1;
/** Questions, of which the answers that came soonest count. */
const ROUNDS = 4;

/** The log had this length at `t`, and less at `before`; ms since 1970, by this host's clock. */
interface Look {
  size: number;
  before: number;
  t: number;
}

const now = () => performance.timeOrigin + performance.now();

/** When each entry of a log was written, by the machine's clock: from this host's looks at the log's length, and from what the machine says its clock is. */
export class LogClock implements Disposable {
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;
  readonly #looks: Look[] = [];
  #last = now();
  #isStopped = false;
  /** The machine's clock against this host's: at least, and at most so many ms ahead. */
  #ahead = { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };

  constructor(log: string) {
    this.#fd = openSync(log, 'r');
    this.#looks.push({ size: fstatSync(this.#fd).size, before: Number.NEGATIVE_INFINITY, t: this.#last });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** The log's length now, and how it was until now. */
  get size(): number {
    return this.#look();
  }

  /** Asks for the time where the log's disk is: once at the beginning and once at the end, since two clocks drift. */
  async ask(clockUs: () => Promise<number>): Promise<void> {
    let [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < ROUNDS; round += 1) {
      const asked = now();
      const there = (await clockUs()) / 1000;
      least = Math.max(least, there - now());
      most = Math.min(most, there - asked);
    }
    this.#ahead = { least: Math.min(this.#ahead.least, least), most: Math.max(this.#ahead.most, most) };
  }

  /**
   * By the machine's clock, the ends of the time in which this entry was the last that was there.
   * @param entry undefined: none had come
   * @param next the entry after it; undefined: none came
   */
  during(entry: LogEntry | undefined, next: LogEntry | undefined): { from: number; to: number } {
    const first = entry === undefined ? undefined : this.#looks.find(({ size }) => size >= entry.end);
    const second = next === undefined ? undefined : this.#looks.find(({ size }) => size >= next.end);
    return {
      from: (first?.before ?? Number.NEGATIVE_INFINITY) + this.#ahead.least,
      to: (second?.t ?? Number.POSITIVE_INFINITY) + this.#ahead.most,
    };
  }

  /** Looks no more; what was seen stays. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    closeSync(this.#fd);
  }

  #look(): number {
    const { size } = fstatSync(this.#fd);
    const t = now();
    if (size !== this.#looks.at(-1)?.size) this.#looks.push({ size, before: this.#last, t });
    this.#last = t;
    return size;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
