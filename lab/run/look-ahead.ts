import { type CellPlan, podAhead } from '../cell/cell.ts';
import type { Engine } from '../engine/engine.ts';
import type { BaseAhead } from '../pod/base.ts';

/**
 * What the next cell stands on, begun while the one before it runs: its own volumes and its own sidecar, which no other cell sees. Disposing of it
 * removes what no cell took.
 */
export class LookAhead implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #run: string;
  readonly #begun = new Map<string, BaseAhead>();

  constructor(engine: Engine, run: string) {
    this.#engine = engine;
    this.#run = run;
  }

  /** Not on a machine whose power a cell may cut: it would cut the next cell's too. */
  begin(id: string, plan: CellPlan): void {
    if (this.#engine.machine !== undefined || this.#begun.has(id)) return;
    this.#begun.set(id, podAhead(this.#engine, plan, this.#run));
  }

  take(id: string): BaseAhead | undefined {
    const base = this.#begun.get(id);
    this.#begun.delete(id);
    return base;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#begun.values()].map((base) => base[Symbol.asyncDispose]()));
  }
}
