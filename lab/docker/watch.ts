import type { Readable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import { Problem } from '../problem.ts';
import { within } from '../wait.ts';
import { engineProblem } from './lab-container.ts';
import { LABEL } from './labels.ts';
import { eachLine } from './lines.ts';

export interface DockerEvent {
  container: string;
  action: string;
  attributes: Record<string, string>;
}

/** Attributes that say something about a fault; the rest are labels of the image. */
const TOLD = ['exitCode', 'signal', 'name', 'execDuration'];

/** The engine's own account of a cell's containers, from before they exist. */
export class DockerWatch implements AsyncDisposable {
  readonly events: DockerEvent[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #stream: Readable;
  #over = false;

  private constructor(stream: Readable, onEvent: (event: DockerEvent) => void) {
    this.#stream = stream;
    void eachLine(stream, (line) => {
      const raw = JSON.parse(line) as { Action?: string; Actor?: { ID?: string; Attributes?: Record<string, string> } };
      const attributes = raw.Actor?.Attributes ?? {};
      const event: DockerEvent = {
        container: attributes.name ?? raw.Actor?.ID ?? '',
        action: raw.Action ?? '',
        attributes: Object.fromEntries(Object.entries(attributes).filter(([key]) => TOLD.includes(key))),
      };
      this.events.push(event);
      onEvent(event);
      for (const check of [...this.#waiting]) check();
    })
      .catch(() => undefined)
      .finally(() => {
        this.#over = true;
        for (const check of [...this.#waiting]) check();
      });
  }

  static async start(engine: Engine, cell: string, onEvent: (event: DockerEvent) => void): Promise<DockerWatch> {
    try {
      const filters: { type: ['container']; label: string[] } = {
        type: ['container'],
        label: [`${LABEL.cell}=${cell}`],
      };
      const stream: NodeJS.ReadableStream = await engine.docker.getEvents({ filters });
      return new DockerWatch(stream as Readable, onEvent);
    } catch (error) {
      throw engineProblem("the engine's events could not be watched", error);
    }
  }

  /**
   * Waits until an action was reported for a container.
   * @param from so many of `events` are of earlier
   */
  async waitFor(container: string, action: string, limitMs: number, from = 0): Promise<DockerEvent> {
    let check: () => void = () => undefined;
    const found = new Promise<DockerEvent>((resolve, reject) => {
      check = () => {
        const event = this.events.slice(from).find((one) => one.container === container && one.action === action);
        if (event !== undefined) resolve(event);
        else if (this.#over)
          reject(
            new Problem(
              'engine-lost',
              `the engine stopped reporting while the lab waited for "${action}" of ${container}`,
            ),
          );
      };
    });
    this.#waiting.add(check);
    check();
    try {
      return await within({ name: `the engine to report "${action}" of ${container}`, limitMs }, found);
    } finally {
      this.#waiting.delete(check);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.destroy();
  }
}
