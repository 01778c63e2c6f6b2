import { type Duplex, PassThrough, type Readable, type Writable } from 'node:stream';
import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { until, within } from '../wait.ts';
import type { ContainerSpec } from './container-spec.ts';

/** The three streams of a container. They are attached before it starts, so that no line is missed. */
export interface Streams {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
}

const ATTACH_LIMIT_MS = 20_000;
const FREEZE_LIMIT_MS = 30_000;
/** What the engine answers to a signal for a container that has ended (docs.docker.com/reference/api/engine, ContainerKill). */
const NOT_RUNNING = 409;
/** runc 1.1, libcontainer/cgroups/fs/freezer.go: nothing is frozen then. */
const NOT_FROZEN = /unable to freeze/;

/** A container that was started at least once. Disposing of it removes it, whatever its state. */
export class LabContainer implements AsyncDisposable {
  readonly id: string;
  readonly #handle: Docker.Container;
  #streams: Streams;

  private constructor(handle: Docker.Container, streams: Streams) {
    this.id = handle.id;
    this.#handle = handle;
    this.#streams = streams;
  }

  static async start(engine: Engine, spec: ContainerSpec): Promise<LabContainer> {
    let handle: Docker.Container | undefined;
    let streams: Streams | undefined;
    try {
      // Here and not at the top: Testcontainers takes a third of the lab's memory, and most commands start no container.
      const { HarmlessContainer } = await import('./harmless-container.ts');
      const container = new HarmlessContainer(spec, async (id) => {
        handle = engine.docker.getContainer(id);
        streams = await attach(handle, spec.name);
      });
      const started = await container.start();
      if (handle === undefined || streams === undefined)
        throw new Error(`${started.getId()} was started without its streams`);
      return new LabContainer(handle, streams);
    } catch (error) {
      // Testcontainers leaves a container behind that was made and could not be started.
      await handle?.remove({ force: true, v: true }).catch(() => undefined);
      throw engineProblem(`the container ${spec.name} could not be started`, error);
    }
  }

  get streams(): Streams {
    return this.#streams;
  }

  /** Boots the same container again, on the same state, with new streams. */
  async startAgain(): Promise<Streams> {
    try {
      this.#streams = await attach(this.#handle, this.id);
      await this.#handle.start();
    } catch (error) {
      throw engineProblem('the container could not be booted again', error);
    }
    return this.#streams;
  }

  /** Sends a signal. False: it had ended by itself, and there was nothing to send it to; whether a fault landed is in what the engine reported. */
  async signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGUSR1'): Promise<boolean> {
    return this.#call(`sending ${name}`, () =>
      this.#handle.kill({ signal: name }).then(
        () => true,
        (error: unknown) => {
          if (errorCode(error) === NOT_RUNNING) return false;
          throw error;
        },
      ),
    );
  }

  /** Freezes all of its processes. On cgroup v1 runc gives up where not all threads stand still in its time: then it is asked again. */
  async freeze(): Promise<void> {
    await this.#call('freezing', () => freeze(this.#handle));
  }

  async thaw(): Promise<void> {
    await this.#call('thawing', () => this.#handle.unpause());
  }

  /** Waits for the container to stop. */
  async ended(limitMs: number): Promise<{ exitCode: number; oomKilled: boolean }> {
    return within(
      { name: 'the container to stop', limitMs },
      this.#call('waiting for its end', async () => {
        const { StatusCode } = (await this.#handle.wait({ condition: 'not-running' })) as { StatusCode: number };
        const { State } = await this.#handle.inspect();
        return { exitCode: StatusCode, oomKilled: State.OOMKilled };
      }),
    );
  }

  async isRunning(): Promise<boolean> {
    return this.#call('asking for its state', async () => (await this.#handle.inspect()).State.Running);
  }

  async #call<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw engineProblem(`${what} failed for the container ${this.id.slice(0, 12)}`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeContainer(this.#handle);
  }
}

