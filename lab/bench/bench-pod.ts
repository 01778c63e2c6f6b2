import { randomUUID } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type { CellPlan } from '../cell/cell.ts';
import { LabContainer, type Streams } from '../docker/lab-container.ts';
import { makeVolume } from '../docker/volume.ts';
import type { Engine } from '../engine/engine.ts';
import { HOSTNAME, sidecarSpec, systemSpec } from '../pod/specs.ts';
import { Problem } from '../problem.ts';
import { exchange } from '../session/exchange.ts';
import { type Entry, Sidecar } from '../sidecar/client.ts';
import { fill } from '../system.ts';
import { within } from '../wait.ts';

const START_LIMIT_MS = 30_000;
const END_LIMIT_MS = 60_000;
const KEEP_BYTES = 1024 * 1024;

/** What a turn took, as the driver in the pod saw it. */
export interface BenchTurn {
  tookMs: number;
  acknowledged: boolean;
  /** The turn's own session, which is in the store once the turn is. */
  session: string;
}

/**
 * A pod as a cell has it (lab/pod/pod.ts: the same images, limits, sidecar and volume) in which the system's boot command can be started by
 * whatever is to be compared, and of which nothing is recorded.
 */
export class BenchPod implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #plan: CellPlan;
  readonly #name: string;
  readonly #volume: string;
  readonly #sidecarContainer: LabContainer;
  readonly #sidecar: Sidecar;
  readonly #wrapper: readonly string[];
  readonly #signal: AbortSignal;
  readonly #resources: AsyncDisposableStack;
  #container: LabContainer | undefined;
  #drained: Promise<unknown> = Promise.resolve();

  private constructor(parts: {
    engine: Engine;
    plan: CellPlan;
    name: string;
    volume: string;
    sidecarContainer: LabContainer;
    sidecar: Sidecar;
    wrapper: readonly string[];
    signal: AbortSignal;
    resources: AsyncDisposableStack;
  }) {
    this.#engine = parts.engine;
    this.#plan = parts.plan;
    this.#name = parts.name;
    this.#volume = parts.volume;
    this.#sidecarContainer = parts.sidecarContainer;
    this.#sidecar = parts.sidecar;
    this.#wrapper = parts.wrapper;
    this.#signal = parts.signal;
    this.#resources = parts.resources;
  }

  /**
   * Starts the sidecar on a fresh volume and puts the system's configuration there.
   * @param wrapper what the system's boot command is handed to; empty: it runs directly
   */
  static async start(
    engine: Engine,
    plan: CellPlan,
    wrapper: readonly string[],
    signal: AbortSignal,
  ): Promise<BenchPod> {
    await using undo = new AsyncDisposableStack();
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    const { release, images } = plan;
    const volume = undo.use(await makeVolume(engine, `${name}-state`, name));
    const sidecarContainer = undo.use(
      await LabContainer.start(
        engine,
        sidecarSpec({ cell: name, name, volume: volume.name, release, image: images.sidecar }, HOSTNAME),
      ),
    );
    const sidecar = new Sidecar(sidecarContainer.streams);
    await sidecar.started(START_LIMIT_MS);
    if (release.boot.files.length > 0) await sidecar.plant(release.boot.files.map((file) => ({ ...file, ageMs: 0 })));
    return new BenchPod({
      engine,
      plan,
      name,
      volume: volume.name,
      sidecarContainer,
      sidecar,
      wrapper,
      signal,
      resources: undo.move(),
    });
  }

  /** Boots the system: the first time in a new container, after that in the same one. Gives the ms until it is ready. */
  async boot(): Promise<number> {
    this.#signal.throwIfAborted();
    const { ready } = this.#plan.release.boot;
    const limitMs = this.#plan.release.promises.readyWithinMs;
    if (ready.kind !== 'http')
      throw new Problem(
        'bad-usage',
        'the bench asks systems over HTTP whether they are ready, and this one has no such path',
      );
    const { kind: _, ...http } = ready;
    await this.#drained;
    const began = performance.now();
    const streams = await this.#start();
    streams.stdout.resume();
    streams.stderr.resume();
    this.#drained = Promise.allSettled([finished(streams.stdout), finished(streams.stderr)]);
    const poll = this.#sidecar.ready({ http }, limitMs);
    const gone = this.#drained.then(() => {
      throw new Problem('system-died', 'the system ended before it was ready');
    });
    gone.catch(() => undefined);
    try {
      await Promise.race([poll.ready, gone]);
    } finally {
      poll.cancel();
    }
    return performance.now() - began;
  }

  async #start(): Promise<Streams> {
    if (this.#container !== undefined) return this.#container.startAgain();
    const { release, images, spec } = this.#plan;
    const part = { cell: this.#name, name: this.#name, volume: this.#volume, release, image: images.system };
    const container = systemSpec(part, this.#sidecarContainer.id, spec.memoryBytes, this.#wrapper);
    this.#container = this.#resources.use(await LabContainer.start(this.#engine, container));
    return this.#container.streams;
  }

  /** One turn to its end, whatever that is: a session of its own, as a cell's turns have. */
  async turn(name: string): Promise<BenchTurn> {
    this.#signal.throwIfAborted();
    const { write, promises } = this.#plan.release;
    const values = { session: `midwrite-${name}`, text: `midwrite-text-${name}-${this.#name}` };
    const { result } = exchange(this.#sidecar, fill(write, values), values.text, promises.serveWithinMs);
    const { tSent, tEnded, acknowledged } = await result;
    return { tookMs: tEnded - tSent, acknowledged, session: values.session };
  }

  /** One turn that has to go well; gives its ms. */
  async goodTurn(name: string): Promise<number> {
    const { tookMs, acknowledged } = await this.turn(name);
    if (!acknowledged)
      throw new Problem(
        'system-died',
        `the system did not acknowledge the turn "${name}", so there is nothing to measure`,
      );
    return tookMs;
  }

  /** Ends the system and waits until its container has stopped; gives the ms. */
  async end(how: 'SIGKILL' | 'SIGTERM'): Promise<number> {
    if (this.#container === undefined) throw new Error('the system was not booted yet');
    const began = performance.now();
    await this.#container.signal(how);
    await this.#container.ended(END_LIMIT_MS);
    await within({ name: "the system's last lines", limitMs: END_LIMIT_MS }, this.#drained);
    return performance.now() - began;
  }

  /** Processor time of all that ran in the system's container since its last start, in ms. */
  async cpuMs(): Promise<number> {
    if (this.#container === undefined) throw new Error('the system was not booted yet');
    const container = this.#engine.docker.getContainer(this.#container.id);
    // one-shot: else the engine looks twice, a second apart. Engine 20.10 takes its second all the same.
    const { cpu_stats } = await container.stats({ stream: false, 'one-shot': true });
    return cpu_stats.cpu_usage.total_usage / 1e6;
  }

  /** The state folder, with the contents of the store and of its temps. */
  async snapshot(): Promise<Entry[]> {
    const { root, store, temps } = this.#plan.release.promises;
    return this.#sidecar.snapshot(root, [store.path, ...temps], KEEP_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
