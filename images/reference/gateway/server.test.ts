import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeProvider } from '../testing/fake-provider.ts';
import { FakeState } from '../testing/fake-state.ts';
import type { Json } from '../testing/running-gateway.ts';
import { Api } from './api.ts';
import { readConfig } from './config.ts';
import type { Defect } from './defects.ts';
import { HttpServer } from './server.ts';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await FakeProvider.start();
});
afterAll(() => provider[Symbol.asyncDispose]());

async function serve({ env = {}, defects = [] as Defect[], isReady = true } = {}) {
  const config = readConfig({ PROVIDER_URL: provider.url, STATE_DIR: tmpdir(), ...env });
  const api = new Api(config, new Set(defects), () => undefined);
  const server = new HttpServer(
    (request) => api.answer(request),
    () => undefined,
  );
  const port = await server.listen(0);
  const state = new FakeState();
  if (isReady) api.serve(state);
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
  };
  return {
    ask,
    api,
    port,
    state,
    turn: (key: string, text: string) =>
      ask('/v1/chat/completions', {
        method: 'POST',
        headers: { 'x-session-key': key },
        body: JSON.stringify({ messages: [{ role: 'user', content: text }] }),
      }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Sends bytes that are no request of `fetch`'s, and gives what comes back. */
async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (part) => {
    answer += part.toString();
  });
  socket.end(bytes);
  await once(socket, 'close');
  return answer;
}

describe('sessions', () => {
  test('their summaries and their histories', async () => {
    await using gateway = await serve();
    for (const text of ['one', 'two', 'three']) await gateway.turn('a/b', text);
    await gateway.turn('c', 'four');
    const { body } = await gateway.ask('/v1/sessions');
    expect(body.sessions).toMatchObject([
      { key: 'a/b', turns: 3 },
      { key: 'c', turns: 1 },
    ]);
    expect(await gateway.ask('/v1/sessions/a%2Fb/history?limit=2')).toMatchObject({
      status: 200,
      body: { key: 'a/b', turns: [{ user: 'two' }, { user: 'three', assistant: 'echo: three' }] },
    });
    expect((await gateway.ask('/v1/sessions/a%2Fb/history')).body.turns).toHaveLength(3);
  });

  test.each([
    ['/v1/sessions/none/history', 404, 'no such session: none'],
    ['/v1/sessions/a/history?limit=0', 400, 'limit'],
    ['/v1/sessions/a/history?limit=1001', 400, 'limit'],
    ['/v1/sessions/a/history?limit=all', 400, 'limit'],
    ['/v1/sessions/%ff/history', 400, 'percent-encoded'],
    ['/v1/sessions/a', 404, 'no such endpoint: GET /v1/sessions/a'],
    ['/v1/transcripts/none', 404, 'no such transcript: none'],
    ['/elsewhere', 404, 'no such endpoint'],
  ])('%s: %i', async (path, status, says) => {
    await using gateway = await serve();
    expect(await gateway.ask(path)).toMatchObject({
      status,
      body: { error: { message: expect.stringContaining(says), type: 'invalid_request_error' } },
    });
  });

  test('the key of a transcript is looked for once, and again after its session has gone', async () => {
    await using gateway = await serve();
    const { sessionId } = (await gateway.turn('a', 'one')).body.session;
    const path = `/v1/transcripts/${encodeURIComponent(sessionId)}`;
    expect((await gateway.ask(path)).body).toEqual({ sessionId, key: 'a' });
    expect((await gateway.ask(path)).body).toEqual({ sessionId, key: 'a' });
    expect(gateway.state.lookedFor).toEqual([sessionId]);
    expect((await gateway.ask('/healthz')).body.collections.transcriptKeys).toBe(1);
    gateway.state.retirements = [
      { key: 'a', sessionId, kind: 'other', updatedAt: 1, reason: 'expired', fate: 'archived' },
    ];
    await gateway.api.maintain();
    expect((await gateway.ask(path)).status).toBe(404);
  });
});

