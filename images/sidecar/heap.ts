import { exchange, ready } from './driver.ts';
import { Failure } from './failure.ts';

/** Garbage that only a finalizer or a weak reference lets go of takes more than one collection. */
const COLLECTIONS = 3;

/** How long the closing of a connection may take; past it the inspector is left to itself. */
const CLOSE_LIMIT_MS = 500;

const TEXT_LIMIT_CHARS = 500;

/** What an inspector calls its session. Only the path is taken, whatever the host: nothing but loopback is ever asked. */
const SESSION_URL = /^ws:\/\/[^/]+(\/[\w-]+)$/;

/** The memory of a gateway right after a garbage collection. */
export interface Heap {
  /** What the objects on the JavaScript heap take. */
  readonly usedBytes: number;
  /** What V8 has reserved for that heap. */
  readonly totalBytes: number;
  /** What objects hold outside the heap; array buffers, and so every `Buffer`, are part of it. */
  readonly externalBytes: number;
  /** The resident set of the whole process. */
  readonly residentBytes: number;
  /** From the first poll to the last figure. */
  readonly tookMs: number;
}

/**
 * Waits until the gateway's inspector listens, collects garbage and reads the heap, all within the limit. Fails with
 * `no-inspector`, with `inspector-failed` (what it answered was no figure) and with `timeout` (it is there but the
 * gateway's main thread does not answer: it is frozen, or held in a call).
 */
export async function heap(port: number, limitMs: number, cancel: AbortSignal): Promise<Heap> {
  const startedMs = performance.now();
  const leftMs = () => Math.max(1, startedMs + limitMs - performance.now());
  await inspectorListens(port, limitMs, cancel);
  const path = await sessionPath(port, leftMs(), cancel);
  await using session = new Session(port, path, leftMs(), cancel);
  await session.opened();
  for (let n = 0; n < COLLECTIONS; n += 1) await session.call('HeapProfiler.collectGarbage');
  const usage = await session.call('Runtime.getHeapUsage');
  const memory = await session.evaluate('process.memoryUsage()');
  return {
    usedBytes: figure(usage, 'usedSize'),
    totalBytes: figure(usage, 'totalSize'),
    externalBytes: figure(memory, 'external'),
    residentBytes: figure(memory, 'rss'),
    tookMs: performance.now() - startedMs,
  };
}

async function inspectorListens(port: number, limitMs: number, cancel: AbortSignal): Promise<void> {
  try {
    await ready({ port, path: '/json/list', status: 200, includes: 'webSocketDebuggerUrl' }, limitMs, cancel);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'not-ready') throw error;
    const text = `no Node inspector answered on 127.0.0.1:${port} within ${limitMs} ms; was SIGUSR1 sent to the gateway?`;
    throw new Failure('no-inspector', text, error.details, error);
  }
}

async function sessionPath(port: number, limitMs: number, cancel: AbortSignal): Promise<string> {
  const answer = await exchange({ port, method: 'GET', path: '/json/list', headers: {} }, limitMs, cancel);
  if (answer.outcome === 'cancelled') throw cancelled();
  if (answer.outcome !== 'answered') throw failed(`it went away again (${answer.outcome})`);
  const targets = parse(answer.body);
  const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
  const url = isRecord(first) ? first.webSocketDebuggerUrl : undefined;
  const path = typeof url === 'string' ? SESSION_URL.exec(url)?.[1] : undefined;
  if (path === undefined) throw failed(`/json/list told of no session: ${answer.body}`);
  return path;
}

/** One connection to an inspector, with one call at a time. It breaks once, and every wait then ends with the reason. */
class Session implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #cancel: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #opened = Promise.withResolvers<void>();
  readonly #broken = Promise.withResolvers<never>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #onCancel = () => this.#broken.reject(cancelled());
  #waitsFor = 'the connection';
  #lastId = 0;
  #answered: (answer: Record<string, unknown>) => void = () => undefined;

  constructor(port: number, path: string, limitMs: number, cancel: AbortSignal) {
    this.#broken.promise.catch(() => undefined); // it may break while nothing waits
    this.#timer = setTimeout(() => this.#broken.reject(this.#late()), limitMs);
    this.#cancel = cancel;
    cancel.addEventListener('abort', this.#onCancel, { once: true });
    if (cancel.aborted) this.#onCancel();
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    this.#socket.addEventListener('open', () => this.#opened.resolve());
    this.#socket.addEventListener('message', ({ data }) => this.#hear(data));
    this.#socket.addEventListener('error', ({ message }) => this.#broken.reject(this.#lost(message)));
    this.#socket.addEventListener('close', ({ reason }) => {
      this.#broken.reject(this.#lost(reason || 'the connection was closed'));
      this.#closed.resolve();
    });
  }

  async opened(): Promise<void> {
    await Promise.race([this.#opened.promise, this.#broken.promise]);
  }

  async call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#waitsFor = method;
    this.#answered = resolve;
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    const { result, error } = await Promise.race([promise, this.#broken.promise]);
    if (isRecord(result)) return result;
    throw failed(`${method}: ${isRecord(error) ? error.message : 'the answer has no result'}`);
  }

  /** The value of an expression that gives an object. */
  async evaluate(expression: string): Promise<Record<string, unknown>> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', { expression, returnByValue: true });
    if (isRecord(result) && isRecord(result.value)) return result.value;
    throw failed(`${expression}: ${JSON.stringify(exceptionDetails ?? result)}`);
  }

  #hear(data: unknown): void {
    const message = parse(String(data));
    if (!isRecord(message)) this.#broken.reject(failed(`${this.#waitsFor}: no JSON object: ${data}`));
    else if (message.id === this.#lastId) this.#answered(message); // anything else is an event
  }

  #late(): Failure {
    return new Failure('timeout', `the inspector is there, but ${this.#waitsFor} had no answer within the limit`);
  }

  #lost(reason: string): Failure {
    return failed(`${this.#waitsFor}: ${reason}`);
  }

  /** A session that stays would keep the gateway from ending: Node waits for its debugger to disconnect. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#cancel.removeEventListener('abort', this.#onCancel);
    const timer = setTimeout(this.#closed.resolve, CLOSE_LIMIT_MS);
    this.#socket.close();
    await this.#closed.promise;
    clearTimeout(timer);
  }
}

function figure(record: Record<string, unknown>, name: string): number {
  const value = record[name];
  if (typeof value !== 'number') throw failed(`there is no number ${name} in ${JSON.stringify(record)}`);
  return value;
}

function failed(text: string): Failure {
  return new Failure('inspector-failed', `the inspector failed: ${text}`.slice(0, TEXT_LIMIT_CHARS));
}

function cancelled(): Failure {
  return new Failure('cancelled', 'the reading of the heap was cancelled');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
