import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameReader } from './runner.ts';
import { type Reply, RunningSidecar } from './testing/running-sidecar.ts';
import { socketServer } from './testing/socket-server.ts';

const MEBIBYTE = 1024 * 1024;

let sidecar: RunningSidecar;

beforeAll(async () => {
  ({ sidecar } = await RunningSidecar.start());
});
afterAll(() => sidecar[Symbol.asyncDispose]());

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

const web = (answer: RequestListener) => listening(createHttpServer(answer));

const stream = (serve: (socket: Socket) => void) =>
  listening(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    }),
  );

async function closedPort(): Promise<number> {
  await using server = await stream(() => undefined);
  return server.port;
}

const drive = (fields: Reply, limitMs = 5000) => sidecar.ask('drive', { ...fields, limitMs });

const textOf = async (request: IncomingMessage) => Buffer.concat(await request.toArray()).toString();

describe('over HTTP', () => {
  const call = (port: number, more: Reply = {}) => ({
    http: { port, method: 'PUT', path: '/v2/keys/a', headers: {}, ...more },
  });

  test.each([
    ['JSON', { body: { a: 'ü' } }, '{"a":"ü"}', 'application/json'],
    ['a text', { text: 'a=ü' }, 'a=ü', 'text/plain'],
    ['a text of a type', { text: 'a=b', headers: { 'content-type': 'x/y' } }, 'a=b', 'x/y'],
    ['an empty text', { text: '' }, '', 'text/plain'],
    ['nothing', {}, '', 'none'],
  ])('%s is sent, and the complete answer comes back', async (_, more, sent, type) => {
    await using server = await web(async (request, response) => {
      const { 'content-type': contentType = 'none' } = request.headers;
      response.writeHead(201).end(`${contentType} ${await textOf(request)}`);
    });
    const reply = await drive(call(server.port, more));
    expect(reply).toMatchObject({ ok: true, status: 201, text: `${type} ${sent}` });
    expect(reply.tEnded).toBeGreaterThanOrEqual(reply.tSent);
  });

  test('another status is an answer too; of a body, the first MiB is told', async () => {
    await using server = await web((_, response) => response.writeHead(503).end('ü'.repeat(MEBIBYTE)));
    const reply = await drive(call(server.port));
    expect(reply).toMatchObject({ ok: true, status: 503 });
    expect(reply.text).toBe('ü'.repeat(MEBIBYTE / 2));
  });

  test('an answer that breaks off', async () => {
    await using server = await web((_, response) => response.write('a', () => response.destroy()));
    expect(await drive(call(server.port))).toMatchObject({ ok: false, code: 'connection', tSent: expect.any(Number) });
  });

  test('body and text together are a bad request', async () => {
    const reply = await drive(call(1, { body: {}, text: 'a' }));
    expect(reply).toMatchObject({ ok: false, code: 'bad-request', error: expect.stringContaining('body and text') });
  });
});

describe('a talk over a WebSocket', () => {
  const socket = (port: number) => ({
    port,
    path: '/',
    steps: [{ after: { hello: 1 }, send: { say: 'x' } }],
    done: { ok: true },
    refused: { ok: false },
  });
  const peer = (answer: unknown) =>
    socketServer({ open: (one) => one.send({ hello: 1 }), message: (_, one) => one.send(answer) });

  test('its last message is the answer', async () => {
    await using server = await peer({ ok: true, more: 2 });
    expect(await drive({ socket: socket(server.port) })).toMatchObject({ ok: true, text: '{"ok":true,"more":2}' });
  });

  test('a refusal', async () => {
    await using server = await peer({ ok: false, why: 'full' });
    const reply = await drive({ socket: socket(server.port) });
    expect(reply).toMatchObject({ ok: false, code: 'refused', error: 'it said no: {"ok":false,"why":"full"}' });
  });
});

