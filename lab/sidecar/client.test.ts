import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { eachLine } from '../docker/lines.ts';
import { type Drive, RUNNER_PORT } from '../drive.ts';
import { Sidecar } from './client.ts';

type Fields = Record<string, unknown>;

/** A sidecar that gives this reply to everything, and what it was asked. */
function answering(reply: Fields): { sidecar: Sidecar; asked: Fields[] } {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const asked: Fields[] = [];
  void eachLine(streams.stdin, (line) => {
    const { id, ...request } = JSON.parse(line) as Fields;
    asked.push(request);
    streams.stdout.write(`${JSON.stringify({ id, ...reply })}\n`);
  });
  return { sidecar: new Sidecar(streams), asked };
}

const times = { tSent: 1, tEnded: 2 };
const command: Drive = { kind: 'command', argv: ['npm', 'pkg', 'set', 'a=b'], cwd: '/state' };

test.each<[Drive, Fields]>([
  [
    { kind: 'http', port: 1, method: 'PUT', path: '/a', headers: {}, text: 'x' },
    { http: { port: 1, method: 'PUT', path: '/a', headers: {}, text: 'x' } },
  ],
  [
    { kind: 'talk', port: 1, path: '/', steps: [], done: {}, refused: {} },
    { socket: { port: 1, path: '/', steps: [], done: {}, refused: {} } },
  ],
  [{ kind: 'tcp', port: 1, send: 'a', answer: 'b' }, { tcp: { port: 1, send: 'a', answer: 'b' } }],
  [command, { command: { argv: ['npm', 'pkg', 'set', 'a=b'], cwd: '/state', port: RUNNER_PORT } }],
])('%j is asked for', async (call, fields) => {
  const { sidecar, asked } = answering({ ok: true, ...times, text: '' });
  await sidecar.drive(call, 1000).result;
  expect(asked).toEqual([{ cmd: 'drive', limitMs: 1000, ...fields }]);
});

test.each<[string, Fields]>([
  ['a status 2xx', { status: 204, text: '' }],
  ['exit code 0', { exitCode: 0, text: 'out', stderr: 'warning', left: 1 }],
  ['an answer over TCP', { text: '+OK' }],
])('%s is an acknowledgement', async (_, reply) => {
  const { sidecar } = answering({ ok: true, ...times, ...reply });
  expect(await sidecar.drive(command, 1000).result).toEqual({ ...times, ...reply, acknowledged: true });
});

test.each<[Fields, string]>([
  [{ ok: true, status: 503, text: 'busy' }, 'status 503: busy'],
  [{ ok: true, exitCode: 2, text: 'out', stderr: 'a\n\n b \n' }, 'exit code 2: a | b'],
  [{ ok: true, exitCode: 2, text: 'out\n', stderr: '\n' }, 'exit code 2: out'],
  [{ ok: true, exitCode: 1, text: '', stderr: '\n' }, 'exit code 1, and it did not say why'],
  [{ ok: true, signal: 15, text: '', stderr: 'ended' }, 'signal 15: ended'],
  [{ ok: false, code: 'not-started', error: 'npm: there is no such program' }, 'not-started: npm: there is no such'],
  [{ ok: false, code: 'connection', error: 'it was reset' }, 'connection: it was reset'],
])('%j is none, and why is told', async (reply, says) => {
  const { sidecar } = answering({ ...times, ...reply });
  const result = await sidecar.drive(command, 1000).result;
  expect(result).toMatchObject({ ...times, acknowledged: false, error: expect.stringContaining(says) });
});
