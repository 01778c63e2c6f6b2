import { realpathSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { readChatRequest } from './chat-request.ts';
import { type CleanupReport, cleanUp, countRows, parseCleanupRequest } from './cleanup.ts';
import type { Config } from './config.ts';
import type { Defect } from './defects.ts';
import { healthStatus, readMemory } from './health.ts';
import { HttpError, readJson } from './json-request.ts';
import { errorFields, type Log } from './log.ts';
import { askModel } from './model.ts';
import { RateLimit } from './rate-limit.ts';
import { Runs } from './runs.ts';
import type { Answer } from './server.ts';
import type { Retirement, State } from './state.ts';
import { TranscriptKeys } from './transcript-keys.ts';

const HISTORY_PATH = /^\/v1\/sessions\/([^/]+)\/history$/;
const TRANSCRIPT_PATH = /^\/v1\/transcripts\/([^/]+)$/;
const HISTORY_LIMIT = { fallback: 50, max: 1000 };

/** What the defect `heap-grows-until-oom` keeps of each turn. */
const HOARD_BYTES = 64 * 1024 * 1024;

/** The part of the state that is served. */
export type ServedState = Pick<State, 'add' | 'history' | 'keyOf' | 'list' | 'due' | 'maintain'>;

/** What each path does. Before it was given a state it only says how it is. */
export class Api {
  readonly #config: Config;
  readonly #defects: ReadonlySet<Defect>;
  readonly #runs: Runs;
  readonly #rateLimit: RateLimit;
  readonly #transcriptKeys: TranscriptKeys;
  readonly #hoard: Buffer[] = [];
  #state: ServedState | undefined;
  #isStopping = false;

  constructor(config: Config, defects: ReadonlySet<Defect>, log: Log) {
    this.#config = config;
    this.#defects = defects;
    this.#runs = new Runs(log, defects);
    this.#rateLimit = new RateLimit({
      limit: config.rateLimit,
      windowMs: config.rateWindowMs,
      keepMs: config.rateBucketKeepMs,
      defects,
    });
    this.#transcriptKeys = new TranscriptKeys((sessionId) => this.#state?.keyOf(sessionId), defects);
  }

  /** From now on it is ready and takes turns. */
  serve(state: ServedState): void {
    this.#state = state;
  }

  /** From now on it says that it is not ready; what is asked nevertheless is still served. */
  stop(): void {
    this.#isStopping = true;
  }

  /** What the maintenance timer does here: the retention, and what is kept for clients that are gone. */
  async maintain(): Promise<void> {
    this.#rateLimit.prune(Date.now());
    if (this.#state !== undefined) this.#forget(await this.#state.maintain(Date.now()));
  }

  /** Rejects with an `HttpError` where it is the client's mistake. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    const endpoint = `${request.method} ${path}`;
    if (endpoint === 'GET /readyz') return this.#readiness();
    if (endpoint === 'GET /healthz') return this.#health();
    if (this.#state === undefined) throw new HttpError(503, 'not ready yet; ask /readyz');
    this.#countRequest(request);
    const body = await this.#route(this.#state, endpoint, request, path, query);
    return { status: 200, body };
  }

  #route(state: ServedState, endpoint: string, request: IncomingMessage, path: string, query: string): unknown {
    if (endpoint === 'POST /v1/chat/completions') return this.#turn(state, request);
    if (endpoint === 'POST /v1/sessions/maintenance') return this.#maintenance(state, request);
    if (endpoint === 'GET /v1/sessions') return { sessions: state.list() };
    const key = HISTORY_PATH.exec(path)?.[1];
    if (request.method === 'GET' && key !== undefined) return history(state, decode(key), query);
    const sessionId = TRANSCRIPT_PATH.exec(path)?.[1];
    if (request.method === 'GET' && sessionId !== undefined) return this.#transcript(decode(sessionId));
    throw new HttpError(404, `no such endpoint: ${endpoint}`);
  }

  /** The answer is the acknowledgement: it is sent after the turn is durable. */
  async #turn(state: ServedState, request: IncomingMessage): Promise<unknown> {
    const { key, model, messages, user } = await readChatRequest(request, this.#config.bodyLimitBytes);
    const { providerUrl, providerTimeoutMs } = this.#config;
    if (this.#defects.has('heap-grows-until-oom')) this.#hoard.push(Buffer.alloc(HOARD_BYTES, 1));
    const run = this.#runs.start(key);
    try {
      const assistant = await askModel(providerUrl, providerTimeoutMs, { model, messages });
      this.#runs.step(run, 'asked');
      const { sessionId, turns } = await state.add(key, { at: Date.now(), user, assistant });
      this.#runs.step(run, 'kept', { turns });
      this.#runs.end(run, 'ended');
      return {
        id: `chatcmpl-${run}`,
        object: 'chat.completion',
        created: Math.floor(Date.now() / 1000),
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: assistant }, finish_reason: 'stop' }],
        session: { key, sessionId, turns },
      };
    } catch (error) {
      this.#runs.end(run, 'failed', errorFields(error));
      throw error;
    }
  }

  async #maintenance(state: ServedState, request: IncomingMessage): Promise<CleanupReport> {
    const body = await readJson(request, this.#config.bodyLimitBytes);
    const asked = parseCleanupRequest(body, realpathSync(this.#config.stateDir));
    const { report, retired } = await cleanUp(state, asked, Date.now());
    this.#forget(retired);
    return report;
  }

  #forget(retired: readonly Retirement[]): void {
    this.#transcriptKeys.forget(retired.map(({ sessionId }) => sessionId));
  }

  #transcript(sessionId: string): unknown {
    const key = this.#transcriptKeys.keyOf(sessionId);
    if (key === undefined) throw new HttpError(404, `no such transcript: ${sessionId}`);
    return { sessionId, key };
  }

  #readiness(): Answer {
    const isReady = this.#state !== undefined && !this.#isStopping;
    return { status: isReady ? 200 : 503, body: { ready: isReady } };
  }

  async #health(): Promise<Answer> {
    const memory = await readMemory();
    const is = { ready: this.#state !== undefined, stopping: this.#isStopping, alarm: memory.alarm };
    const status = healthStatus(is);
    const body = {
      ok: status === 'ok',
      status,
      memory,
      sessions: countRows(this.#state?.list() ?? []),
      collections: {
        runs: this.#runs.running,
        runCounters: this.#runs.counters,
        rateBuckets: this.#rateLimit.buckets,
        transcriptKeys: this.#transcriptKeys.size,
      },
    };
    return { status: body.ok ? 200 : 503, body };
  }

  #countRequest(request: IncomingMessage): void {
    const device = request.headers['x-device-id'];
    const client = typeof device === 'string' ? `device ${device}` : `address ${request.socket.remoteAddress}`;
    const waitMs = this.#rateLimit.take(client, Date.now());
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    const message = `more than ${this.#config.rateLimit} requests in a minute; ask again in ${seconds} s`;
    throw new HttpError(429, message, { 'retry-after': String(seconds) });
  }
}

async function history(state: ServedState, key: string, query: string): Promise<unknown> {
  const limit = new URLSearchParams(query).get('limit') ?? String(HISTORY_LIMIT.fallback);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > HISTORY_LIMIT.max) {
    throw new HttpError(400, `"limit" must be a whole number from 1 to ${HISTORY_LIMIT.max}`);
  }
  const turns = await state.history(key, Number(limit));
  if (turns === undefined) throw new HttpError(404, `no such session: ${key}`);
  return { key, turns };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, `not percent-encoded UTF-8: ${part}`);
  }
}