describe('maintenance', () => {
  const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) });

  test('a dry run, and one that does it', async () => {
    await using gateway = await serve();
    await gateway.turn('a', 'one');
    gateway.state.retirements = [
      { key: 'a', sessionId: 'id of a', kind: 'other', updatedAt: 1, reason: 'pruned', fate: 'archived' },
    ];
    const path = '/v1/sessions/maintenance';
    expect(await gateway.ask(path, post({ dryRun: true }))).toMatchObject({
      status: 200,
      body: { dryRun: true, before: { total: 1 }, after: { total: 0 } },
    });
    expect(gateway.state.rows).toHaveLength(1);
    expect((await gateway.ask(path, post({ dryRun: false, prune: { olderThanMs: 1 } }))).body.dryRun).toBe(false);
    expect(gateway.state.rows).toHaveLength(0);
  });

  test('another folder is refused', async () => {
    await using gateway = await serve();
    const answer = await gateway.ask('/v1/sessions/maintenance', post({ dryRun: false, stateDir: '/elsewhere' }));
    expect(answer).toMatchObject({ status: 409, body: { error: { message: expect.stringContaining('/elsewhere') } } });
  });
});

describe('rate limit', () => {
  test('429 says when to come again; other clients, probes and the next minute are served', async () => {
    await using gateway = await serve({ env: { RATE_LIMIT: '2' } });
    for (const text of ['one', 'two']) expect((await gateway.turn('a', text)).status).toBe(200);
    const refused = await gateway.turn('a', 'three');
    expect(refused).toMatchObject({ status: 429, body: { error: { message: expect.stringContaining('2 requests') } } });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await gateway.ask('/v1/sessions')).status).toBe(429);
    expect((await gateway.ask('/v1/sessions', { headers: { 'x-device-id': 'other' } })).status).toBe(200);
    const health = await gateway.ask('/healthz');
    expect(health).toMatchObject({ status: 200, body: { collections: { rateBuckets: 2 } } });
    expect(gateway.state.turns.get('a')).toHaveLength(2);
  });
});

describe('health', () => {
  test('not ready, then ok, then stopping', async () => {
    await using gateway = await serve({ isReady: false });
    const both = async () => [await gateway.ask('/readyz'), await gateway.ask('/healthz')];
    expect(await both()).toMatchObject([
      { status: 503, body: { ready: false } },
      { status: 503, body: { ok: false, status: 'not-ready', sessions: { total: 0, byKind: {} } } },
    ]);
    expect((await gateway.turn('a', 'x')).status).toBe(503);
    gateway.api.serve(gateway.state);
    await gateway.turn('a', 'x');
    expect(await both()).toMatchObject([
      { status: 200, body: { ready: true } },
      { status: 200, body: { ok: true, status: 'ok', sessions: { total: 1, byKind: { other: 1 } } } },
    ]);
    gateway.api.stop();
    expect(await both()).toMatchObject([
      { status: 503, body: { ready: false } },
      { status: 503, body: { ok: false, status: 'stopping' } },
    ]);
  });

  test.each([
    [[], 0],
    [['run-counters-leak'], 20],
  ] as const)('20 runs with the defects %j leave %i counters', async (defects, runCounters) => {
    await using gateway = await serve({ defects: [...defects] });
    for (let n = 0; n < 20; n += 1) await gateway.turn('a', `${n}`);
    expect((await gateway.ask('/healthz')).body.collections).toMatchObject({ runs: 0, runCounters });
  });
});

describe('what is no request', () => {
  test('headers that are too large: 431 in the form of the other errors, though the client still sends', async () => {
    await using gateway = await serve();
    const key = 'k'.repeat(1024 * 1024);
    const answer = await sendRaw(gateway.port, `POST /v1/chat/completions HTTP/1.1\r\nx-session-key: ${key}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      error: { message: expect.stringContaining('16 KiB'), type: 'invalid_request_error' },
    });
  });

  test('something else than HTTP: 400', async () => {
    await using gateway = await serve();
    expect(await sendRaw(gateway.port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"not an HTTP request/);
  });
});

test('a stop waits for what is in flight, but not for ever', async () => {
  const events: string[] = [];
  const never = Promise.withResolvers<never>();
  const asked = Promise.withResolvers<void>();
  const answerer = () => {
    asked.resolve();
    return never.promise;
  };
  const server = new HttpServer(answerer, (_, event) => events.push(event), 20);
  const port = await server.listen(0);
  const answer = fetch(`http://127.0.0.1:${port}/`).then(
    () => 'answered',
    () => 'cut off',
  );
  await asked.promise;
  await server.stop();
  expect(await answer).toBe('cut off');
  expect(events).toEqual(['stop-limit']);
});
