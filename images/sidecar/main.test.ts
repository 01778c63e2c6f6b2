import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Reply, RunningSidecar } from './testing/running-sidecar.ts';

let sidecar: RunningSidecar;
let start: Reply;
let root: string;

beforeAll(async () => {
  ({ sidecar, start } = await RunningSidecar.start());
});
afterAll(() => sidecar[Symbol.asyncDispose]());
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'midwrite-sidecar-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

async function listening(server: Server): Promise<AsyncDisposable & { port: number; server: Server }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, server, [Symbol.asyncDispose]: async () => void server.close() };
}

const web = (answer: RequestListener) => listening(createHttpServer(answer));

const turn = (port: number, more: Reply = {}, limitMs = 5000) => ({
  http: { port, method: 'POST', path: '/', headers: {}, body: { hello: 'wörld' }, ...more },
  limitMs,
});

describe('the control loop', () => {
  test('it starts by saying that the provider listens', () => {
    expect(start).toMatchObject({ event: 'start', protocol: 1, node: process.version });
    expect(Math.abs(start.t - Date.now())).toBeLessThan(30_000);
  });

  test.each([
    ['no JSON\n', null, 'bad-request', 'not JSON'],
    ['[]\n', null, 'bad-request', 'must be a JSON object'],
    ['{"cmd":"provider"}\n', null, 'bad-request', 'id'],
    ['{"id":"a"}\n', 'a', 'bad-request', 'cmd'],
    ['{"id":"b","cmd":"explode"}\n', 'b', 'unknown-command', 'there are: ready, turn'],
    ['{"id":"c","cmd":"provider","more":1}\n', 'c', 'bad-request', 'unknown field more'],
    ['{"id":"d","cmd":"cancel","target":"nothing"}\n', 'd', 'unknown-target', 'nothing'],
    ['{"id":"e","cmd":"snapshot","root":"state","keep":[],"keepBytes":1}\n', 'e', 'bad-request', 'snapshot.root'],
    ['{"id":"f","cmd":"snapshot","root":"/x","keep":"*","keepBytes":1}\n', 'f', 'bad-request', 'snapshot.keep'],
    ['{"id":"g","cmd":"age","root":"/x","byMs":-1}\n', 'g', 'bad-request', 'age.byMs'],
    ['{"id":"h","cmd":"turn","http":{"port":70000},"limitMs":1}\n', 'h', 'bad-request', 'turn.http.port'],
    ['{"id":"i","cmd":"ready","http":{"port":1,"path":"x"},"limitMs":1}\n', 'i', 'bad-request', 'http.path'],
    ['{"id":"j","cmd":"plant","files":[{"path":"/x","contentBase64":"?"}]}\n', 'j', 'bad-request', 'contentBase64'],
    ['{"id":"k","cmd":"plant","files":[{"path":"/x/../y","contentBase64":""}]}\n', 'k', 'bad-request', 'path'],
    ['{"id":"l","cmd":"snapshot","root":"/no/such/root","keep":[],"keepBytes":1}\n', 'l', 'file-system', 'ENOENT'],
  ])('%s is refused and the next request is served', async (line, id, code, says) => {
    const reply = sidecar.reply(id);
    sidecar.write(line);
    expect(await reply).toMatchObject({ id, ok: false, code, error: expect.stringContaining(says) });
    expect(await sidecar.ask('provider')).toMatchObject({ ok: true });
  });

  test('a header that HTTP does not allow is refused before anything is sent', async () => {
    const reply = await sidecar.ask('turn', turn(1, { headers: { a: 'b\r\nc: d' } }));
    expect(reply).toMatchObject({ ok: false, code: 'bad-request' });
  });

  test('a request line over 64 MiB is dropped and said so', async () => {
    const reply = sidecar.reply(null);
    const mebibyte = ' '.repeat(1024 * 1024);
    for (let n = 0; n < 65; n += 1) sidecar.write(mebibyte);
    sidecar.write('\n');
    expect(await reply).toMatchObject({ ok: false, code: 'too-large' });
  });

  test('it ends when its stdin ends', async () => {
    const own = await RunningSidecar.start();
    await using running = own.sidecar;
    const exited = once(running.child, 'exit');
    running.child.stdin?.end();
    expect(await exited).toEqual([0, null]);
  });

  test('it ends on SIGTERM', async () => {
    const own = await RunningSidecar.start();
    await using running = own.sidecar;
    const exited = once(running.child, 'exit');
    running.child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});

describe('turn', () => {
  test('the complete answer is the acknowledgement', async () => {
    const seen: Reply = {};
    await using gateway = await web(async (request, response) => {
      const parts: Buffer[] = await request.toArray();
      Object.assign(seen, { body: JSON.parse(Buffer.concat(parts).toString()), headers: request.headers });
      response.writeHead(201).write('first ');
      setImmediate(() => response.end('last'));
    });
    const reply = await sidecar.ask('turn', turn(gateway.port, { headers: { 'x-key': 'k' } }));
    expect(reply).toMatchObject({ ok: true, status: 201, body: 'first last' });
    expect(reply.tAcknowledged).toBeGreaterThan(reply.tSent);
    expect(seen.body).toEqual({ hello: 'wörld' });
    expect(seen.headers).toMatchObject({ 'x-key': 'k', connection: 'close', 'content-type': 'application/json' });
  });

  test('only the first 64 KiB of a body are kept, and no broken character', async () => {
    await using gateway = await web((_, response) => response.end(`x${'ü'.repeat(200_000)}`));
    const reply = await sidecar.ask('turn', turn(gateway.port));
    expect(reply.body).toBe(`x${'ü'.repeat(32_767)}`);
  });

  test('an answer that breaks off is no acknowledgement', async () => {
    await using gateway = await web((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":', () => response.destroy());
    });
    const reply = await sidecar.ask('turn', turn(gateway.port));
    expect(reply).toMatchObject({ ok: false, code: 'connection' });
    expect(reply.tEnded).toBeGreaterThan(reply.tSent);
    expect(reply).not.toHaveProperty('tAcknowledged');
  });

  test('a closed port is a connection error with its errno', async () => {
    const gone = await web(() => undefined);
    const closed = once(gone.server, 'close');
    await gone[Symbol.asyncDispose]();
    await closed;
    expect(await sidecar.ask('turn', turn(gone.port))).toMatchObject({
      ok: false,
      code: 'connection',
      errno: 'ECONNREFUSED',
      tSent: expect.any(Number),
      tEnded: expect.any(Number),
    });
  });

  test('past the limit it is a timeout', async () => {
    await using gateway = await listening(createTcpServer(() => undefined));
    const reply = await sidecar.ask('turn', turn(gateway.port, {}, 60));
    expect(reply).toMatchObject({ ok: false, code: 'timeout' });
    expect(reply.tEnded - reply.tSent).toBeGreaterThanOrEqual(58);
  });

  test('it can be cancelled, and its id can not be taken meanwhile', async () => {
    await using gateway = await listening(createTcpServer(() => undefined));
    const connected = once(gateway.server, 'connection');
    const { id, reply: taken } = sidecar.send('turn', turn(gateway.port));
    await connected;
    sidecar.write(`${JSON.stringify({ id, cmd: 'provider' })}\n`);
    expect(await taken).toMatchObject({ ok: false, code: 'duplicate-id' });
    const reply = sidecar.reply(id);
    sidecar.write(`${JSON.stringify({ id: 'other', cmd: 'cancel', target: id })}\n`);
    expect(await reply).toMatchObject({ ok: false, code: 'cancelled' });
    const again = await sidecar.ask('cancel', { target: id });
    expect(again).toMatchObject({ ok: false, code: 'unknown-target' });
  });
});

/** It runs out in full; some probes must fit into it on any machine. */
const NOT_READY_LIMIT_MS = 4000;

describe('ready', () => {
  test('it polls until status and text are right', async () => {
    let calls = 0;
    await using gateway = await web((_, response) => {
      calls += 1;
      if (calls === 1) response.writeHead(503).end('{"ready":true}');
      else if (calls === 2) response.writeHead(200).end('{"ready":false}');
      else response.writeHead(200).end('{"ready":true}');
    });
    const http = { port: gateway.port, path: '/readyz', status: 200, includes: '"ready":true' };
    const askedAt = Date.now();
    const reply = await sidecar.ask('ready', { http, limitMs: 20_000 });
    expect(reply).toMatchObject({ ok: true, attempts: 3 });
    // Times are told with a fraction, and the clock that is asked here has none.
    expect(reply.tReady).toBeGreaterThanOrEqual(askedAt - 1);
    expect(reply.tReady).toBeLessThanOrEqual(Date.now() + 1);
  });

  test('not in time: the last status is told, if the limit cuts the last probe off too', async () => {
    let calls = 0;
    await using gateway = await web((_, response) => {
      calls += 1;
      if (calls <= 2) response.writeHead(503).end('no');
    });
    const http = { port: gateway.port, path: '/readyz', status: 200 };
    const reply = await sidecar.ask('ready', { http, limitMs: NOT_READY_LIMIT_MS });
    expect(reply).toMatchObject({ ok: false, code: 'not-ready', lastStatus: 503 });
    // The third gets no answer; on a slow machine a fourth was begun too.
    expect(reply.attempts).toBeGreaterThanOrEqual(3);
  });

  test('nobody listens: the last error is told', async () => {
    const gone = await web(() => undefined);
    const closed = once(gone.server, 'close');
    await gone[Symbol.asyncDispose]();
    await closed;
    const http = { port: gone.port, path: '/readyz', status: 200 };
    const reply = await sidecar.ask('ready', { http, limitMs: NOT_READY_LIMIT_MS });
    expect(reply).toMatchObject({ ok: false, code: 'not-ready', lastError: 'ECONNREFUSED' });
  });

  test('it can be cancelled', async () => {
    await using gateway = await web((_, response) => response.writeHead(503).end());
    const asked = once(gateway.server, 'request');
    const http = { port: gateway.port, path: '/readyz', status: 200 };
    const { id, reply } = sidecar.send('ready', { http, limitMs: 60_000 });
    await asked;
    expect(await sidecar.ask('cancel', { target: id })).toMatchObject({ ok: true });
    expect(await reply).toMatchObject({ ok: false, code: 'cancelled' });
  });
});

describe('snapshot', () => {
  const snapshot = async (keep: string[] = [], keepBytes = 1000): Promise<Reply> => {
    const reply = await sidecar.ask('snapshot', { root, keep, keepBytes });
    return Object.fromEntries((reply.entries as Reply[]).map((entry) => [entry.path.slice(root.length + 1), entry]));
  };

  test('it tells what each thing is and keeps the contents that were asked for', async () => {
    fs.mkdirSync(join(root, '.hidden'));
    fs.writeFileSync(join(root, '.hidden/a.json'), 'content', { mode: 0o640 });
    fs.writeFileSync(join(root, 'big.json'), 'x'.repeat(1001));
    fs.linkSync(join(root, 'big.json'), join(root, 'second.txt'));
    fs.symlinkSync('/nowhere', join(root, 'link'));
    const entries = await snapshot([`${root}/**/*.json`]);
    expect(Object.keys(entries)).toEqual(['.hidden', '.hidden/a.json', 'big.json', 'link', 'second.txt']);
    const stat = fs.statSync(join(root, '.hidden/a.json'));
    expect(entries['.hidden/a.json']).toEqual({
      path: join(root, '.hidden/a.json'),
      type: 'file',
      size: 7,
      mode: 0o640,
      uid: stat.uid,
      ino: stat.ino,
      nlink: 1,
      mtimeMs: expect.closeTo(stat.mtimeMs, 2),
      ctimeMs: expect.closeTo(stat.ctimeMs, 2),
      sha256: createHash('sha256').update('content').digest('hex'),
      contentBase64: Buffer.from('content').toString('base64'),
    });
    expect(entries['big.json']).toMatchObject({ nlink: 2, size: 1001 });
    expect(entries['big.json']).not.toHaveProperty('contentBase64');
    expect(entries['.hidden']).toMatchObject({ type: 'directory' });
    expect(entries.link).toMatchObject({ type: 'symlink', target: '/nowhere' });
  });

  test('a name that is not UTF-8 is told byte by byte', async () => {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.from([0xff])]), 'x');
    expect((await snapshot())['a\u00ff']).toMatchObject({ size: 1, type: 'file' });
  });

  test('a file over several chunks is hashed whole', async () => {
    const content = Buffer.alloc(1_000_003, 'abc');
    fs.writeFileSync(join(root, 'large'), content);
    expect((await snapshot()).large.sha256).toBe(createHash('sha256').update(content).digest('hex'));
  });

  test('it comes out right while files are made, replaced and removed', async () => {
    fs.writeFileSync(join(root, 'steady'), 'steady');
    const replies = Promise.all(Array.from({ length: 30 }, () => snapshot()));
    let done = false;
    replies.finally(() => {
      done = true;
    });
    for (let n = 0; !done; n = (n + 1) % 50) {
      fs.writeFileSync(join(root, `${n}.tmp`), 'new');
      fs.renameSync(join(root, `${n}.tmp`), join(root, `${n}.json`));
      if (n % 2 === 0) fs.unlinkSync(join(root, `${n}.json`));
      if (n === 0) await new Promise(setImmediate);
    }
    for (const entries of await replies) expect(entries.steady).toMatchObject({ size: 6 });
  });

  // How long it takes is measured in lab/bench/looking.ts.
  test('500 files', async () => {
    for (let n = 0; n < 500; n += 1) fs.writeFileSync(join(root, `${n}`), 'x'.repeat(4000));
    expect(Object.keys(await snapshot([`${root}/1*`], 65_536))).toHaveLength(500);
  });
});

