import { z } from 'zod';
import type { Streams } from '../docker/lab-container.ts';
import { eachLine } from '../docker/lines.ts';
import type { Conversation } from '../drive.ts';
import { type Drive, type DriveResult, RUNNER_PORT } from '../drive.ts';
import { Problem, unreachable } from '../problem.ts';
import type { HttpRequest } from '../system.ts';
import { within } from '../wait.ts';

/** A file, folder or link of the state folder as the sidecar saw it (images/sidecar/README.md). */
export const Entry = z.object({
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.number(),
  mode: z.number(),
  uid: z.number(),
  ino: z.number(),
  nlink: z.number(),
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  sha256: z.string().optional(),
  target: z.string().optional(),
  contentBase64: z.string().optional(),
  gone: z.literal(true).optional(),
  /** Why it could not be read: the name of a system error. */
  unreadable: z.string().optional(),
});
export type Entry = z.infer<typeof Entry>;

const Reply = z.looseObject({
  id: z.number(),
  ok: z.boolean(),
  error: z.string().optional(),
  code: z.string().optional(),
});
const Start = z.object({ event: z.literal('start'), protocol: z.literal(1), t: z.number() });

/** Something to put into the state folder. */
export interface Plant {
  path: string;
  content: string;
  ageMs: number;
  mode?: number;
  /** Behind what is there already: for files that are too large for one request. */
  append?: boolean;
}

/** One name of a folder that is to be restored; folders come before what is in them. */
export interface RestoreEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  mode: number;
  /** Of a file, in order; `hash` is the SHA-256, base64url. `bytes` may be put together when somebody asks: of those that are sent alone. */
  pieces: readonly { readonly hash: string; readonly size: number; readonly bytes: Buffer }[];
  target?: string;
  /** An earlier path: this is a second name of that file. */
  sameAs?: string;
}

/** A heap after a collection, in bytes; `residentBytes` is the whole process's. */
const Heap = z.object({
  usedBytes: z.number(),
  totalBytes: z.number(),
  externalBytes: z.number(),
  residentBytes: z.number(),
  /** Processor time of the system since its start, and what this look took of it. */
  cpuMs: z.number(),
  lookCpuMs: z.number(),
});
export type Heap = z.infer<typeof Heap>;

/** What is in the collections of the system's heap, by the names of what holds them (images/sidecar/README.md). */
const Collections = z.object({
  named: z.array(z.object({ kind: z.string(), name: z.string(), collections: z.number(), entries: z.number() })),
  objects: z.number(),
  snapshotBytes: z.number(),
  lookCpuMs: z.number(),
});
export type Collections = z.infer<typeof Collections>;

const Requests = z.object({ answered2xx: z.number(), firstError: z.string().optional() });

const CALL_LIMIT_MS = 30_000;
/** What the sidecar keeps for `restore`, below its own limit. */
const STOCK_BYTES = 192 * 1024 * 1024;
const PIECES_AT_ONCE = 256;
/** Several collections of a heap of hundreds of megabytes, on a machine that has other work. */
const HEAP_LIMIT_MS = 90_000;
const COLLECTIONS_LIMIT_MS = 120_000;
const REQUESTS_LIMIT_MS = 600_000;
/** Of one among several at once, on a machine that is busy with other things. */
const REQUEST_LIMIT_MS = 240_000;
const REQUESTS_AT_ONCE = 8;

/** The sidecar of a pod, seen from the lab. */
export class Sidecar {
  readonly #streams: Streams;
  readonly #open = new Map<number, (reply: z.infer<typeof Reply>) => void>();
  readonly #started: Promise<void>;
  #gone: ((problem: Problem) => void)[] = [];
  /** Why there is no sidecar any more. */
  #end: Problem | undefined;
  #lastId = 0;
  readonly #stocked = new Set<string>();
  #stockedBytes = 0;
  #said: string[] = [];

