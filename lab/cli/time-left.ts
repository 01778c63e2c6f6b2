import type { Planned } from '../plan/planned.ts';

/** A guess of the time that the cells of a run still take: what each took before, else what others of its system took. */
export class TimeLeft {
  readonly #open: Map<string, Planned>;
  readonly #jobs: number;
  readonly #known: ReadonlyMap<string, number>;
  readonly #seen = new Map<string, number[]>();
  readonly #begun = new Map<string, { atMs: number; totalMs?: number }>();

  constructor(cells: readonly Planned[], jobs: number, known: ReadonlyMap<string, number>) {
    this.#open = new Map(cells.map((cell) => [cell.id, cell]));
    this.#jobs = jobs;
    this.#known = known;
  }

  /** @param atMs any clock that only goes forward */
  started(cell: Planned, atMs = performance.now()): void {
    this.#begun.set(cell.id, { atMs });
  }

  /** A long one tells how much of it is done: it is taken to go on at that pace. */
  progressed(cell: Planned, done: number, nowMs = performance.now()): void {
    const begun = this.#begun.get(cell.id);
    if (begun === undefined || done <= 0) return;
    begun.totalMs = (nowMs - begun.atMs) / done;
  }

  ended(cell: Planned, durationMs: number): void {
    this.#open.delete(cell.id);
    const name = cell.system.name;
    this.#seen.set(name, [...(this.#seen.get(name) ?? []), durationMs]);
  }

  /** ms; undefined while there is nothing to go by. */
  ms(nowMs = performance.now()): number | undefined {
    let sum = 0;
    for (const cell of this.#open.values()) {
      const begun = this.#begun.get(cell.id);
      const guess =
        begun?.totalMs ??
        this.#known.get(cell.id) ??
        mean(this.#seen.get(cell.system.name) ?? []) ??
        mean([...this.#seen.values()].flat());
      if (guess === undefined) return undefined;
      sum += Math.max(0, guess - (begun === undefined ? 0 : nowMs - begun.atMs));
    }
    return sum / this.#jobs;
  }

  inWords(): string | undefined {
    const ms = this.ms();
    if (ms === undefined) return undefined;
    const seconds = Math.round(ms / 1000);
    return seconds < 90 ? `about ${seconds} s` : `about ${Math.round(seconds / 60)} min`;
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