describe('over TCP', () => {
  test('the answer that is waited for ends it, in however many pieces it comes', async () => {
    await using server = await stream((socket) => {
      socket.once('data', (sent) => {
        socket.write(`got ${sent}+O`);
        setImmediate(() => socket.write('K\r\nmore'));
      });
    });
    const reply = await drive({ tcp: { port: server.port, send: 'SET a\r\n', answer: '+OK' } });
    expect(reply).toMatchObject({ ok: true, text: expect.stringMatching(/^got SET a\r\n\+OK/), droppedBytes: 0 });
  });

  test('an answer behind more than is kept is still seen', async () => {
    await using server = await stream((socket) => socket.write(`${'x'.repeat(MEBIBYTE + 7)}END`));
    const reply = await drive({ tcp: { port: server.port, send: '', answer: 'END' } });
    expect([reply.ok, reply.text.length, reply.droppedBytes]).toEqual([true, MEBIBYTE, 10]);
  });

  test('without one, it sends its end and reads to the other', async () => {
    await using server = await stream(async (socket) => {
      const all = Buffer.concat(await socket.toArray());
      socket.end(`${all.length} bytes`);
    });
    const reply = await drive({ tcp: { port: server.port, send: 'hello' } });
    expect(reply).toMatchObject({ ok: true, text: '5 bytes' });
  });

  test('an end without the answer is a refusal', async () => {
    await using server = await stream((socket) => socket.end('-ERR no'));
    const reply = await drive({ tcp: { port: server.port, send: 'SET a', answer: '+OK' } });
    expect(reply).toMatchObject({ ok: false, code: 'refused', error: '"+OK" was not in its answer: -ERR no' });
    expect(reply.tEnded).toBeGreaterThanOrEqual(reply.tSent);
  });

  test('nobody listens, a reset, no answer in time, a cancel: told apart', async () => {
    const nobody = await drive({ tcp: { port: await closedPort(), send: 'a' } });
    expect(nobody).toMatchObject({ ok: false, code: 'connection', errno: 'ECONNREFUSED' });
    await using resets = await stream((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await drive({ tcp: { port: resets.port, send: 'a' } })).toMatchObject({ code: 'connection' });
    const connected = Promise.withResolvers<void>();
    await using silent = await stream(() => connected.resolve());
    const tcp = { port: silent.port, send: 'a' };
    expect(await drive({ tcp }, 50)).toMatchObject({ ok: false, code: 'timeout' });
    const { id, reply } = sidecar.send('drive', { tcp, limitMs: 5000 });
    await connected.promise;
    expect(await sidecar.ask('cancel', { target: id })).toMatchObject({ ok: true });
    expect(await reply).toMatchObject({ ok: false, code: 'cancelled', tSent: expect.any(Number) });
  });
});

/** What the runner is asked, and frames in answer to it. */
const runner = (answer: (request: string, socket: Socket) => void) =>
  stream((socket) => {
    let request = '';
    socket.on('data', (piece) => {
      request += piece;
      const [, length, fields = ''] = /^(\d+)\n([\s\S]*)$/.exec(request) ?? [];
      if (Number(length) === Buffer.byteLength(fields)) answer(fields, socket);
    });
  });

describe('a command through the runner', () => {
  test('it is asked for with all that belongs to it, and told with its end and what it wrote', async () => {
    const asked: string[] = [];
    await using server = await runner((request, socket) => {
      asked.push(request);
      socket.write('out 3\nü\nerr 4\nerr\nout 2\nb\ndropped 9\nexit code 3 left 2\n');
    });
    const command = { port: server.port, argv: ['npm', 'set', ''], env: { A: 'b=c' }, cwd: '/state', stdin: 'ü' };
    const reply = await drive({ command });
    expect(asked).toEqual(['Anpm\0Aset\0A\0EA=b=c\0C/state\0Iü']);
    expect(reply).toMatchObject({ ok: true, exitCode: 3, left: 2, text: 'ü\nb\n', stderr: 'err\n', droppedBytes: 9 });
    expect(reply).not.toHaveProperty('signal');
  });

  test('an input that is empty is one', async () => {
    const asked: string[] = [];
    await using server = await runner((request, socket) => {
      asked.push(request);
      socket.write('exit signal 15 left 0\n');
    });
    const reply = await drive({ command: { port: server.port, argv: ['cat'], stdin: '' } });
    expect(asked).toEqual(['Acat\0I']);
    expect(reply).toMatchObject({ ok: true, signal: 15, text: '', left: 0 });
  });

  test.each([
    [
      'failed no-such: there is no such program in the image\n',
      'not-started',
      /^the command could not be started: no-such:/,
    ],
    ['refused it has more than 256 arguments\n', 'not-started', /more than 256 arguments/],
    ['out 10\nhalf', 'connection', /ended before the answer was complete/],
    ['', 'connection', /ended before the answer was complete/],
  ])('%j is no end of a command', async (frames, code, says) => {
    await using server = await runner((_, socket) => socket.end(frames));
    const reply = await drive({ command: { port: server.port, argv: ['no-such'] } });
    expect(reply).toMatchObject({ ok: false, code, error: expect.stringMatching(says), tSent: expect.any(Number) });
  });

  test.each(['timeout', 'cancelled'])('%s: the connection breaks off, which ends it', async (code) => {
    const [begun, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using server = await runner((_, socket) => {
      socket.on('end', () => {
        socket.destroy();
        broken.resolve();
      });
      begun.resolve();
    });
    const command = { port: server.port, argv: ['sleep', '60'] };
    const { id, reply } = sidecar.send('drive', { command, limitMs: code === 'timeout' ? 1000 : 5000 });
    await begun.promise;
    if (code === 'cancelled') await sidecar.ask('cancel', { target: id });
    expect(await reply).toMatchObject({ ok: false, code, tSent: expect.any(Number), tEnded: expect.any(Number) });
    await broken.promise;
  });

  test('frames are read in pieces of any size', () => {
    const frames = Buffer.from('out 3\na\nberr 1\nxexit code 0 left 0\n');
    const reader = new FrameReader();
    const ends = Array.from(frames, (byte) => reader.read(Buffer.of(byte)));
    expect(ends.indexOf(true)).toBe(frames.length - 1);
    expect(reader.end).toEqual({ stdout: 'a\nb', stderr: 'x', exitCode: 0, left: 0, droppedBytes: 0 });
  });
});

test.each([
  ['no kind', {}, 'drive.command'],
  ['two kinds', { tcp: { port: 1, send: 'a' }, command: { port: 1, argv: ['a'] } }, 'unknown field'],
  ['no port', { tcp: { send: 'a' } }, 'drive.tcp.port'],
  ['an unknown field', { tcp: { port: 1, send: 'a', wait: 1 } }, 'unknown field wait'],
  ['no program', { command: { port: 1, argv: [] } }, 'begins with a program'],
  ['a zero byte', { command: { port: 1, argv: ['a\0b'] } }, 'zero bytes'],
  ['a relative folder', { command: { port: 1, argv: ['a'], cwd: 'b' } }, 'drive.command.cwd'],
  ['an environment that is no texts', { command: { port: 1, argv: ['a'], env: { A: 1 } } }, 'drive.command.env'],
])('%s: a bad request', async (_, fields, says) => {
  expect(await drive(fields)).toMatchObject({ ok: false, code: 'bad-request', error: expect.stringContaining(says) });
});

/** Runs out in full; long enough for a first probe on a busy machine. */
const NOT_READY_LIMIT_MS = 4000;

describe('ready over TCP', () => {
  test('when a connection is accepted', async () => {
    await using server = await stream(() => undefined);
    const reply = await sidecar.ask('ready', { tcp: { port: server.port }, limitMs: 5000 });
    expect(reply).toMatchObject({ ok: true, attempts: 1, tReady: expect.any(Number) });
  });

  test('not before its limit, and not once it is cancelled', async () => {
    const tcp = { port: await closedPort() };
    const reply = await sidecar.ask('ready', { tcp, limitMs: NOT_READY_LIMIT_MS });
    expect(reply).toMatchObject({ ok: false, code: 'not-ready', lastError: 'ECONNREFUSED' });
    const { id, reply: cancelled } = sidecar.send('ready', { tcp, limitMs: 5000 });
    await sidecar.ask('cancel', { target: id });
    expect(await cancelled).toMatchObject({ ok: false, code: 'cancelled' });
  });
});
