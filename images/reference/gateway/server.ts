import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { HttpError } from './json-request.ts';
import { errnoOf, errorFields, type Log } from './log.ts';
import { ProviderError } from './model.ts';

const CONNECTIONS_LIMIT = 512;

/** How long a stop waits for turns in flight; Docker kills after 10 s. */
const STOP_LIMIT_MS = 8000;

/** How long a client whose request can't be read may still send before its connection is cut. */
const DRAIN_LIMIT_MS = 2000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Gives the answer to a request; what it throws becomes an answer too. */
export type Answerer = (request: IncomingMessage) => Promise<Answer>;

/** HTTP on 127.0.0.1: JSON in, JSON out, errors in one form. */
export class HttpServer {
  readonly #answerer: Answerer;
  readonly #log: Log;
  readonly #stopLimitMs: number;
  readonly #server: Server;
  #isStopping = false;

  constructor(answerer: Answerer, log: Log, stopLimitMs = STOP_LIMIT_MS) {
    this.#answerer = answerer;
    this.#log = log;
    this.#stopLimitMs = stopLimitMs;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = CONNECTIONS_LIMIT;
    this.#server.on('clientError', refuse);
  }

  /** Resolves with the port; rejects where it can't be bound. */
  async listen(port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '127.0.0.1', resolve);
    await promise;
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections and waits for the requests in flight. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const timer = setTimeout(() => {
      this.#log('warn', 'stop-limit', { limitMs: this.#stopLimitMs });
      this.#server.closeAllConnections();
    }, this.#stopLimitMs);
    await promise;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.#answerer(request);
      this.#send(response, status, body);
    } catch (error) {
      const status = statusOf(error);
      const message = error instanceof Error ? error.message : String(error);
      if (status >= 500) this.#log('error', 'request-failed', { status, ...errorFields(error) });
      this.#send(response, status, errorBody(status, message), error instanceof HttpError ? error.headers : {});
    }
  }

  #send(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    if (response.destroyed) return; // the client has gone; what was written stays
    const json = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
      ...headers,
      // A connection that is kept would keep the stop waiting.
      ...(this.#isStopping && { connection: 'close' }),
    });
    response.end(json);
  }
}

/** Answers what is no HTTP request, or has headers that are too large: there is no request to answer then, only a connection. */
function refuse(error: Error, socket: Duplex): void {
  if (errnoOf(error) === 'ECONNRESET') socket.destroy();
  if (!socket.writable) return; // answered: what the client still sends comes here piece by piece
  const isTooLarge = errnoOf(error) === 'HPE_HEADER_OVERFLOW';
  const status = isTooLarge ? 431 : 400;
  const message = isTooLarge ? 'the headers are larger than 16 KiB' : `not an HTTP request: ${error.message}`;
  const json = JSON.stringify(errorBody(status, message));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(json)}\r\nconnection: close\r\n\r\n${json}`,
  );
  // Closed while the client still sends, the connection would be reset, and the answer lost with it.
  const timer = setTimeout(() => socket.destroy(), DRAIN_LIMIT_MS);
  socket.once('close', () => clearTimeout(timer));
}

function errorBody(status: number, message: string): unknown {
  return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error' } };
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  return error instanceof ProviderError ? 502 : 500;
}
