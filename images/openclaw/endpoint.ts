import type { Conversation } from '../../lab/drive.ts';
import type { HttpRequest } from '../../lab/system.ts';

export const PORT = 18789;
/** Guards a loopback that nobody else is on; it is in the evidence for everyone to read. */
export const TOKEN = 'midwrite-loopback-token';
/** Its command line, in its image. */
export const CLI = ['node', '/opt/openclaw/node_modules/openclaw/openclaw.mjs'];

/** One turn of a session. */
export const turn = (key: string, text: string): HttpRequest => ({
  port: PORT,
  method: 'POST',
  path: '/v1/chat/completions',
  headers: { authorization: `Bearer ${TOKEN}`, 'x-openclaw-session-key': key },
  body: { model: 'openclaw', messages: [{ role: 'user', content: text }] },
});

/** What shows which device it is: with `signature`, its answer to the challenge. */
const device = {
  id: '{id}',
  publicKey: '{publicKey}',
  signature: '{signature}',
  signedAt: '{signedAtMs}',
  nonce: '{received.payload.nonce}',
};

/** What a device signs, as one client in one mode. */
const signature = (client: string, mode: string) =>
  `v2|{id}|${client}|${mode}|operator|operator.admin|{signedAtMs}|${TOKEN}|{received.payload.nonce}`;

/** How a client with a key of its own begins. `more`: what is not as every client says it. */
export const asDevice = (
  client: { id: string; mode: string },
  more: Readonly<Record<string, unknown>> = {},
): Pick<Conversation, 'port' | 'path' | 'sign' | 'steps'> => ({
  port: PORT,
  path: '/',
  sign: signature(client.id, client.mode),
  steps: [connects({ minProtocol: 3, device, ...more })],
});

/** A call when it is connected. */
export const calls = (method: string, params: unknown): Conversation['steps'][number] => ({
  after: { type: 'res', id: 'connect-{n}', ok: true },
  send: { type: 'req', id: 'call-{n}', method, params },
});

/** The first thing that a backend client sends, with the shared token, when it has been challenged. `more`: what not every one says. */
export const connects = (more: Readonly<Record<string, unknown>>): Conversation['steps'][number] => ({
  after: { type: 'event', event: 'connect.challenge' },
  send: {
    type: 'req',
    id: 'connect-{n}',
    method: 'connect',
    params: {
      maxProtocol: 4,
      client: { id: 'gateway-client', version: '1.0.0', platform: 'linux', mode: 'backend' },
      role: 'operator',
      scopes: ['operator.admin'],
      auth: { token: TOKEN },
      ...more,
    },
  },
});
