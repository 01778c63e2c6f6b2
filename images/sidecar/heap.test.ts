import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { FailureCode } from './failure.ts';
import { heap } from './heap.ts';
import { InspectedProcess } from './testing/inspected-process.ts';
import { RunningSidecar } from './testing/running-sidecar.ts';

const MEBIBYTE = 1024 * 1024;
const never = new AbortController().signal;

/** Keeps what it is told to. */
const PROGRAM = `
  const mebibytes = (n) => Array.from({ length: n }, (_, i) => new Array(131_072).fill(i + 0.5));
  const deeds = {
    keep: () => (globalThis.kept = mebibytes(40)),
    drop: () => (globalThis.kept = undefined),
    litter: () => mebibytes(40).length,
    talk: () => { for (let n = 0; n < 500; n += 1) console.log(String(n).padEnd(10_000)); },
    buffer: () => (globalThis.kept = Buffer.alloc(40 * 1024 * 1024, 1)),
  };
`;

/** Something on the inspector's port that is not Node's; `hear` gets each connection to a session. */
async function impostor(url: string, hear: (path: string, socket: Duplex) => void = () => undefined) {
  const sockets: Duplex[] = [];
  const server: Server = createServer((_, response) => {
    const { port } = server.address() as AddressInfo;
    response.end(JSON.stringify([{ webSocketDebuggerUrl: url.replace('PORT', String(port)) }]));
  });
  server.on('upgrade', (request, socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Go\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    hear(request.url ?? '', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A text of under 126 bytes as a frame of a server (RFC 6455, section 5.2). */
const frame = (text: string) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

const failing = (code: FailureCode, says: string) => ({ code, message: expect.stringContaining(says) });

/** Collecting garbage waits for its processor time. */
const HEAP_LIMIT_MS = 25_000;

test('what is kept shows, garbage does not, and one call after the other works', async () => {
  await using gateway = new InspectedProcess('--inspect=127.0.0.1:0', PROGRAM);
  const port = await gateway.port();
  await gateway.up();
  const bare = await heap(port, HEAP_LIMIT_MS, never);
  expect(bare.usedBytes).toBeGreaterThan(MEBIBYTE);
  expect(bare.totalBytes).toBeGreaterThanOrEqual(bare.usedBytes);
  expect(bare.residentBytes).toBeGreaterThan(bare.totalBytes);
  expect(bare.tookMs).toBeLessThan(HEAP_LIMIT_MS);
  expect(bare.lookCpuMs).toBeGreaterThan(0);
  expect(bare.cpuMs).toBeGreaterThan(bare.lookCpuMs);

  await gateway.does('litter');
  const littered = await heap(port, HEAP_LIMIT_MS, never);
  expect(Math.abs(littered.usedBytes - bare.usedBytes)).toBeLessThan(2 * MEBIBYTE);

  await gateway.does('keep');
  const kept = await heap(port, HEAP_LIMIT_MS, never);
  expect((kept.usedBytes - bare.usedBytes) / MEBIBYTE).toBeGreaterThan(39);
  expect((kept.usedBytes - bare.usedBytes) / MEBIBYTE).toBeLessThan(43);

  await gateway.does('drop');
  const dropped = await heap(port, HEAP_LIMIT_MS, never);
  expect(Math.abs(dropped.usedBytes - bare.usedBytes)).toBeLessThan(2 * MEBIBYTE);
});

test('what a process said is kept by its inspector, and is no memory of its own', async () => {
  await using gateway = new InspectedProcess('--inspect=127.0.0.1:0', PROGRAM);
  const port = await gateway.port();
  await gateway.up();
  const bare = await heap(port, HEAP_LIMIT_MS, never);
  await gateway.does('talk');
  const talked = await heap(port, HEAP_LIMIT_MS, never);
  expect(Math.abs(talked.usedBytes - bare.usedBytes)).toBeLessThan(MEBIBYTE);
});

test('a buffer is outside the heap, and the sidecar reads an inspector that SIGUSR1 opened', async () => {
  await using gateway = new InspectedProcess('--inspect-port=0', PROGRAM);
  const { sidecar } = await RunningSidecar.start();
  await using running = sidecar;
  await gateway.up();
  gateway.signal('SIGUSR1');
  const port = await gateway.port();
  const bare = await running.ask('heap', { port, limitMs: 20_000 });
  expect(bare).toMatchObject({ ok: true, usedBytes: expect.any(Number), tookMs: expect.any(Number) });
  await gateway.does('buffer');
  const full = await running.ask('heap', { port, limitMs: 20_000 });
  expect(Math.abs(full.usedBytes - bare.usedBytes)).toBeLessThan(2 * MEBIBYTE);
  expect(full.externalBytes - bare.externalBytes).toBeGreaterThan(39 * MEBIBYTE);
  expect(full.residentBytes - bare.residentBytes).toBeGreaterThan(30 * MEBIBYTE);
});

/** It runs out in full; one look at the port must fit into it on any machine. */
const NO_INSPECTOR_LIMIT_MS = 3000;

test('no inspector within the limit, and a port that is none', async () => {
  const port = await freePort();
  const failure = heap(port, NO_INSPECTOR_LIMIT_MS, never);
  await expect(failure).rejects.toMatchObject(failing('no-inspector', `127.0.0.1:${port}`));
  await expect(failure).rejects.toMatchObject({ details: { lastError: 'ECONNREFUSED' } });

  const { sidecar } = await RunningSidecar.start();
  await using running = sidecar;
  const refused = await running.ask('heap', { port: 0, limitMs: 100 });
  expect(refused).toMatchObject({ ok: false, code: 'bad-request', error: expect.stringContaining('heap.port') });
});

test('a gateway that is frozen has no inspector', async () => {
  await using gateway = new InspectedProcess('--inspect=127.0.0.1:0', PROGRAM);
  const port = await gateway.port();
  await gateway.freeze();
  await expect(heap(port, 300, never)).rejects.toMatchObject(failing('no-inspector', '300 ms'));
});

test('only the path of a session is taken: another host is not asked', async () => {
  const paths: string[] = [];
  await using other = await impostor('ws://127.0.0.2:PORT/some-id', (path, socket) => {
    paths.push(path);
    socket.destroy();
  });
  await expect(heap(other.port, 5000, never)).rejects.toMatchObject({ code: 'inspector-failed' });
  expect(paths).toEqual(['/some-id']);
});

test.each(['ws://127.0.0.1', 'x:@127.0.0.2/id', 'http://127.0.0.1/id', 'ws://127.0.0.1/a/../b'])(
  '%s is no session',
  async (url) => {
    await using other = await impostor(url);
    await expect(heap(other.port, 5000, never)).rejects.toMatchObject(failing('inspector-failed', url));
  },
);

test.each([
  ['{"id":1,"error":{"code":-32601,"message":"not found here"}}', 'Runtime.evaluate: not found here'],
  ['{"id":1}', 'Runtime.evaluate: the answer has no result'],
  ['what', 'Runtime.evaluate: no JSON object: what'],
])('a protocol error is told: %s', async (answer, says) => {
  await using other = await impostor('ws://127.0.0.1:PORT/id', (_, socket) => {
    socket.once('data', () => socket.write(frame(answer)));
  });
  await expect(heap(other.port, 5000, never)).rejects.toMatchObject(failing('inspector-failed', says));
});

test('a session that never answers ends with the limit, or when it is cancelled', async () => {
  const cancel = new AbortController();
  let connections = 0;
  await using silent = await impostor('ws://127.0.0.1:PORT/id', (_, socket) => {
    connections += 1;
    if (connections === 2) socket.once('data', () => cancel.abort());
  });
  await expect(heap(silent.port, 1500, never)).rejects.toMatchObject(failing('timeout', 'Runtime.evaluate'));
  await expect(heap(silent.port, 20_000, cancel.signal)).rejects.toMatchObject({ code: 'cancelled' });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed = once(server, 'close');
  server.close();
  await closed;
  return port;
}
