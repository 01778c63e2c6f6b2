import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { packageFolder } from '../package-folder.ts';
import type { MatrixCell, MatrixExploration } from '../result/matrix.ts';
import type { Begin, PlannedName, Said } from './protocol.ts';

/** A row as it comes out, and what each check promises. */
export interface CellRow extends MatrixCell {
  promises: Readonly<Record<string, string>>;
}

/** An exploration as it comes out. */
export type ExplorationRow = MatrixExploration;

interface Waiting {
  resolve(row: CellRow | ExplorationRow): void;
  reject(error: Error): void;
}

/** The lab, in a process of its own. Its stdin ends with this process, and it cleans up then. */
export class LabProcess {
  readonly #child: ChildProcess;
  readonly #rows = new Map<string, Waiting>();
  #planned: { resolve(planned: PlannedName[]): void; reject(error: Error): void } | undefined;
  #said: string[] = [];

  private constructor() {
    this.#child = spawn(process.execPath, [path.join(packageFolder, 'lab/midwrite.js'), 'on-request'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('the lab was started without its streams');
    createInterface({ input: stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Said));
    createInterface({ input: stderr }).on('line', (line) => {
      this.#said = [...this.#said, line].slice(-8);
    });
    this.#child.on('close', (code) =>
      this.#fail(new Error(`midwrite ended with code ${code}:\n  ${this.#said.join('\n  ')}`)),
    );
    this.#child.on('error', (error) => this.#fail(error));
    // Vitest may end while the lab cleans up.
    this.#child.unref();
  }

  /**
   * Starts the lab and lets it observe the systems.
   * @throws Error with the lab's own message: no engine, an image that is not there, a definition that is wrong
   */
  static async start(begin: Begin): Promise<{ lab: LabProcess; planned: PlannedName[] }> {
    const lab = new LabProcess();
    const planned = new Promise<PlannedName[]>((resolve, reject) => {
      lab.#planned = { resolve, reject };
    });
    lab.#write(begin);
    return { lab, planned: await planned };
  }

  #write(line: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  #hear(said: Said): void {
    if ('planned' in said) this.#planned?.resolve(said.planned);
    else if ('row' in said) {
      this.#rows.get(said.row.id)?.resolve({ ...said.row, promises: said.promises });
      this.#rows.delete(said.row.id);
    } else if ('explored' in said) {
      this.#rows.get(said.explored.id)?.resolve(said.explored);
      this.#rows.delete(said.explored.id);
    } else if ('problem' in said) {
      const error = new Error(said.problem);
      if (said.of === undefined) this.#fail(error);
      else this.#rows.get(said.of)?.reject(error);
    }
  }

  #fail(error: Error): void {
    this.#planned?.reject(error);
    for (const { reject } of this.#rows.values()) reject(error);
    this.#rows.clear();
  }

  /** Runs one cell of the plan to its verdict. */
  async run(id: string): Promise<CellRow> {
    const row = await this.#ask(id);
    if ('exploration' in row) throw new Error(`${id} is an exploration`);
    return row;
  }

  /** Makes one exploration of the plan. */
  async explore(id: string): Promise<ExplorationRow> {
    const row = await this.#ask(id);
    if (!('exploration' in row)) throw new Error(`${id} is a cell`);
    return row;
  }

  #ask(id: string): Promise<CellRow | ExplorationRow> {
    const row = new Promise<CellRow | ExplorationRow>((resolve, reject) => this.#rows.set(id, { resolve, reject }));
    this.#write({ run: id });
    return row;
  }

  /** Lets the lab clean up and end. */
  async end(): Promise<void> {
    this.#planned = undefined;
    this.#child.ref();
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stdin?.end();
    await closed;
  }
}
