import { wallMs } from './clock.ts';
import { type Conversation, converse } from './conversation.ts';
import { type Exchange, exchange, type HttpCall } from './driver.ts';
import { Failure } from './failure.ts';

const ERROR_LIMIT_CHARS = 500;
const PLACE = '{n}';

/** Many requests that differ by a number: `count` of them, numbered from `from`. */
export interface Series {
  /** Every `{n}` in its path, its headers' values, and the strings of its body or its messages stands for the number. */
  readonly call: HttpCall | Conversation;
  readonly count: number;
  readonly from: number;
  /** At most so many are under way at a time. */
  readonly concurrency: number;
  /** For each of them. */
  readonly limitMs: number;
}

/** How a series went. Requests that were never sent, as it was cancelled before, are in no count. */
export interface SeriesResult {
  readonly tStarted: number;
  readonly tEnded: number;
  readonly answered2xx: number;
  /** How many complete answers had each other status. */
  readonly otherStatus: Readonly<Record<string, number>>;
  /** How many had no complete answer, by `Exchange`'s outcome. */
  readonly failed: Readonly<Record<string, number>>;
  /** The first that ended other than with 2xx; one that was cancelled is none. At most 500 characters. */
  readonly firstError?: string;
  /** Of all complete answers, whatever their status; missing where there was none. */
  readonly tookMs?: Times;
}

interface Times {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Sends the series. What the gateway does is in the result; only a cancelled one throws, with the result so far. */
export async function requests(series: Series, cancel: AbortSignal): Promise<SeriesResult> {
  const tStarted = wallMs();
  const tally = new Tally();
  let sent = 0;
  await Promise.all(Array.from({ length: Math.min(series.concurrency, series.count) }, sendOnes));
  const result = { tStarted, tEnded: wallMs(), ...tally.result() };
  if (!cancel.aborted) return result;
  throw new Failure('cancelled', `the requests were cancelled; ${sent} of ${series.count} had been sent`, {
    ...result,
  });

  async function sendOnes(): Promise<void> {
    while (sent < series.count && !cancel.aborted) {
      const n = String(series.from + sent);
      sent += 1;
      const startedMs = performance.now(); // the clock of an exchange may be set meanwhile, this one not
      const ended = await send(series.call, n, series.limitMs, cancel);
      tally.add(n, ended, performance.now() - startedMs);
    }
  }
}

function send(call: HttpCall | Conversation, n: string, limitMs: number, cancel: AbortSignal): Promise<Exchange> {
  return 'steps' in call
    ? converse(filled(call, n) as Conversation, limitMs, cancel)
    : exchange(numbered(call, n), limitMs, cancel);
}

function numbered(call: HttpCall, n: string): HttpCall {
  return {
    ...call,
    path: call.path.replaceAll(PLACE, n),
    headers: filled(call.headers, n) as HttpCall['headers'],
    body: filled(call.body, n),
    text: call.text?.replaceAll(PLACE, n),
  };
}

/** A copy with the number in all texts; the names of fields stay. */
function filled(value: unknown, n: string): unknown {
  if (typeof value === 'string') return value.replaceAll(PLACE, n);
  if (Array.isArray(value)) return value.map((item) => filled(item, n));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, n)]));
}

class Tally {
  readonly #otherStatus: Record<string, number> = {};
  readonly #failed: Record<string, number> = {};
  readonly #answersMs: number[] = [];
  #answered2xx = 0;
  #firstError: string | undefined;

  add(n: string, ended: Exchange, tookMs: number): void {
    if (ended.outcome === 'answered') this.#answersMs.push(tookMs);
    if (ended.outcome === 'answered' && ended.status >= 200 && ended.status < 300) {
      this.#answered2xx += 1;
      return;
    }
    if (ended.outcome === 'answered') count(this.#otherStatus, String(ended.status));
    else count(this.#failed, ended.outcome);
    if (ended.outcome !== 'cancelled') this.#firstError ??= `request ${n}: ${told(ended)}`.slice(0, ERROR_LIMIT_CHARS);
  }

  result(): Omit<SeriesResult, 'tStarted' | 'tEnded'> {
    return {
      answered2xx: this.#answered2xx,
      otherStatus: this.#otherStatus,
      failed: this.#failed,
      ...(this.#firstError !== undefined && { firstError: this.#firstError }),
      ...(this.#answersMs.length > 0 && { tookMs: timesOf(this.#answersMs) }),
    };
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function told(ended: Exchange): string {
  if (ended.outcome === 'answered') return `status ${ended.status}: ${ended.body}`;
  if (ended.outcome === 'refused') return `refused: ${ended.body}`;
  return ended.outcome === 'connection' ? `connection: ${ended.errno ?? ended.reason}` : ended.outcome;
}

/** By nearest rank: each is a time that a request really took. */
function timesOf(times: readonly number[]): Times {
  const sorted = Float64Array.from(times).sort();
  const rank = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { median: rank(0.5), p95: rank(0.95), max: rank(1) };
}
