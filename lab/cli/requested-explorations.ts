import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { MODELS } from '../explore/crash-state.ts';
import { judgeExplorations } from '../explore/judge-explorations.ts';
import { type PlannedExploration, planExplorations } from '../explore/plan-explorations.ts';
import { runExplorations } from '../explore/run-explorations.ts';
import { canaries } from '../plan/controls.ts';
import type { Outsider } from '../plan/plan-outside.ts';
import { Problem } from '../problem.ts';
import { ResultsFolder, RUN_SCHEMA_VERSION, type RunFile } from '../results.ts';
import { runFacts } from '../run/begin-run.ts';
import { buildImages, type Images } from '../run/images.ts';
import type { Begin, PlannedName, Said } from '../vitest/protocol.ts';

interface How {
  say(line: string): void;
  signal: AbortSignal;
}

/** Explorations that were planned, in the folder of a run, and made one by one, whatever is asked for meanwhile: each takes all processors. */
export class RequestedExplorations {
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #planned: readonly PlannedExploration[];
  readonly #results: ResultsFolder;
  readonly #file: RunFile;
  readonly #how: How;
  readonly #done = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    engine: Engine,
    images: Images,
    planned: readonly PlannedExploration[],
    [results, file]: [ResultsFolder, RunFile],
    how: How,
  ) {
    this.#engine = engine;
    this.#images = images;
    this.#planned = planned;
    this.#results = results;
    this.#file = file;
    this.#how = how;
  }

  static async begin(
    engine: Engine,
    outside: readonly Outsider[],
    { workloads, models }: NonNullable<Begin['explore']>,
    root: string,
    how: How,
  ): Promise<RequestedExplorations> {
    const unknown = models.find((name) => !(MODELS as readonly string[]).includes(name));
    if (unknown !== undefined)
      throw new Problem('bad-usage', `Unknown model "${unknown}". Available: ${MODELS.join(', ')}.`);
    const releases = outside.map(({ release, memoryBytes }) => ({ release, memoryBytes }));
    const asked = await planExplorations(releases, { workloads });
    const planned = asked.map(({ row, release }) => ({
      row: { ...row, models: row.models.filter((model) => models.length === 0 || models.includes(model)) },
      release,
    }));
    const images = await buildImages(
      engine,
      await canaries(),
      how,
      outside.map(({ release }) => release),
    );
    const file: RunFile = {
      schemaVersion: RUN_SCHEMA_VERSION,
      run: runFacts(engine),
      state: 'running',
      plan: [],
      explorations: planned.map(({ row }) => row),
    };
    const results = await ResultsFolder.create(path.resolve(root), file);
    return new RequestedExplorations(engine, images, planned, [results, file], how);
  }

  get folder(): string {
    return this.#results.folder;
  }

  get names(): PlannedName[] {
    return this.#planned.map(({ row: { id, role, exploration } }) => ({
      id,
      role,
      name:
        role === 'canary' ? 'the canary, which is broken on purpose, is caught' : `every crash point of ${exploration}`,
    }));
  }

  run(id: string): Promise<Said> {
    const explored = this.#last.then(() => this.#explore(id));
    this.#last = explored.catch(() => undefined);
    return explored;
  }

  async #explore(id: string): Promise<Said> {
    const one = this.#planned.find(({ row }) => row.id === id);
    if (one === undefined) throw new Problem('bad-usage', `The plan has no exploration ${id}.`);
    const without = await runExplorations(this.#engine, [one], {
      folderOf: (name) => this.#results.exploration(name),
      imagesOf: (key) => ({ system: this.#images.system.get(key) ?? '', sidecar: this.#images.sidecar }),
      ...this.#how,
    });
    const why = new Map(without.map((each) => [each.id, each.why]));
    const [explored] = await judgeExplorations(this.#results, [one.row], this.#file.run, { without: why });
    if (explored === undefined) throw new Error('an exploration has one row');
    this.#done.add(id);
    return { explored };
  }

  async end(): Promise<void> {
    const state = this.#done.size === this.#planned.length ? 'complete' : 'interrupted';
    await this.#results.writeRun({ ...this.#file, state });
  }
}