  constructor(streams: Streams) {
    this.#streams = streams;
    let started: () => void = () => undefined;
    this.#started = new Promise((resolve) => {
      started = resolve;
    });
    const replies = eachLine(streams.stdout, (line) => {
      const message: unknown = JSON.parse(line);
      if (Start.safeParse(message).success) return started();
      const reply = Reply.parse(message);
      this.#open.get(reply.id)?.(reply);
      this.#open.delete(reply.id);
    });
    const log = eachLine(streams.stderr, (line) => {
      this.#said = [...this.#said, line].slice(-8);
    });
    void Promise.allSettled([replies, log]).then(([outcome]) => {
      const why =
        outcome.status === 'rejected'
          ? `it said what the lab does not understand: ${String(outcome.reason)}`
          : 'it ended';
      const said = this.#said.join('\n  ');
      const problem = new Problem('sidecar-failed', `the sidecar is gone: ${why}. Its last lines:\n  ${said}`);
      this.#end = problem;
      for (const tell of this.#gone) tell(problem);
    });
  }

  async started(limitMs: number): Promise<void> {
    await within({ name: 'the sidecar to start', limitMs, code: 'sidecar-failed' }, this.#orGone(this.#started));
  }

  #orGone<T>(promise: Promise<T>): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    let tell: (problem: Problem) => void = () => undefined;
    const gone = new Promise<never>((_, reject) => {
      tell = reject;
      this.#gone.push(reject);
    });
    return Promise.race([promise, gone]).finally(() => {
      this.#gone = this.#gone.filter((one) => one !== tell);
    });
  }

  #request(
    cmd: string,
    fields: Record<string, unknown>,
    limitMs: number,
  ): { id: number; reply: Promise<z.infer<typeof Reply>> } {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<z.infer<typeof Reply>>((resolve) => this.#open.set(id, resolve));
    this.#streams.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`);
    return {
      id,
      reply: within({ name: `the sidecar to answer "${cmd}"`, limitMs, code: 'sidecar-failed' }, this.#orGone(answer)),
    };
  }

  async #call<T>(
    cmd: string,
    fields: Record<string, unknown>,
    shape: z.ZodType<T>,
    limitMs = CALL_LIMIT_MS,
  ): Promise<T> {
    const reply = await this.#request(cmd, fields, limitMs).reply;
    if (!reply.ok)
      throw new Problem('sidecar-failed', `the sidecar could not do "${cmd}": ${reply.error ?? 'no reason given'}`);
    return shape.parse(reply);
  }

  /** Polls the system until it is ready. `cancel` ends the poll early, for when the system is known to be dead. */
  ready(
    place: { http: { port: number; path: string; status: number; includes?: string } } | { tcp: { port: number } },
    limitMs: number,
  ): { ready: Promise<{ tReady: number }>; cancel(): void } {
    const { id, reply } = this.#request('ready', { ...place, limitMs }, limitMs + CALL_LIMIT_MS);
    return {
      ready: reply.then((answer) => {
        if (answer.ok) return z.object({ tReady: z.number() }).parse(answer);
        throw new Problem(
          'not-ready',
          `the system was not ready within ${limitMs / 1000} s: ${answer.error ?? answer.code ?? 'no answer'}`,
        );
      }),
      cancel: () => this.#cancel(id),
    };
  }

  #cancel(target: number): void {
    if (this.#open.has(target)) this.#request('cancel', { target }, CALL_LIMIT_MS).reply.catch(() => undefined);
  }

  /** One exchange of any kind. Never rejects because of the system: a broken connection is what a crash looks like from outside. */
  drive(call: Drive, limitMs: number): { result: Promise<DriveResult>; cancel(): void } {
    const { id, reply } = this.#request('drive', { ...requestOf(call), limitMs }, limitMs + CALL_LIMIT_MS);
    return {
      result: reply.then((answer) => resultOf(answer)),
      cancel: () => this.#cancel(id),
    };
  }

  async snapshot(root: string, keep: readonly string[], keepBytes: number): Promise<Entry[]> {
    const { entries } = await this.#call('snapshot', { root, keep, keepBytes }, z.object({ entries: z.array(Entry) }));
    return entries;
  }

  /** The rows of a SQLite database as JSON text, read from a copy of its files. */
  async database(path: string): Promise<string> {
    return (await this.#call('database', { path }, z.object({ dump: z.string() }))).dump;
  }

  /** Sets the times of everything below `root` back, in place: a file that is open stays the same file. */
  async age(root: string, byMs: number): Promise<void> {
    await this.#call('age', { root, byMs }, z.unknown());
  }

  /** All times in the SQLite databases below `root`, which nobody may have open, are so much earlier. */
  async passTimeInDatabases(root: string, byMs: number): Promise<void> {
    await this.#call('pass-time', { root, byMs }, z.unknown());
  }

  /** Writes ballast into the state folder until only so many bytes are free on its disk. */
  async fillDisk(root: string, leaveBytes: number): Promise<{ ballastBytes: number; freeBytes: number }> {
    return this.#call('fill-disk', { root, leaveBytes }, z.object({ ballastBytes: z.number(), freeBytes: z.number() }));
  }

  /** Takes the ballast away. */
  async freeDisk(root: string): Promise<{ freeBytes: number }> {
    return this.#call('free-disk', { root }, z.object({ freeBytes: z.number() }));
  }

  /** The system's heap after a collection, through Node's inspector on the pod's loopback. */
  async heap(): Promise<Heap> {
    return this.#call('heap', { limitMs: HEAP_LIMIT_MS }, Heap, HEAP_LIMIT_MS + CALL_LIMIT_MS);
  }

  /** Lets the system's JavaScript heap grow until its inspector is gone. */
  async exhaustHeap(): Promise<void> {
    await this.#call('exhaust-heap', { limitMs: HEAP_LIMIT_MS }, z.object({}), HEAP_LIMIT_MS + CALL_LIMIT_MS);
  }

  /**
   * A heap snapshot of the system, which stands still meanwhile, counted.
   * @param atLeast arrays and objects of a name with fewer entries are left out
   */
  async collections(atLeast: number): Promise<Collections> {
    const fields = { atLeast, limitMs: COLLECTIONS_LIMIT_MS };
    return this.#call('collections', fields, Collections, COLLECTIONS_LIMIT_MS + CALL_LIMIT_MS);
  }

  /** Many requests or conversations, in which `{n}` counts from `from`. Never rejects because of the system. */
  async requests(call: HttpRequest | Conversation, count: number, from: number): Promise<z.infer<typeof Requests>> {
    const fields = {
      ...('steps' in call ? { socket: call } : { http: withoutEmptyBody(call) }),
      count,
      from,
      concurrency: REQUESTS_AT_ONCE,
      limitMs: REQUEST_LIMIT_MS,
    };
    const { reply } = this.#request('requests', fields, REQUESTS_LIMIT_MS);
    return Requests.parse(await reply);
  }

  async plant(files: readonly Plant[]): Promise<void> {
    await this.#call(
      'plant',
      {
        files: files.map(({ path, content, ageMs, mode, append }) => ({
          path,
          contentBase64: Buffer.from(content).toString('base64'),
          ageMs,
          mode: mode ?? 0o600,
          append: append ?? false,
        })),
      },
      z.unknown(),
    );
  }

  /**
   * Makes everything below `root` what the entries say, and nothing else. Pieces that the sidecar has already are not sent again.
   * @param ageMs how old every file and folder is then
   */
  async restore(root: string, entries: readonly RestoreEntry[], ageMs: number): Promise<void> {
    const wanted = new Map(entries.flatMap((entry) => entry.pieces.map((piece) => [piece.hash, piece] as const)));
    let missing = [...wanted].filter(([hash]) => !this.#stocked.has(hash));
    const size = missing.reduce((sum, [, piece]) => sum + piece.size, 0);
    const isFull = this.#stockedBytes + size > STOCK_BYTES;
    if (isFull) {
      this.#stocked.clear();
      this.#stockedBytes = 0;
      missing = [...wanted];
      await this.#call('stock', { pieces: [], empty: true }, z.unknown());
    }
    for (let from = 0; from < missing.length; from += PIECES_AT_ONCE) {
      const some = missing.slice(from, from + PIECES_AT_ONCE);
      await this.#call(
        'stock',
        { pieces: some.map(([, piece]) => piece.bytes.toString('base64')), empty: false },
        z.unknown(),
      );
      for (const [hash, { size }] of some) {
        this.#stocked.add(hash);
        this.#stockedBytes += size;
      }
    }
    const listed = entries.map(({ pieces, ...entry }) => ({ ...entry, pieces: pieces.map((piece) => piece.hash) }));
    await this.#call('restore', { root, ageMs, entries: listed }, z.unknown());
  }
}

