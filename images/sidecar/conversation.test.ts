import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holds } from './conversation.ts';
import { RunningSidecar } from './testing/running-sidecar.ts';
import { type Peer, socketServer } from './testing/socket-server.ts';

let sidecar: RunningSidecar;

beforeAll(async () => {
  ({ sidecar } = await RunningSidecar.start());
});
afterAll(() => sidecar[Symbol.asyncDispose]());

const talk = (port: number) => ({
  port,
  path: '/',
  steps: [
    { after: { event: 'hello' }, send: { say: 'who', n: '{n}' } },
    { after: { you: 'k{n}' }, send: { say: 'run', n: '{n}' } },
  ],
  done: { ran: '{n}', payload: { status: 'ok' } },
  refused: { ok: false },
});
const series = { count: 12, from: 5, concurrency: 4, limitMs: 5_000 };

/** Greets, says who is there, and answers a run as it is told. */
const gateway = (answer: (n: string, peer: Peer) => void) =>
  socketServer({
    open: (peer) => peer.send({ event: 'hello', more: 1 }),
    message: (message, peer) => {
      const { say, n } = message as { say: string; n: string };
      if (say === 'who') peer.send({ you: `k${n}` });
      else answer(n, peer);
    },
  });

test('each conversation goes step by step to the message that ends it, and not to one that is like it', async () => {
  const ran: string[] = [];
  await using server = await gateway((n, peer) => {
    ran.push(n);
    peer.send({ ran: n, payload: { status: 'accepted' } });
    peer.send({ ran: n, payload: { status: 'ok', text: 'x' } });
  });
  const reply = await sidecar.ask('requests', { socket: talk(server.port), ...series });
  expect(reply).toMatchObject({ ok: true, answered2xx: 12, otherStatus: {}, failed: {} });
  expect(ran.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => 5 + index));
});

/** It runs out in full, once; what is answered must be so within it on any machine. */
const UNANSWERED_LIMIT_MS = 5_000;

test('a refusal, a connection that breaks, and an answer that never comes are told apart', async () => {
  await using server = await gateway((n, peer) => {
    if (n === '5') peer.send({ ok: false, error: 'not you' });
    else if (n === '6') peer.hangUp();
    else if (n !== '7') peer.send({ ran: n, payload: { status: 'ok' } });
  });
  const reply = await sidecar.ask('requests', {
    socket: talk(server.port),
    ...series,
    count: 4,
    concurrency: 1,
    limitMs: UNANSWERED_LIMIT_MS,
  });
  expect(reply).toMatchObject({ answered2xx: 1, failed: { refused: 1, connection: 1, timeout: 1 } });
  expect(reply.firstError).toBe('request 5: refused: {"ok":false,"error":"not you"}');
});

test('each connection proves an identity of its own, with what the gateway greeted it with', async () => {
  const hellos: Hello[] = [];
  let greetings = 0;
  await using server = await socketServer({
    open: (peer) => {
      greetings += 1;
      peer.send({ event: 'hello', payload: { nonce: `nonce-${greetings}` } });
    },
    message: (message, peer) => {
      hellos.push(message as Hello);
      peer.send({ ok: isSigned(message as Hello) });
    },
  });
  const socket = {
    port: server.port,
    path: '/',
    sign: 'v1|{id}|{signedAtMs}|{received.payload.nonce}',
    steps: [
      {
        after: { event: 'hello' },
        send: {
          ...{ id: '{id}', publicKey: '{publicKey}', signedAt: '{signedAtMs}', signature: '{signature}' },
          nonce: '{received.payload.nonce}',
        },
      },
    ],
    done: { ok: true },
    refused: { ok: false },
  };
  expect(await sidecar.ask('requests', { socket, ...series })).toMatchObject({ answered2xx: 12, failed: {} });
  expect(new Set(hellos.map(({ id }) => id)).size).toBe(12);
});

interface Hello {
  id: string;
  publicKey: string;
  signedAt: number;
  signature: string;
  nonce: string;
}

/** RFC 8410: the DER form of an Ed25519 key is this and the 32 bytes of the key. */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function isSigned({ id, publicKey, signedAt, signature, nonce }: Hello): boolean {
  const raw = Buffer.from(publicKey, 'base64url');
  const key = createPublicKey({ key: Buffer.concat([DER_PREFIX, raw]), format: 'der', type: 'spki' });
  return (
    Number.isInteger(signedAt) &&
    id === createHash('sha256').update(raw).digest('hex') &&
    verify(null, Buffer.from(`v1|${id}|${signedAt}|${nonce}`), key, Buffer.from(signature, 'base64url'))
  );
}

test('nobody listens: a connection that failed', async () => {
  const { port } = await closedServer();
  const reply = await sidecar.ask('requests', { socket: talk(port), ...series, count: 1 });
  expect(reply).toMatchObject({ ok: true, answered2xx: 0, failed: { connection: 1 } });
});

async function closedServer(): Promise<{ port: number }> {
  await using server = await gateway(() => undefined);
  return { port: server.port };
}

test.each([
  ['a step without send', { ...talk(1), steps: [{ after: {} }] }, /steps\[0\] must have after and send/],
  ['no end', { ...talk(1), done: undefined }, /done and refused/],
  ['an unknown field', { ...talk(1), more: 1 }, /unknown field more/],
  ['a text to sign that is none', { ...talk(1), sign: 1 }, /socket.sign must be a text/],
])('%s is a bad request', async (_, socket, says) => {
  const reply = await sidecar.ask('requests', { socket, ...series });
  expect(reply).toMatchObject({ ok: false, code: 'bad-request', error: expect.stringMatching(says) });
});

test.each([
  [{ a: 1, b: { c: 'x', d: 2 } }, { b: { c: 'x' } }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: null }, { a: null }, true],
  [{}, { a: undefined }, false],
  ['x', {}, false],
])('%j holds %j: %s', (whole, part, expected) => {
  expect(holds(whole, part)).toBe(expected);
});
