import path from 'node:path';
import { createInterface } from 'node:readline';
import { runCell } from '../cell/cell.ts';
import { asSystem } from '../define/as-system.ts';
import { parseConfig } from '../define/load.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { cellJobs } from '../engine/jobs.ts';
import { add, knownChecks } from '../known.ts';
import { canaries } from '../plan/controls.ts';
import { type Outsider, outsiders } from '../plan/plan-outside.ts';
import type { PlannedCell } from '../plan/planned.ts';
import { describe, ExitCode, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { isScenario } from '../result/matrix.ts';
import { ResultsFolder, RUN_SCHEMA_VERSION, type RunFile } from '../results.ts';
import { plannedRow, runFacts } from '../run/begin-run.ts';
import { buildImages, type Images } from '../run/images.ts';
import { judgeCell } from '../run/judge-run.ts';
import { observeAll } from '../run/observe-plan.ts';
import type { Begin, PlannedName, RunCell, Said } from '../vitest/protocol.ts';
import { interrupted } from './interrupt.ts';
import { RequestedExplorations } from './requested-explorations.ts';

const tell = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);

/** Runs cells as they are asked for on stdin, until that ends: the other side is a test process (lab/vitest). */
export async function onRequest(): Promise<ExitCode> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) return ExitCode.badUsage;
  let cells: RequestedCells | RequestedExplorations;
  try {
    cells = await begin(JSON.parse(first.value) as Begin);
  } catch (error) {
    tell({ problem: problemInWords(error) });
    return error instanceof Problem ? error.exitCode : ExitCode.unsound;
  }
  tell({ planned: cells.names, folder: cells.folder });
  const running = new Set<Promise<void>>();
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const { run: id } = JSON.parse(line.value) as RunCell;
    const one = cells
      .run(id)
      .then(tell)
      .catch((error: unknown) => tell({ problem: problemInWords(error), of: id }));
    running.add(one);
    void one.finally(() => running.delete(one));
  }
  await Promise.all(running);
  await cells.end();
  return ExitCode.sound;
}

const problemInWords = (error: unknown): string => (error instanceof Problem ? error.message : describe(error));

/** What is asked for is planned, and the engine is there. */
async function begin(asked: Begin): Promise<RequestedCells | RequestedExplorations> {
  const { systems, faults, places, every, explore, results } = asked;
  const config = parseConfig({ systems }, explore === undefined ? 'crashes()' : 'explores()');
  add({ systems: config.systems.map((one) => asSystem(one, process.cwd())), checks: [], faults: [] });
  const selection = { systems: [], faults, crashPoints: places, memory: [], cells: [], repeat: 1 };
  const outside = await outsiders(selection, every);
  const say = (line: string) => tell({ say: line });
  const engine = await connect(say);
  interrupted.throwIfAborted();
  await sweep(engine.docker, { everything: false, images: false });
  const how = { say, signal: interrupted };
  return explore === undefined
    ? await RequestedCells.begin(engine, outside, results, how)
    : await RequestedExplorations.begin(engine, outside, explore, results, how);
}

/** Cells that were planned, in the folder of a run, and run one by one. */
class RequestedCells {
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #cells: ReadonlyMap<string, PlannedCell>;
  readonly #results: ResultsFolder;
  readonly #file: RunFile;
  readonly #done = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  private constructor(
    engine: Engine,
    images: Images,
    cells: readonly PlannedCell[],
    results: ResultsFolder,
    file: RunFile,
  ) {
    this.#engine = engine;
    this.#images = images;
    this.#cells = new Map(cells.map((cell) => [cell.id, cell]));
    this.#results = results;
    this.#file = file;
    this.#free = cellJobs(engine);
  }

  static async begin(
    engine: Engine,
    outside: readonly Outsider[],
    root: string,
    how: { say(line: string): void; signal: AbortSignal },
  ): Promise<RequestedCells> {
    const images = await buildImages(
      engine,
      await canaries(),
      how,
      outside.map(({ release }) => release),
    );
    const planned = await observeAll({ cells: [], outsiders: outside }, { engine, images }, { jobs: 1, ...how });
    const cells = planned.filter((one): one is PlannedCell => !('scenario' in one));
    const file: RunFile = {
      schemaVersion: RUN_SCHEMA_VERSION,
      run: runFacts(engine),
      state: 'running',
      plan: cells.map(plannedRow),
    };
    return new RequestedCells(engine, images, cells, await ResultsFolder.create(path.resolve(root), file), file);
  }

  get folder(): string {
    return this.#results.folder;
  }

  get names(): PlannedName[] {
    return [...this.#cells.values()].map(({ id, role, spec, crashPoint, fault }) => ({
      id,
      role,
      name: nameOf(role, crashPoint.words ?? spec.crashPoint, fault.name),
    }));
  }

  async run(id: string): Promise<Said> {
    const cell = this.#cells.get(id);
    if (cell === undefined) throw new Problem('bad-usage', `The plan has no cell ${id}.`);
    await this.#turn();
    try {
      const { system, version } = cell.spec;
      const built = { system: this.#images.system.get(`${system}@${version}`) ?? '', sidecar: this.#images.sidecar };
      const folder = this.#results.cell(id);
      // In watch mode a cell may be asked for again.
      await this.#results.dropCell(id);
      await runCell(
        this.#engine,
        { ...cell, images: built },
        folder,
        this.#file.run.id,
        { phase: () => undefined },
        interrupted,
      );
      const row = await judgeCell(folder, plannedRow(cell), this.#file.run, {});
      this.#done.add(id);
      if (isScenario(row)) throw new Error('a cell is no scenario');
      return { row, promises: Object.fromEntries(knownChecks().map((check) => [check.id, check.promise])) };
    } finally {
      this.#free += 1;
      this.#waiting.shift()?.();
    }
  }

  /** So many at a time as the engine has processors. */
  async #turn(): Promise<void> {
    while (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#free -= 1;
  }

  async end(): Promise<void> {
    const state = this.#done.size === this.#cells.size ? 'complete' : 'interrupted';
    await this.#results.writeRun({ ...this.#file, state });
  }
}

function nameOf(role: PlannedName['role'], place: string, fault: string): string {
  switch (role) {
    case 'control':
      return 'undisturbed: all promises are kept without a fault';
    case 'canary':
    case 'mutant':
      return 'the canary, which is broken on purpose, is caught';
    case 'cell':
      return `${fault}: ${place}`;
  }
}
