import { wallMs } from './clock.ts';
import type { Exchange, Outcome } from './driver.ts';
import { Identity } from './identity.ts';
import { filled, type Values } from './template.ts';

const BODY_LIMIT_CHARS = 65_536;

/** A talk over a WebSocket to the gateway, which is always on this pod's loopback: JSON messages, each sent when another one has come. */
export interface Conversation {
  readonly port: number;
  readonly path: string;
  /** The text that an identity of its own signs for each step. Absent: it has none. */
  readonly sign?: string | undefined;
  /**
   * In this order: when a message has come that holds `after`, `send` goes out. In it, and in `sign`, `{received.a.b}` stands for a field of that message;
   * with an identity, `{id}`, `{publicKey}` and `{signedAtMs}` for what it is, and in `send` `{signature}`.
   */
  readonly steps: readonly { readonly after: unknown; readonly send: unknown }[];
  /** After the last step, a message that holds this one ends it well. */
  readonly done: unknown;
  /** At any time, a message that holds this one ends it badly. */
  readonly refused: unknown;
}

/**
 * Holds one conversation on a connection of its own (RFC 6455), to its end. Never throws for what the peer does.
 * @returns `answered` with status 200 and the message that ended it well, `refused` with the one that ended it badly, or how the connection ended
 */
export function converse(talk: Conversation, limitMs: number, cancel: AbortSignal): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const tSent = wallMs();
  const identity = talk.sign === undefined ? undefined : new Identity();
  const socket = new WebSocket(`ws://127.0.0.1:${talk.port}${talk.path}`);
  let step = 0;
  const onCancel = () => end({ outcome: 'cancelled' });
  const timer = setTimeout(() => end({ outcome: 'timeout' }), limitMs);
  cancel.addEventListener('abort', onCancel, { once: true });
  socket.addEventListener('message', ({ data }) => {
    const text = String(data);
    const message = parsed(text);
    if (holds(message, talk.refused)) return end({ outcome: 'refused', body: text.slice(0, BODY_LIMIT_CHARS) });
    const next = talk.steps[step];
    if (next === undefined) {
      if (holds(message, talk.done)) end({ outcome: 'answered', status: 200, body: text.slice(0, BODY_LIMIT_CHARS) });
      return;
    }
    if (!holds(message, next.after)) return;
    step += 1;
    socket.send(JSON.stringify(filled(next.send, valuesFor(message, talk.sign, identity))));
  });
  socket.addEventListener('error', () => end(broken(`the WebSocket failed at step ${step + 1}`)));
  socket.addEventListener('close', ({ code, reason }) =>
    end(broken(`closed with ${code} at step ${step + 1}: ${reason}`)),
  );
  if (cancel.aborted) onCancel();
  return promise;

  // The first end counts; what closing the socket brings after it goes unheard.
  function end(outcome: Outcome): void {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    resolve({ tSent, tEnded: wallMs(), ...outcome });
    socket.close();
  }
}

function valuesFor(received: unknown, text: string | undefined, identity: Identity | undefined): Values {
  if (identity === undefined || text === undefined) return { received };
  const values = { received, id: identity.id, publicKey: identity.publicKey, signedAtMs: Date.now() };
  return { ...values, signature: identity.signature(String(filled(text, values))) };
}

const broken = (reason: string): Outcome => ({ outcome: 'connection', reason, errno: undefined });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether everything in `part` is in `whole` too: objects by their fields, all else by its value. */
export function holds(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(
    ([name, value]) => Object.hasOwn(whole, name) && holds((whole as Record<string, unknown>)[name], value),
  );
}
