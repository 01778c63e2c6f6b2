import { createHash } from 'node:crypto';
import { isPlannedScenario, type Planned } from '../plan/planned.ts';
import { Problem } from '../problem.ts';
import type { PlannedExplorationRow, PlannedRow, Shard } from '../results.ts';

/** `2/4`: the second of four. */
export interface ShardNumber {
  index: number;
  count: number;
}

export const MOST_SHARDS = 100;

/** @throws Problem bad-usage */
export function parseShard(text: string): ShardNumber {
  const [, index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text.trim()) ?? []).map(Number);
  if (index < 1 || count < 1 || index > count || count > MOST_SHARDS)
    throw new Problem('bad-usage', `"${text}" is not a shard. Write which one of how many, such as 2/4.`);
  return { index, count };
}

/**
 * The part of a plan that a shard runs. Cells go, longest first, to the shard that has the least to do (LPT: Graham, "Bounds on Multiprocessing Timing
 * Anomalies", 1969), so every shard cuts the same way if it goes by the same durations.
 *
 * Every shard carries the canary and the controls of the systems in it: a control vouches for the machine that it ran on, and shards run on machines
 * of their own. A shard whose machine can't see a fault is not sound by itself, wherever the others ran.
 * @param durations of earlier runs, by cell, in ms
 * @param version of midwrite: shards of another one do not belong to these
 * @param explorations which each shard explores a part of
 * @throws Problem bad-usage
 */
export function shardOf(
  planned: readonly Planned[],
  rowOf: (planned: Planned) => PlannedRow,
  { index, count }: ShardNumber,
  durations: ReadonlyMap<string, number>,
  version: string,
  explorations: readonly PlannedExplorationRow[] = [],
): { cells: Planned[]; shard: Shard } {
  const parts = cut(planned, count, durations);
  const ids = new Set(parts[index - 1]);
  const whole = planned.map(rowOf);
  // What was learned here may differ from machine to machine in what is no difference: order, masks.
  const promises = planned.map(({ release: { promises } }) => ({
    ...promises,
    answers: undefined,
    watched: undefined,
  }));
  const explored = explorations.length === 0 ? {} : { explorations };
  const planHash = createHash('sha256')
    .update(JSON.stringify({ version, whole, promises, parts, ...explored }))
    .digest('hex');
  return { cells: planned.filter(({ id }) => ids.has(id)), shard: { index, count, planHash, whole } };
}

/** The ids of the cells of each shard, its controls among them. */
export function cut(planned: readonly Planned[], count: number, durations: ReadonlyMap<string, number>): string[][] {
  const work = planned.filter(({ role }) => role === 'cell' || role === 'mutant');
  if (work.length < count)
    throw new Problem('bad-usage', `The plan has ${work.length} cells, too few for ${count} shards.`);
  const guess = estimates(planned, durations);
  const parts = Array.from({ length: count }, () => new Part(planned, guess));
  for (const cell of work.toSorted((a, b) => guess(b) - guess(a))) {
    const [emptiest] = parts.toSorted((a, b) => Number(b.isEmpty) - Number(a.isEmpty) || a.with(cell) - b.with(cell));
    emptiest?.add(cell);
  }
  return parts.map((part) => part.ids);
}

class Part {
  readonly #planned: readonly Planned[];
  readonly #guess: (cell: Planned) => number;
  readonly #cells = new Set<Planned>();

  constructor(planned: readonly Planned[], guess: (cell: Planned) => number) {
    this.#planned = planned;
    this.#guess = guess;
  }

  get isEmpty(): boolean {
    return this.#cells.size === 0;
  }

  add(cell: Planned): void {
    this.#cells.add(cell);
  }

  /** How long it would take with this cell, and with the controls that the cell needs, in ms. */
  with(cell: Planned): number {
    const cells = [...this.#cells, cell];
    return [...cells, ...this.#controlsOf(cells)].reduce((sum, one) => sum + this.#guess(one), 0);
  }

  /** In the order of the plan. */
  get ids(): string[] {
    const has = new Set([...this.#cells, ...this.#controlsOf([...this.#cells])]);
    return this.#planned.filter((one) => has.has(one)).map(({ id }) => id);
  }

  #controlsOf(cells: readonly Planned[]): Planned[] {
    const canaries = this.#planned.filter(({ role }) => role === 'canary');
    const controls = this.#planned.filter(({ role }) => role === 'control');
    const own = controls.filter((control) => cells.some((cell) => isControlOf(control, cell)));
    // A part with scenarios alone has no system with a control: any one vouches for the machine.
    return [...(own.length > 0 ? own : controls.slice(0, 1)), ...canaries];
  }
}

function isControlOf({ spec: control }: Planned, { spec: cell }: Planned): boolean {
  return control.system === cell.system && control.version === cell.version && control.memoryBytes === cell.memoryBytes;
}

/** What scenarios are made to take at most, one system of several: lab/scenarios/. */
const SCENARIO_MS = { full: 120_000, quick: 30_000 };

/**
 * A guess for every cell: what it took before, else what the others of its system took, else a part of the time that its system has to get ready, which
 * it does three times. Only the ratio matters.
 */
function estimates(planned: readonly Planned[], durations: ReadonlyMap<string, number>): (cell: Planned) => number {
  const bySystem = new Map<string, number[]>();
  for (const cell of planned) {
    const took = durations.get(cell.id);
    if (took !== undefined && !isPlannedScenario(cell))
      bySystem.set(cell.system.name, [...(bySystem.get(cell.system.name) ?? []), took]);
  }
  return (cell) => {
    const known = durations.get(cell.id);
    if (known !== undefined) return known;
    if (isPlannedScenario(cell)) return SCENARIO_MS[cell.spec.isQuick ? 'quick' : 'full'];
    const others = bySystem.get(cell.system.name) ?? [];
    if (others.length > 0) return others.reduce((sum, one) => sum + one, 0) / others.length;
    return cell.release.promises.readyWithinMs / 10;
  };
}
