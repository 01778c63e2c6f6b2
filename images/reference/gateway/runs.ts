import { randomUUID } from 'node:crypto';
import type { Defect } from './defects.ts';
import type { Log } from './log.ts';

const LOGGED_KEY_LIMIT_CHARS = 64;

/** What happens to a run: the model has answered, the turn is durable, and how it ended. */
export type RunStep = 'started' | 'asked' | 'kept' | 'ended' | 'failed';

/** The turns that are being served. Each logs its steps with a sequence number, and leaves nothing behind when it ends. */
export class Runs {
  readonly #log: Log;
  readonly #defects: ReadonlySet<Defect>;
  readonly #keys = new Map<string, string>();
  readonly #counters = new Map<string, number>();

  constructor(log: Log, defects: ReadonlySet<Defect>) {
    this.#log = log;
    this.#defects = defects;
  }

  get running(): number {
    return this.#keys.size;
  }

  get counters(): number {
    return this.#counters.size;
  }

  /** Gives the run's id. */
  start(key: string): string {
    const run = randomUUID();
    this.#keys.set(run, key.slice(0, LOGGED_KEY_LIMIT_CHARS));
    this.step(run, 'started');
    return run;
  }

  step(run: string, step: RunStep, fields: Readonly<Record<string, unknown>> = {}): void {
    const seq = (this.#counters.get(run) ?? 0) + 1;
    this.#counters.set(run, seq);
    this.#log('info', 'run', { run, seq, step, key: this.#keys.get(run), ...fields });
  }

  /** The last step of a run; all that was known of it goes. */
  end(run: string, step: 'ended' | 'failed', fields?: Readonly<Record<string, unknown>>): void {
    this.step(run, step, fields);
    this.#keys.delete(run);
    if (!this.#defects.has('run-counters-leak')) this.#counters.delete(run);
  }
}
