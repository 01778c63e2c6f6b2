import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { wallMs } from './clock.ts';
import { errnoOf, Failure } from './failure.ts';

const POLL_INTERVAL_MS = 25;

/** One probe may take this long: a gateway that accepts and never answers must not use up the whole limit. */
const PROBE_LIMIT_MS = 5000;

/** What is kept of an answer's body; the rest is read and dropped, as its end is the acknowledgement. */
const BODY_LIMIT_BYTES = 65_536;

/** A request to the gateway, which is always on this pod's loopback. */
export interface HttpCall {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly text?: string | undefined;
}

/** When a gateway counts as ready: this status, and this text in the body if one is given. */
export interface Readiness {
  readonly port: number;
  readonly path: string;
  readonly status: number;
  readonly includes?: string | undefined;
}

/** A port is ready when it accepts a connection. */
export async function listens(port: number, limitMs: number, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const deadlineMs = performance.now() + limitMs;
  let lastError = '';
  for (let attempts = 1; ; attempts += 1) {
    const leftMs = deadlineMs - performance.now();
    const result = await connected(port, Math.max(1, Math.min(PROBE_LIMIT_MS, leftMs)), cancel);
    if (result === undefined) return { tReady: wallMs(), attempts };
    if (cancel.aborted) throw new Failure('cancelled', 'the wait was cancelled', { attempts });
    // If the limit has cut this probe off, what the one before it saw says more.
    const isCutOff = result === 'timeout' && leftMs < PROBE_LIMIT_MS;
    if (!isCutOff || attempts === 1) lastError = result;
    if (performance.now() + POLL_INTERVAL_MS >= deadlineMs)
      throw new Failure('not-ready', `nothing listened on port ${port} within ${limitMs} ms: ${lastError}`, {
        attempts,
        lastError,
      });
    await delay(POLL_INTERVAL_MS, undefined, { signal: cancel }).catch(() => undefined);
  }
}

/** Why a connection was not accepted; undefined: it was, and is closed again. */
function connected(port: number, limitMs: number, cancel: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: '127.0.0.1', port });
  const onCancel = () => end('cancelled');
  const timer = setTimeout(() => end('timeout'), limitMs);
  cancel.addEventListener('abort', onCancel, { once: true });
  socket.on('connect', () => end(undefined));
  socket.on('error', (error) => end(errnoOf(error) ?? error.message));
  return promise;

  // The first end counts; what destroying the socket brings after it goes unheard.
  function end(why: string | undefined): void {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    resolve(why);
    socket.destroy();
  }
}

/** How a request ended. `tSent` is taken before the connection is made, `tEnded` when the last byte or the error came. */
export type Exchange = { readonly tSent: number; readonly tEnded: number } & (
  | { readonly outcome: 'answered'; readonly status: number; readonly body: string }
  | { readonly outcome: 'connection'; readonly reason: string; readonly errno: string | undefined }
  /** A conversation alone can end so: the gateway said no. */
  | { readonly outcome: 'refused'; readonly body: string }
  | { readonly outcome: 'timeout' | 'cancelled' }
);

/** Sends one request on a connection of its own and reads the answer to its end. Never throws for what the peer does. */
export function exchange(
  call: HttpCall,
  limitMs: number,
  cancel: AbortSignal,
  keepBytes = BODY_LIMIT_BYTES,
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const tSent = wallMs();
  const text = call.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const payload = text === undefined ? undefined : Buffer.from(text);
  const client = httpRequest({
    host: '127.0.0.1',
    port: call.port,
    method: call.method,
    path: call.path,
    headers: {
      ...(payload && {
        'content-type': call.text === undefined ? 'application/json' : 'text/plain',
        'content-length': payload.length,
      }),
      ...call.headers,
    },
    // No keep-alive: after a crash the next gateway must not get a request on its dead predecessor's connection.
    agent: false,
  });
  const onCancel = () => end({ outcome: 'cancelled' });
  const timer = setTimeout(() => end({ outcome: 'timeout' }), limitMs);
  cancel.addEventListener('abort', onCancel, { once: true });
  client.on('error', (error) => end({ outcome: 'connection', reason: error.message, errno: errnoOf(error) }));
  client.on('response', (response) => collect(response, keepBytes, end));
  client.end(payload);
  if (cancel.aborted) onCancel();
  return promise;

  // The first end counts; what destroying the socket brings after it goes unheard.
  function end(outcome: Outcome): void {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    resolve({ tSent, tEnded: wallMs(), ...outcome });
    client.destroy();
  }
}

