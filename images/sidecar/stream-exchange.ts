import { connect, type Socket } from 'node:net';
import { wallMs } from './clock.ts';
import { errnoOf } from './failure.ts';

/** How an exchange over a TCP connection ended. Times: before the connection is made, and when the last byte or the error came. */
export type StreamExchange = { readonly tSent: number; readonly tEnded: number } & (
  | { readonly outcome: 'done' }
  | { readonly outcome: 'connection'; readonly reason: string; readonly errno: string | undefined }
  | { readonly outcome: 'timeout' | 'cancelled' }
);

type Outcome = StreamExchange extends infer E
  ? E extends StreamExchange
    ? Omit<E, 'tSent' | 'tEnded'>
    : never
  : never;

/** What is done with one connection. */
export interface Talker {
  readonly port: number;
  readonly send: string | Buffer;
  /** Sends the end of the stream behind it. */
  readonly halfClose: boolean;
  /** Gets each piece. True: that was all, and the connection is closed. */
  received(piece: Buffer): boolean;
}

/** Sends something on a connection of its own to the pod's loopback and reads what comes. Never throws for what the peer does. */
export function exchangeOnStream(talker: Talker, limitMs: number, cancel: AbortSignal): Promise<StreamExchange> {
  const { promise, resolve } = Promise.withResolvers<StreamExchange>();
  const tSent = wallMs();
  const socket: Socket = connect({ host: '127.0.0.1', port: talker.port, allowHalfOpen: true });
  const onCancel = () => end({ outcome: 'cancelled' });
  const timer = setTimeout(() => end({ outcome: 'timeout' }), limitMs);
  cancel.addEventListener('abort', onCancel, { once: true });
  socket.on('connect', () => (talker.halfClose ? socket.end(talker.send) : socket.write(talker.send)));
  socket.on('data', (piece: Buffer) => {
    if (talker.received(piece)) end({ outcome: 'done' });
  });
  socket.on('end', () => end({ outcome: 'done' }));
  socket.on('error', (error) => end({ outcome: 'connection', reason: error.message, errno: errnoOf(error) }));
  if (cancel.aborted) onCancel();
  return promise;

  // The first end counts; what destroying the socket brings after it goes unheard.
  function end(outcome: Outcome): void {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    resolve({ tSent, tEnded: wallMs(), ...outcome });
    socket.destroy();
  }
}

/** The text of what was kept; a character that its limit cut in two is left out. */
export function textOf(pieces: readonly Buffer[]): string {
  return new TextDecoder().decode(Buffer.concat(pieces), { stream: true });
}
