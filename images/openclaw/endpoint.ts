import type { HttpRequest } from '../../lab/gateway.ts';

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