/** How an exchange ended, without its times. */
export type Outcome = Exchange extends infer E ? (E extends Exchange ? Omit<E, 'tSent' | 'tEnded'> : never) : never;

function collect(response: IncomingMessage, keepBytes: number, end: (outcome: Outcome) => void): void {
  const parts: Buffer[] = [];
  let keptBytes = 0;
  response.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, keepBytes - keptBytes));
    if (part.length > 0) parts.push(part);
    keptBytes += part.length;
  });
  response.on('end', () => {
    // `stream` leaves out a character that the limit cut in two.
    const body = new TextDecoder().decode(Buffer.concat(parts), { stream: true });
    end({ outcome: 'answered', status: response.statusCode ?? 0, body });
  });
  // Node reports an answer that breaks off as an error, and never as an end.
  response.on('error', (error) => end({ outcome: 'connection', reason: error.message, errno: errnoOf(error) }));
}

/** Drives one turn: the complete answer is the acknowledgement, whatever its status. */
export async function turn(call: HttpCall, limitMs: number, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const { tSent, tEnded, ...result } = await exchange(call, limitMs, cancel);
  switch (result.outcome) {
    case 'answered':
      return { tSent, tAcknowledged: tEnded, status: result.status, body: result.body };
    case 'connection':
      throw new Failure('connection', `the connection failed before the answer was complete: ${result.reason}`, {
        tSent,
        tEnded,
        errno: result.errno,
      });
    case 'refused':
      throw new Error('an HTTP exchange can not be refused: it is answered');
    case 'timeout':
      throw new Failure('timeout', `no complete answer within ${limitMs} ms`, { tSent, tEnded });
    case 'cancelled':
      throw new Failure('cancelled', 'the turn was cancelled', { tSent, tEnded });
  }
}

/** Polls until the gateway is ready. */
export async function ready(target: Readiness, limitMs: number, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const deadlineMs = performance.now() + limitMs;
  const call: HttpCall = { port: target.port, method: 'GET', path: target.path, headers: {} };
  let last: Record<string, unknown> = {};
  for (let attempts = 1; ; attempts += 1) {
    const startedMs = performance.now();
    const leftMs = deadlineMs - startedMs;
    const result = await exchange(call, Math.max(1, Math.min(PROBE_LIMIT_MS, leftMs)), cancel);
    if (result.outcome === 'answered' && isReady(target, result)) return { tReady: result.tEnded, attempts };
    if (result.outcome === 'cancelled') throw new Failure('cancelled', 'the wait was cancelled', { attempts });
    // If the limit has cut this probe off, what the one before it saw says more.
    const isCutOff = result.outcome === 'timeout' && leftMs < PROBE_LIMIT_MS;
    if (!isCutOff || attempts === 1) last = describe(result);
    const waitMs = Math.max(0, startedMs + POLL_INTERVAL_MS - performance.now());
    if (performance.now() + waitMs >= deadlineMs) throw notReady(target, limitMs, { attempts, ...last });
    await delay(waitMs, undefined, { signal: cancel }).catch(() => undefined);
  }
}

function isReady(target: Readiness, answer: { status: number; body: string }): boolean {
  return answer.status === target.status && (target.includes === undefined || answer.body.includes(target.includes));
}

function describe(result: Exchange): Record<string, unknown> {
  if (result.outcome === 'answered') return { lastStatus: result.status, lastBody: result.body.slice(0, 200) };
  return { lastError: result.outcome === 'connection' ? (result.errno ?? result.reason) : result.outcome };
}

function notReady(target: Readiness, limitMs: number, details: Record<string, unknown>): Failure {
  const last = details.lastStatus === undefined ? `error ${details.lastError}` : `status ${details.lastStatus}`;
  const where = `GET ${target.path} on port ${target.port}`;
  return new Failure('not-ready', `${where} was not ready within ${limitMs} ms; the last probe got ${last}`, details);
}
