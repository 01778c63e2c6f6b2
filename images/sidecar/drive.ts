import { type Conversation, converse } from './conversation.ts';
import { type Exchange, exchange, type HttpCall } from './driver.ts';
import { Failure } from './failure.ts';
import { type CommandCall, runCommand } from './runner.ts';
import { exchangeOnStream, type StreamExchange, textOf } from './stream-exchange.ts';

/** What is kept of an answer. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;

/** Text over TCP. */
export interface TcpCall {
  readonly port: number;
  readonly send: string;
  /** It is done when this has come. Absent: when the other end closes. */
  readonly answer?: string | undefined;
}

export type Call =
  | { readonly kind: 'http'; readonly call: HttpCall }
  | { readonly kind: 'socket'; readonly call: Conversation }
  | { readonly kind: 'tcp'; readonly call: TcpCall }
  | { readonly kind: 'command'; readonly call: CommandCall };

/** One exchange of any kind, to its end: its answer, or a `Failure` that says how it broke off. */
export async function drive(call: Call, limitMs: number, cancel: AbortSignal): Promise<Record<string, unknown>> {
  switch (call.kind) {
    case 'http':
      return answerOf(await exchange(call.call, limitMs, cancel, ANSWER_LIMIT_BYTES), limitMs);
    case 'socket':
      return answerOf(await converse(call.call, limitMs, cancel), limitMs);
    case 'tcp':
      return overTcp(call.call, limitMs, cancel);
    case 'command':
      return command(call.call, limitMs, cancel);
  }
}

function answerOf(result: Exchange, limitMs: number): Record<string, unknown> {
  const { tSent, tEnded } = result;
  if (result.outcome === 'answered') return { tSent, tEnded, status: result.status, text: result.body };
  if (result.outcome === 'refused') throw new Failure('refused', `it said no: ${result.body}`, { tSent, tEnded });
  throw brokenOff(result, limitMs);
}

function brokenOff(
  result: Exclude<Exchange, { outcome: 'answered' | 'refused' }> | StreamExchange,
  limitMs: number,
): Failure {
  const { tSent, tEnded } = result;
  switch (result.outcome) {
    case 'connection':
      return new Failure('connection', `the connection failed before the answer was complete: ${result.reason}`, {
        tSent,
        tEnded,
        errno: result.errno,
      });
    case 'timeout':
      return new Failure('timeout', `no complete answer within ${limitMs} ms`, { tSent, tEnded });
    case 'cancelled':
      return new Failure('cancelled', 'it was cancelled', { tSent, tEnded });
    case 'done':
      return new Failure('connection', 'the connection ended before the answer was complete', { tSent, tEnded });
  }
}

async function overTcp(
  { port, send, answer }: TcpCall,
  limitMs: number,
  cancel: AbortSignal,
): Promise<Record<string, unknown>> {
  const received = new Received(answer);
  const talker = { port, send, halfClose: answer === undefined, received: (piece: Buffer) => received.add(piece) };
  const result = await exchangeOnStream(talker, limitMs, cancel);
  if (result.outcome !== 'done') throw brokenOff(result, limitMs);
  const { tSent, tEnded } = result;
  if (answer !== undefined && !received.isComplete)
    throw new Failure('refused', `"${answer}" was not in its answer: ${received.text.slice(0, 500)}`, {
      tSent,
      tEnded,
    });
  return { tSent, tEnded, text: received.text, droppedBytes: received.droppedBytes };
}

/** What comes over a connection, of which the first part is kept, until the answer that is waited for is in it. */
class Received {
  readonly #wanted: Buffer | undefined;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  /** What an answer in two pieces could begin with. */
  #tail: Buffer = Buffer.alloc(0);
  droppedBytes = 0;
  isComplete = false;

  constructor(answer: string | undefined) {
    this.#wanted = answer === undefined ? undefined : Buffer.from(answer);
  }

  /** True: the answer is there. */
  add(piece: Buffer): boolean {
    const kept = piece.subarray(0, ANSWER_LIMIT_BYTES - this.#keptBytes);
    if (kept.length > 0) this.#kept.push(kept);
    this.#keptBytes += kept.length;
    this.droppedBytes += piece.length - kept.length;
    if (this.#wanted === undefined) return false;
    const looked = Buffer.concat([this.#tail, piece]);
    this.isComplete = looked.includes(this.#wanted);
    this.#tail = looked.subarray(Math.max(0, looked.length - this.#wanted.length + 1));
    return this.isComplete;
  }

  get text(): string {
    return textOf(this.#kept);
  }
}

async function command(call: CommandCall, limitMs: number, cancel: AbortSignal): Promise<Record<string, unknown>> {
  const { exchange: result, end } = await runCommand(call, limitMs, cancel);
  const { tSent, tEnded } = result;
  if (end.notStarted !== undefined)
    throw new Failure('not-started', `the command could not be started: ${end.notStarted}`, { tSent, tEnded });
  if (result.outcome !== 'done' || (end.exitCode === undefined && end.signal === undefined))
    throw brokenOff(result, limitMs);
  const { stdout, ...how } = end;
  return { tSent, tEnded, text: stdout, ...how };
}