describe('age', () => {
  test('files and folders get older in place, links and what they point to do not', async () => {
    const outside = fs.mkdtempSync(join(tmpdir(), 'midwrite-outside-'));
    fs.mkdirSync(join(root, 'folder'));
    fs.writeFileSync(join(root, 'folder/file'), 'x');
    fs.linkSync(join(root, 'folder/file'), join(root, 'same'));
    fs.symlinkSync(outside, join(root, 'link'));
    const before = { file: fs.statSync(join(root, 'same')), folder: fs.statSync(join(root, 'folder')) };
    const was = { link: fs.lstatSync(join(root, 'link')).mtimeMs, outside: fs.statSync(outside).mtimeMs };
    const reply = await sidecar.ask('age', { root, byMs: 3_600_000 });
    expect(reply).toMatchObject({ ok: true, files: 1, directories: 1 });
    const file = fs.statSync(join(root, 'same'));
    expect(file.ino).toBe(before.file.ino);
    expect(before.file.mtimeMs - file.mtimeMs).toBeCloseTo(3_600_000, 1);
    expect(before.folder.mtimeMs - fs.statSync(join(root, 'folder')).mtimeMs).toBeCloseTo(3_600_000, 1);
    expect(fs.lstatSync(join(root, 'link')).mtimeMs).toBe(was.link);
    expect(fs.statSync(outside).mtimeMs).toBe(was.outside);
    fs.rmSync(outside, { recursive: true });
  });
});