function withoutEmptyBody(http: HttpRequest): Partial<HttpRequest> {
  const { body, ...rest } = http;
  return body === undefined ? rest : http;
}

/** An exchange as the sidecar takes it. */
function requestOf(call: Drive): Record<string, unknown> {
  switch (call.kind) {
    case 'http': {
      const { kind: _, ...http } = call;
      return { http };
    }
    case 'talk': {
      const { kind: _, ...socket } = call;
      return { socket };
    }
    case 'tcp': {
      const { kind: _, ...tcp } = call;
      return { tcp };
    }
    case 'command': {
      const { kind: _, ...command } = call;
      return { command: { ...command, port: RUNNER_PORT } };
    }
    default:
      return unreachable(call);
  }
}

const Answered = z.object({
  tSent: z.number(),
  tEnded: z.number(),
  text: z.string(),
  status: z.number().optional(),
  exitCode: z.number().optional(),
  signal: z.number().optional(),
  stderr: z.string().optional(),
  left: z.number().optional(),
});
const Failed = z.object({ tSent: z.number().default(0), tEnded: z.number().default(0) });
/** Of an answer that says no. */
const SAID_CHARS = 500;

function resultOf(answer: z.infer<typeof Reply>): DriveResult {
  if (!answer.ok) {
    const error = `${answer.code ?? 'error'}: ${answer.error ?? ''}`;
    return { ...Failed.parse(answer), acknowledged: false, text: '', error };
  }
  const result = Answered.parse(answer);
  const error = whyNot(result);
  return { ...result, acknowledged: error === undefined, ...(error !== undefined && { error }) };
}

/** Of what a program said at its end, these say what is wrong; where in its code it was is no use here. */
const SAID_LINES = 3;
const NO_NEWS = /^(?:at |\^+$|Node\.js v|throw |node:|file:\/\/|\}|\w*npm error A complete log)/;

/** What a program said at its end, in one line. */
const inShort = (text: string): string => {
  const lines = text.split('\n').map((line) => line.trim());
  const news = lines.filter((line) => line !== '' && !NO_NEWS.test(line));
  return news.slice(0, SAID_LINES).join(' | ').slice(0, SAID_CHARS);
};

/** Why a complete answer is no acknowledgement. */
function whyNot({ status, exitCode, signal, stderr = '', text }: z.infer<typeof Answered>): string | undefined {
  if (status !== undefined && (status < 200 || status >= 300)) return `status ${status}: ${text.slice(0, SAID_CHARS)}`;
  const said = inShort(stderr.trim() === '' ? text : stderr);
  const why = said === '' ? ', and it did not say why' : `: ${said}`;
  if (signal !== undefined) return `signal ${signal}${why}`;
  return exitCode === undefined || exitCode === 0 ? undefined : `exit code ${exitCode}${why}`;
}
