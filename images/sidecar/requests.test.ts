import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Failure } from './failure.ts';
import { requests, type Series } from './requests.ts';
import { type Reply, RunningSidecar } from './testing/running-sidecar.ts';

let sidecar: RunningSidecar;

beforeAll(async () => {
  ({ sidecar } = await RunningSidecar.start());
});
afterAll(() => sidecar[Symbol.asyncDispose]());

async function gateway(answer: RequestListener): Promise<AsyncDisposable & { port: number; close(): Promise<void> }> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { port, close, [Symbol.asyncDispose]: close };
}

const textOf = async (request: IncomingMessage) => Buffer.concat(await request.toArray()).toString();

const never = new AbortController().signal;

const series = (port: number, more: Partial<Series> = {}): Series => ({
  call: { port, method: 'POST', path: '/{n}', headers: {} },
  count: 20,
  from: 0,
  concurrency: 4,
  limitMs: 5000,
  ...more,
});

test('the number stands in path, headers and body, and each is sent once', async () => {
  const seen: Reply[] = [];
  await using server = await gateway(async (request, response) => {
    seen.push({ path: request.url, key: request.headers['x-key'], body: JSON.parse(await textOf(request)) });
    response.end('fine');
  });
  const http = {
    port: server.port,
    method: 'POST',
    path: '/a/{n}?again={n}',
    headers: { 'x-key': 'k{n}' },
    body: { texts: ['{n}', { deep: 'is {n} {n}' }], '{n}': 1, none: null, flag: true },
  };
  const reply = await sidecar.ask('requests', { http, count: 30, from: 95, concurrency: 8, limitMs: 5000 });
  expect(reply).toMatchObject({ ok: true, answered2xx: 30, otherStatus: {}, failed: {} });
  expect(reply).not.toHaveProperty('firstError');
  expect(reply.tEnded).toBeGreaterThan(reply.tStarted);
  expect(reply.tookMs.median).toBeGreaterThan(0);
  expect(reply.tookMs.p95).toBeGreaterThanOrEqual(reply.tookMs.median);
  expect(reply.tookMs.max).toBeGreaterThanOrEqual(reply.tookMs.p95);
  const paths = seen.map((request) => request.path).sort();
  expect(paths).toEqual(Array.from({ length: 30 }, (_, n) => `/a/${95 + n}?again=${95 + n}`).sort());
  expect(seen.find((request) => request.path.startsWith('/a/101'))).toMatchObject({
    key: 'k101',
    body: { texts: ['101', { deep: 'is 101 101' }], '{n}': 1, none: null, flag: true },
  });
});

test('never more at a time than allowed, and as many as that', async () => {
  let underWay = 0;
  let most = 0;
  await using server = await gateway((_, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setTimeout(() => {
      underWay -= 1;
      response.end();
    }, 20);
  });
  const result = await requests(series(server.port, { count: 30, concurrency: 5 }), never);
  expect(result.answered2xx).toBe(30);
  expect(most).toBe(5);
});

/** It runs out in full, once; what is answered must be so within it on any machine. */
const UNANSWERED_LIMIT_MS = 5000;

test('every way to end has its count, and the first error its text', async () => {
  await using server = await gateway((request, response) => {
    if (request.url === '/3') response.writeHead(429).end('x'.repeat(1000));
    else if (request.url === '/5') response.writeHead(503).end('busy');
    else if (request.url === '/7') request.socket.destroy();
    else if (request.url !== '/9') response.writeHead(201).end();
  });
  const limitMs = UNANSWERED_LIMIT_MS;
  const result = await requests(series(server.port, { count: 10, concurrency: 1, limitMs }), never);
  expect(result).toMatchObject({
    answered2xx: 6,
    otherStatus: { 429: 1, 503: 1 },
    failed: { connection: 1, timeout: 1 },
  });
  expect(result.firstError).toHaveLength(500);
  expect(result.firstError).toMatch(/^request 3: status 429: x+$/);
  expect(result.tookMs?.max).toBeLessThan(limitMs); // what was never answered has no time
});

test('a gateway that is gone is no error of the sidecar', async () => {
  const server = await gateway(() => undefined);
  await server.close();
  const result = await requests(series(server.port), never);
  expect(result).toMatchObject({ answered2xx: 0, failed: { connection: 20 } });
  expect(result.firstError).toMatch(/^request \d+: connection: ECONNREFUSED$/);
  expect(result).not.toHaveProperty('tookMs');
});

test('cancelled, it stops sending and tells what there was', async () => {
  const hung = Promise.withResolvers<void>();
  await using server = await gateway((request, response) => {
    if (Number(request.url?.slice(1)) < 3) response.end();
    else hung.resolve();
  });
  const http = { port: server.port, method: 'GET', path: '/{n}' };
  const { id, reply } = sidecar.send('requests', { http, count: 100_000, from: 0, concurrency: 1, limitMs: 60_000 });
  await hung.promise;
  expect(await sidecar.ask('cancel', { target: id })).toMatchObject({ ok: true });
  expect(await reply).toMatchObject({
    ok: false,
    code: 'cancelled',
    answered2xx: 3,
    failed: { cancelled: 1 },
    tEnded: expect.any(Number),
  });
});

test('cancelled before it starts, it sends nothing', async () => {
  await expect(requests(series(1), AbortSignal.abort())).rejects.toThrow(Failure);
});

test.each([
  ['count', 0],
  ['count', 100_001],
  ['from', -1],
  ['concurrency', 65],
  ['limitMs', 0],
])('%s %i is refused', async (name, value) => {
  const http = { port: 1, method: 'GET', path: '/' };
  const fields = { http, count: 1, from: 0, concurrency: 1, limitMs: 1, [name]: value };
  const reply = await sidecar.ask('requests', fields);
  expect(reply).toMatchObject({ ok: false, code: 'bad-request', error: expect.stringContaining(`requests.${name}`) });
});