describe('plant', () => {
  test('files get content, mode and age; one that exists keeps its inode', async () => {
    const path = join(root, 'deep/er/file.tmp');
    const content = Buffer.from([0, 255, 10]);
    const file = { path, contentBase64: content.toString('base64'), ageMs: 600_000, mode: 0o640 };
    const reply = await sidecar.ask('plant', { files: [file] });
    const sha256 = createHash('sha256').update(content).digest('hex');
    const stat = fs.statSync(path);
    expect(reply).toMatchObject({ ok: true, planted: [{ path, sha256, mtimeMs: expect.closeTo(stat.mtimeMs, 2) }] });
    expect(Math.abs(Date.now() - 600_000 - stat.mtimeMs)).toBeLessThan(30_000);
    expect(stat.mode & 0o7777).toBe(0o640);
    await sidecar.ask('plant', { files: [{ path, contentBase64: '', mode: 0o600 }] });
    expect(fs.statSync(path)).toMatchObject({ ino: stat.ino, size: 0, mode: 0o100600 });
  });

  test('a folder in the way is told, with what was planted before it', async () => {
    const files = [
      { path: join(root, 'one'), contentBase64: '' },
      { path: root, contentBase64: '' },
    ];
    const reply = await sidecar.ask('plant', { files });
    expect(reply).toMatchObject({ ok: false, code: 'file-system', errno: 'EISDIR' });
    expect(reply.planted).toHaveLength(1);
  });
});