/** Freezes all of a container's processes, and asks again where runc could not. */
export async function freeze(handle: Docker.Container): Promise<void> {
  const wait = {
    name: `${handle.id.slice(0, 12)} to be frozen`,
    limitMs: FREEZE_LIMIT_MS,
    code: 'engine-failed',
  } as const;
  await untilTaken(wait, NOT_FROZEN, async () => {
    await handle.pause();
    return true;
  });
}

/** Asks the engine until it no longer refuses with what is over in a moment. */
export const untilTaken = <T>(wait: Parameters<typeof until>[0], refusal: RegExp, ask: () => Promise<T>): Promise<T> =>
  until(wait, (note) =>
    ask().catch((error: unknown) => {
      if (!refusal.test(describe(error))) throw error;
      note(describe(error));
      return undefined;
    }),
  );

async function killed(handle: Docker.Container): Promise<void> {
  await handle.kill({ signal: 'SIGKILL' }).catch((error: unknown) => {
    if (errorCode(error) !== NOT_RUNNING) throw error;
  });
}

/** Removes a container in any state. On cgroup v1 a frozen process can't be killed, so it is thawed first. */
export async function removeContainer(handle: Docker.Container): Promise<void> {
  try {
    const state = (await handle.inspect()).State;
    if (state.Paused) await handle.unpause();
    // Docker kills it by itself; Podman asks it to stop first, and then it seems to have ended by itself (podman-rm(1), --force).
    if (state.Running) await killed(handle);
    // `v`: the volumes without a name that an image asks for; those of a cell have one, and stay.
    await handle.remove({ force: true, v: true });
  } catch (error) {
    // 404: gone already; 409: another reaper is at it.
    if (errorCode(error) === 404 || errorCode(error) === 409) return;
    throw new Problem(
      'cleanup-failed',
      `the container ${handle.id.slice(0, 12)} could not be removed: ${describe(error)}`,
      { cause: error },
    );
  }
}

/**
 * Its streams, raw. dockerode's own `attach` sends the query as a body too, and Podman gives what comes behind the request's head to the container: the first
 * line that it reads would be ours. An empty file is an empty body.
 */
function hijacked(handle: Docker.Container): Promise<NodeJS.ReadWriteStream> {
  const request = {
    path: `/containers/${handle.id}/attach?`,
    method: 'POST',
    options: { stream: true, stdin: true, stdout: true, stderr: true },
    file: Buffer.alloc(0),
    isStream: true,
    hijack: true,
    openStdin: false,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
  };
  return new Promise((resolve, reject) =>
    handle.modem.dial(request, (error: unknown, stream: unknown) =>
      error === null || error === undefined ? resolve(stream as NodeJS.ReadWriteStream) : reject(error),
    ),
  );
}

async function attach(handle: Docker.Container, name: string): Promise<Streams> {
  const socket = await within(
    { name: `the streams of ${name}`, limitMs: ATTACH_LIMIT_MS, code: 'engine-failed' },
    hijacked(handle),
  );
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  handle.modem.demuxStream(socket, stdout, stderr);
  const end = () => {
    stdout.end();
    stderr.end();
  };
  socket.on('end', end);
  socket.on('close', end);
  // A stream that breaks ends: whoever reads it sees that the container, or the engine, is gone.
  socket.on('error', end);
  return { stdin: socket as Duplex, stdout, stderr };
}

/** The problem behind a failed call to the engine: gone, full, or what it said. */
export function engineProblem(what: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  const text = describe(error);
  if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ECONNRESET' || code === 'EPIPE') {
    return new Problem(
      'engine-lost',
      `${what}: the Docker engine is gone (${text}). Start it and run again; \`npx midwrite doctor\` shows its state.`,
      { cause: error },
    );
  }
  if (/no space left on device/i.test(text)) {
    return new Problem(
      'no-space',
      `${what}: the engine's disk is full. \`npx midwrite clean --images\` frees what the lab has there.`,
      { cause: error },
    );
  }
  return new Problem('engine-failed', `${what}: ${text}`, { cause: error });
}
