import { exchange, ready } from './driver.ts';
import { Failure } from './failure.ts';

/** How long the closing of a connection may take; past it the inspector is left to itself. */
const CLOSE_LIMIT_MS = 500;

const TEXT_LIMIT_CHARS = 500;

const MICROSECONDS_PER_MS = 1000;

/** What an inspector calls its session. Only the path is taken, whatever the host: nothing but loopback is ever asked. */
const SESSION_URL = /^ws:\/\/[^/]+(\/[\w-]+)$/;

/** Hears what the inspector tells by itself. What it throws ends the session. */
type Listener = (method: string, params: Record<string, unknown>) => void;

/**
 * One connection to a Node inspector (https://chromedevtools.github.io/devtools-protocol/v8/), with one call at a time. It breaks once, and every
 * wait then ends with the reason.
 */
export class Inspector implements AsyncDisposable {
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
  #listener: Listener = () => undefined;

  private constructor(port: number, path: string, limitMs: number, cancel: AbortSignal) {
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

  /**
   * Waits until the gateway's inspector listens, and connects. The limit is for all that is done with it. Fails with `no-inspector`, with
   * `inspector-failed` (what it answered made no sense) and with `timeout` (it is there but the gateway's main thread does not answer: it is frozen,
   * or held in a call).
   */
  static async open(port: number, limitMs: number, cancel: AbortSignal): Promise<Inspector> {
    const startedMs = performance.now();
    const leftMs = () => Math.max(1, startedMs + limitMs - performance.now());
    await listens(port, limitMs, cancel);
    const inspector = new Inspector(port, await sessionPath(port, leftMs(), cancel), leftMs(), cancel);
    try {
      await Promise.race([inspector.#opened.promise, inspector.#broken.promise]);
    } catch (error) {
      await inspector[Symbol.asyncDispose]();
      throw error;
    }
    return inspector;
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  async call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#waitsFor = method;
    this.#answered = resolve;
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    const { result, error } = await Promise.race([promise, this.#broken.promise]);
    if (isRecord(result)) return result;
    throw inspectorFailed(`${method}: ${isRecord(error) ? error.message : 'the answer has no result'}`);
  }

  /** The value of an expression that gives an object. */
  async evaluate(expression: string): Promise<Record<string, unknown>> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', { expression, returnByValue: true });
    if (isRecord(result) && isRecord(result.value)) return result.value;
    throw inspectorFailed(`${expression}: ${JSON.stringify(exceptionDetails ?? result)}`);
  }

  /** Processor time of the whole process since its start, in user and kernel mode. */
  async cpuMs(): Promise<number> {
    const usage = await this.evaluate('process.cpuUsage()');
    return (figure(usage, 'user') + figure(usage, 'system')) / MICROSECONDS_PER_MS;
  }

  #hear(data: unknown): void {
    const message = parse(String(data));
    if (!isRecord(message)) this.#broken.reject(inspectorFailed(`${this.#waitsFor}: no JSON object: ${data}`));
    else if (message.id === this.#lastId) this.#answered(message);
    else if (typeof message.method === 'string' && isRecord(message.params)) this.#tell(message.method, message.params);
  }

  #tell(method: string, params: Record<string, unknown>): void {
    try {
      this.#listener(method, params);
    } catch (error) {
      this.#broken.reject(error);
    }
  }

  #late(): Failure {
    return new Failure('timeout', `the inspector is there, but ${this.#waitsFor} had no answer within the limit`);
  }

  #lost(reason: string): Failure {
    return inspectorFailed(`${this.#waitsFor}: ${reason}`);
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

/** A number that an inspector must have told. */
export function figure(record: Record<string, unknown>, name: string): number {
  const value = record[name];
  if (typeof value !== 'number') throw inspectorFailed(`there is no number ${name} in ${JSON.stringify(record)}`);
  return value;
}

export function inspectorFailed(text: string): Failure {
  return new Failure('inspector-failed', `the inspector failed: ${text}`.slice(0, TEXT_LIMIT_CHARS));
}

async function listens(port: number, limitMs: number, cancel: AbortSignal): Promise<void> {
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
  if (answer.outcome !== 'answered') throw inspectorFailed(`it went away again (${answer.outcome})`);
  const targets = parse(answer.body);
  const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
  const url = isRecord(first) ? first.webSocketDebuggerUrl : undefined;
  const path = typeof url === 'string' ? SESSION_URL.exec(url)?.[1] : undefined;
  if (path === undefined) throw inspectorFailed(`/json/list told of no session: ${answer.body}`);
  return path;
}

function cancelled(): Failure {
  return new Failure('cancelled', 'the look at the heap was cancelled');
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