describe('the provider', () => {
  const post = (body: unknown, path = '/v1/chat/completions') =>
    fetch(`http://127.0.0.1:${start.port}${path}`, { method: 'POST', body: JSON.stringify(body) });

  test('one object: the reply repeats the last user text', async () => {
    const messages = [
      { role: 'user', content: 'old' },
      { role: 'user', content: [{ type: 'text', text: 'new' }, { type: 'image_url' }] },
      { role: 'assistant', content: 'no' },
    ];
    const answer = (await (await post({ model: 'm', messages })).json()) as Reply;
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'm',
      usage: { total_tokens: expect.any(Number) },
    });
    expect(answer.choices[0]).toMatchObject({ message: { content: 'echo: new' }, finish_reason: 'stop' });
  });

  test('streamed: chunks, a finish reason, a usage block and [DONE]', async () => {
    const response = await post({ stream: true, messages: [{ role: 'user', content: 'hi' }] });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = (await response.text()).trim().split('\n\n');
    expect(events.pop()).toBe('data: [DONE]');
    const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)) as Reply);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('echo: hi');
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason ?? null)).toContain('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } });
  });

  test('what it was asked is on record, mistakes too', async () => {
    const before = (await sidecar.ask('provider')).requests.length as number;
    await post({ messages: [{ role: 'user', content: 'y'.repeat(5000) }] });
    expect((await post('no object')).status).toBe(400);
    expect((await post({}, '/v1/embeddings')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${start.port}/v1/models`)).status).toBe(200);
    const requests = ((await sidecar.ask('provider')).requests as Reply[]).slice(before);
    expect(requests).toMatchObject([
      { path: '/v1/chat/completions', stream: false, lastUserText: 'y'.repeat(1024), t: expect.any(Number) },
      { path: '/v1/chat/completions', lastUserText: '' },
      { path: '/v1/embeddings' },
      { path: '/v1/models' },
    ]);
  });
});
