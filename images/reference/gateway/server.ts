import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpError, readChatRequest } from './chat-request.ts';
import type { Config } from './config.ts';
import { errorFields, type Log } from './log.ts';
import { askModel, ProviderError } from './model.ts';
import type { Store } from './store.ts';

const CONNECTIONS_LIMIT = 512;

/** How long a stop waits for turns in flight; Docker kills after 10 s. */
const STOP_LIMIT_MS = 8000;

type ServerConfig = Pick<Config, 'port' | 'providerUrl' | 'providerTimeoutMs' | 'bodyLimitBytes'>;

/** The HTTP side. It listens before there is a store, and is ready once it was given one. */
export class GatewayServer {
  readonly #config: ServerConfig;
  readonly #log: Log;
  readonly #server: Server;
  #store: Store | undefined;
  #isStopping = false;

  constructor(config: ServerConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = CONNECTIONS_LIMIT;
  }

  /** Resolves with the port; rejects where it can't be bound. */
  async listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(this.#config.port, '127.0.0.1', resolve);
    await promise;
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on it is ready and takes turns. */
  serve(store: Store): void {
    this.#store = store;
  }

  /** Takes no more connections and waits for the requests in flight. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const timer = setTimeout(() => {
      this.#log('warn', 'stop-limit', { limitMs: STOP_LIMIT_MS });
      this.#server.closeAllConnections();
    }, STOP_LIMIT_MS);
    await promise;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.#route(request);
      this.#send(response, status, body);
    } catch (error) {
      const status = statusOf(error);
      const message = error instanceof Error ? error.message : String(error);
      if (status >= 500) this.#log('error', 'request-failed', { status, ...errorFields(error) });
      this.#send(response, status, {
        error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error' },
      });
    }
  }

  async #route(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = (request.url ?? '/').split('?')[0];
    const isReady = this.#store !== undefined && !this.#isStopping;
    if (request.method === 'GET' && path === '/readyz')
      return { status: isReady ? 200 : 503, body: { ready: isReady } };
    if (request.method === 'POST' && path === '/v1/chat/completions') {
      if (this.#store === undefined) throw new HttpError(503, 'not ready yet; ask /readyz');
      return { status: 200, body: await this.#turn(this.#store, request) };
    }
    throw new HttpError(404, `no such endpoint: ${request.method} ${path}`);
  }

  /** The answer is the acknowledgement: it is sent after the turn is durable. */
  async #turn(store: Store, request: IncomingMessage): Promise<unknown> {
    const { key, model, messages, user } = await readChatRequest(request, this.#config.bodyLimitBytes);
    const { providerUrl, providerTimeoutMs } = this.#config;
    const assistant = await askModel(providerUrl, providerTimeoutMs, { model, messages });
    const turns = await store.add(key, { at: Date.now(), user, assistant });
    return {
      id: `chatcmpl-${randomUUID()}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: assistant }, finish_reason: 'stop' }],
      session: { key, turns },
    };
  }

  #send(response: ServerResponse, status: number, body: unknown): void {
    if (response.destroyed) return; // the client has gone; what was written stays
    const json = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
      // A connection that is kept would keep the stop waiting.
      ...(this.#isStopping && { connection: 'close' }),
    });
    response.end(json);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  return error instanceof ProviderError ? 502 : 500;
}
