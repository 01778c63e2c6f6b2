import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeProvider } from '../testing/fake-provider.ts';
import { type GatewayOptions, type Json, RunningGateway } from '../testing/running-gateway.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { formatTempName } from './temp-name.ts';

const GRACE_MS = 300_000;

let provider: FakeProvider;
let stateDir: string;
let self: ProcessIdentity;

beforeAll(async () => {
  provider = await FakeProvider.start();
  self = await identify();
});
afterAll(() => provider[Symbol.asyncDispose]());
beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'midwrite-reference-'));
});
afterEach(() => {
  provider.release();
  fs.rmSync(stateDir, { recursive: true, force: true });
});

const options = (env: Record<string, string> = {}, args: string[] = []): GatewayOptions => ({
  stateDir,
  env: { PROVIDER_URL: provider.url, ...env },
  args,
});
const boot = (env?: Record<string, string>, args?: string[]) => RunningGateway.ready(options(env, args));
const names = () => fs.readdirSync(stateDir).sort();
const storePath = () => join(stateDir, 'sessions.json');
const readStore = (): Json => JSON.parse(fs.readFileSync(storePath(), 'utf8'));
const usersOf = (key: string): string[] => readStore()[key].turns.map((turn: Json) => turn.user);

const row = (user: string) => ({
  sessionId: 's',
  createdAt: 1,
  updatedAt: 1,
  turns: [{ at: 1, user, assistant: 'a' }],
});
const storeOf = (user: string) => JSON.stringify({ key: row(user) });

/** A writer that ran on this boot and no longer does: the test's own pid, and a start time that it does not have. */
const deadName = (serial: number) =>
  formatTempName({ writer: { ...self, startTicks: `${Number(self.startTicks) - 1}` }, serial });

function put(name: string, content: string, ageMs: number): void {
  fs.writeFileSync(join(stateDir, name), content);
  const at = (Date.now() - ageMs) / 1000;
  fs.utimesSync(join(stateDir, name), at, at);
}

describe('turns', () => {
  test('an acknowledged turn is there after a SIGKILL, and the next boot goes on from it', async () => {
    {
      await using gateway = await boot();
      const { status, body } = await gateway.turn('agent:main', 'one');
      await gateway.kill('SIGKILL');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        id: expect.any(String),
        choices: [{ message: { role: 'assistant', content: 'echo: one' }, finish_reason: 'stop' }],
        session: { key: 'agent:main', turns: 1 },
      });
    }
    const kept = { at: expect.any(Number), user: 'one', assistant: 'echo: one' };
    expect(readStore()).toEqual({
      'agent:main': {
        sessionId: expect.any(String),
        createdAt: expect.any(Number),
        updatedAt: expect.any(Number),
        turns: [kept],
      },
    });
    await using again = await boot();
    expect((await again.turn('agent:main', 'two')).body.session.turns).toBe(2);
    expect(usersOf('agent:main')).toEqual(['one', 'two']);
    expect(names()).toEqual(['sessions.json']);
    expect(fs.statSync(storePath()).mode & 0o777).toBe(0o600);
  });

  test('40 turns at once are all kept, each counted once', async () => {
    await using gateway = await boot();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => gateway.turn(`key-${n % 4}`, `turn-${n}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    const counts = answers.map(({ body }) => `${body.session.key}=${body.session.turns}`);
    expect(new Set(counts).size).toBe(40);
    await gateway.kill('SIGKILL');
    const users = Object.keys(readStore()).flatMap(usersOf);
    expect(users.sort()).toEqual(Array.from({ length: 40 }, (_, n) => `turn-${n}`).sort());
  });

  test('each write makes a new file', async () => {
    await using gateway = await boot();
    await gateway.turn('a', '1');
    // An open file keeps its inode, so that the next one can't have the same number.
    const held = fs.openSync(storePath(), 'r');
    await gateway.turn('a', '2');
    expect(fs.fstatSync(held).ino).not.toBe(fs.statSync(storePath()).ino);
    expect(JSON.parse(fs.readFileSync(held, 'utf8')).a.turns).toHaveLength(1);
    fs.closeSync(held);
  });

  test('the defect write-in-place keeps the file and changes what is in it', async () => {
    await using gateway = await boot({}, ['--defect', 'write-in-place']);
    await gateway.turn('a', '1');
    const held = fs.openSync(storePath(), 'r');
    fs.appendFileSync(storePath(), 'x'.repeat(10_000)); // only a truncation takes it away again
    await gateway.turn('a', '2');
    expect(fs.fstatSync(held).ino).toBe(fs.statSync(storePath()).ino);
    expect(JSON.parse(fs.readFileSync(held, 'utf8')).a.turns).toHaveLength(2);
    fs.closeSync(held);
  });

  test('a turn that can not be written is a 500 and leaves nothing; the next one is served', async () => {
    await using gateway = await boot();
    await gateway.turn('a', 'kept');
    fs.renameSync(stateDir, `${stateDir}-away`);
    const failed = await gateway.turn('a', 'lost');
    fs.renameSync(`${stateDir}-away`, stateDir);
    expect(failed).toMatchObject({ status: 500, body: { error: { message: expect.stringContaining('ENOENT') } } });
    expect((await gateway.turn('a', 'next')).body.session.turns).toBe(2);
    expect(usersOf('a')).toEqual(['kept', 'next']);
  });
});

describe('what is refused', () => {
  const good = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }] });
  const key = { 'x-session-key': 'a' };

  test.each([
    [400, 'not JSON', '{"messages":', key],
    [400, 'JSON object', '[]', key],
    [400, 'messages', '{}', key],
    [400, 'role "user"', '{"messages":[{"role":"system","content":"x"}]}', key],
    [400, 'stream', '{"messages":[],"stream":true}', key],
    [400, 'x-session-key', good, {}],
    [400, 'x-session-key', good, { 'x-session-key': 'k'.repeat(257) }],
    [400, 'x-session-key', good, { 'x-session-key': 'k\u00e9' }],
    [413, '2048 bytes', good.padEnd(2049), key],
    [413, '2048 bytes', good.padEnd(5_000_000), key],
  ])('%i: %s', async (status, says, body, headers: Record<string, string>) => {
    await using gateway = await boot({ BODY_LIMIT_BYTES: '2048' });
    const answer = await gateway.post(body, headers);
    expect(answer).toMatchObject({ status, body: { error: { message: expect.stringContaining(says) } } });
    expect(names()).toEqual([]);
    expect((await gateway.post(good.padEnd(2048), { 'x-session-key': 'k'.repeat(256) })).status).toBe(200);
  });

  test.each(['status-500', 'no-json', 'hang-up'] as const)(
    '502 and nothing written: the provider does %s',
    async (mode) => {
      await using gateway = await boot();
      provider.mode = mode;
      expect(await gateway.turn('a', 'x')).toMatchObject({
        status: 502,
        body: { error: { message: expect.stringContaining('provider') } },
      });
      expect(names()).toEqual([]);
      provider.mode = 'echo';
      expect((await gateway.turn('a', 'x')).status).toBe(200);
    },
  );

  test('502: the provider takes too long', async () => {
    await using gateway = await boot({ PROVIDER_TIMEOUT_MS: '50' });
    provider.mode = 'hold';
    expect((await gateway.turn('a', 'x')).status).toBe(502);
    expect(names()).toEqual([]);
  });

  test('404', async () => {
    await using gateway = await boot();
    expect((await gateway.get('/nothing')).status).toBe(404);
  });

  test.each([
    [['--defect', 'nothing'], {}, 'write-in-place'],
    [[], { PORT: 'x' }, 'PORT'],
  ])('exit 2: %j %j', async (args, env: Record<string, string>, says) => {
    await using gateway = RunningGateway.spawn(options(env, args));
    expect(await gateway.exited()).toEqual({ code: 2, signal: null });
    expect(gateway.stderr).toContain(says);
  });

  test('exit 1, and the store untouched: the port is taken', async () => {
    await using gateway = await boot();
    fs.writeFileSync(storePath(), 'broken');
    await using second = RunningGateway.spawn(options({ PORT: `${gateway.port}` }));
    expect(await second.exited()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain('EADDRINUSE');
    expect(names()).toEqual(['sessions.json']);
  });
});

describe('ready and stop', () => {
  test('/readyz', async () => {
    await using gateway = await boot();
    expect(await gateway.get('/readyz')).toEqual({ status: 200, body: { ready: true } });
    console.log(`boot to ready: ${gateway.log.find((line) => line.event === 'ready')?.bootMs} ms`);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s: what is in flight is finished', async (signal) => {
    await using gateway = await boot();
    provider.mode = 'hold';
    const turn = gateway.turn('a', 'in flight');
    await provider.held(1);
    const exit = gateway.kill(signal);
    await gateway.event('stopping');
    provider.release();
    expect((await turn).status).toBe(200);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(usersOf('a')).toEqual(['in flight']);
  });
});

describe('the sweep', () => {
  test('at boot it takes the old temps of dead writers and nothing else', async () => {
    put('sessions.json', storeOf('kept'), 0);
    const gone = [
      deadName(1),
      formatTempName({ writer: { ...self, boot: self.boot === '00000000' ? '11111111' : '00000000' }, serial: 2 }),
    ];
    const alive = formatTempName({ writer: self, serial: 3 });
    for (const name of [...gone, alive]) put(name, storeOf('temp'), GRACE_MS + 60_000);
    put(deadName(4), storeOf('young'), GRACE_MS - 60_000);
    put('sessions.json.123.0b0e.tmp', 'of another gateway', GRACE_MS * 2);
    put('other.json.tmp', 'of another program', GRACE_MS * 2);
    put('target', 'of a link', GRACE_MS * 2);
    fs.symlinkSync(join(stateDir, 'target'), join(stateDir, deadName(5)));
    fs.lutimesSync(join(stateDir, deadName(5)), 1, 1);
    fs.mkdirSync(join(stateDir, deadName(6)));
    fs.utimesSync(join(stateDir, deadName(6)), 1, 1);
    const before = names();

    await using gateway = await boot();

    expect(names()).toEqual(before.filter((name) => !gone.includes(name)));
    const removals = gateway.log.filter((line) => line.event === 'sweep-removed');
    expect(removals.map((line) => line.name).sort()).toEqual([...gone].sort());
    expect(removals[0]).toMatchObject({
      reason: expect.any(String),
      ageMs: expect.any(Number),
      writer: { pid: self.pid },
    });
    expect(gateway.spared).toEqual({
      [alive]: 'writer-alive',
      [deadName(4)]: 'young',
      [deadName(5)]: 'not-a-regular-file',
      [deadName(6)]: 'not-a-regular-file',
      'sessions.json.123.0b0e.tmp': 'foreign-name',
    });
    expect(usersOf('key')).toEqual(['kept']);
  });

  test('on its timer it takes what has become old since', async () => {
    put('sessions.json', storeOf('kept'), 0);
    await using gateway = await boot({ SWEEP_INTERVAL_MS: '20' });
    put(deadName(1), 'orphan', GRACE_MS + 60_000);
    await gateway.event('sweep-removed', (line) => line.name === deadName(1));
    expect(names()).toEqual(['sessions.json']);
  });

  test.each([
    ['store-unreadable', () => fs.writeFileSync(storePath(), '{"torn":')],
    ['store-missing', () => fs.unlinkSync(storePath())],
  ])('on its timer it takes nothing: %s', async (reason, spoil) => {
    put('sessions.json', storeOf('kept'), 0);
    await using gateway = await boot({ SWEEP_INTERVAL_MS: '20' });
    spoil();
    put(deadName(1), 'orphan', GRACE_MS + 60_000);
    await gateway.event('sweep-spared', (line) => line.reason === reason);
    expect(names()).toContain(deadName(1));
  });
});

describe('recovery', () => {
  test.each([
    ['torn', '{"key":{"sessionId"'],
    ['empty', ''],
    ['no object', '[1]'],
    ['an object of something else', '{"version":3}'],
  ])('a store that is %s is moved aside and the newest complete temp is copied', async (_, corrupt) => {
    put('sessions.json', corrupt, 0);
    put(deadName(1), storeOf('older'), GRACE_MS * 4);
    put(deadName(2), storeOf('newest complete'), GRACE_MS * 3);
    put(deadName(3), '{"key":{"sess', GRACE_MS * 2);
    fs.symlinkSync(join(stateDir, deadName(1)), join(stateDir, deadName(4)));
    const temps = names().filter((name) => name !== 'sessions.json');

    await using gateway = await boot({ SWEEP_INTERVAL_MS: '20' });

    expect(usersOf('key')).toEqual(['newest complete']);
    const aside = names().find((name) => /^sessions\.json\.corrupt-\d+$/.test(name)) ?? 'none';
    expect(fs.readFileSync(join(stateDir, aside), 'utf8')).toBe(corrupt);
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'store-recovered', from: deadName(2) }));
    expect(await gateway.get('/readyz')).toMatchObject({ status: 200 });
    expect((await gateway.turn('key', 'next')).body.session.turns).toBe(2);

    // Neither the timer nor the next boot takes what was kept, as long as the corrupt store lies there.
    const swept = gateway.log.length;
    await gateway.event('sweep-spared', (line) => line.name === deadName(3) && gateway.log.indexOf(line) >= swept);
    await gateway.kill('SIGKILL');
    await using again = await boot();
    expect(names()).toEqual([...temps, aside, 'sessions.json'].sort());
    expect(again.spared[deadName(2)]).toBe('beside-a-corrupt-store');
    await again.kill('SIGTERM');
    fs.unlinkSync(join(stateDir, aside));
    await using last = await boot();
    expect(names()).toEqual(['sessions.json', deadName(4)].sort());
    expect(last.log.filter((line) => line.event === 'sweep-removed')).toHaveLength(3);
  });

  test('a corrupt store and no complete temp: an empty start that says so, and nothing is lost', async () => {
    put('sessions.json', 'broken', 0);
    put(deadName(1), 'torn', GRACE_MS * 2);
    await using gateway = await boot();
    expect(names()).toHaveLength(2);
    expect(names()).toContain(deadName(1));
    expect(gateway.log).toContainEqual(expect.objectContaining({ level: 'error', event: 'store-lost' }));
    expect((await gateway.turn('key', 'first')).body.session.turns).toBe(1);
  });

  test('a missing store and a complete temp: it is copied and stays', async () => {
    put(deadName(1), storeOf('only copy'), GRACE_MS * 2);
    await using gateway = await boot();
    expect(usersOf('key')).toEqual(['only copy']);
    expect(names()).toEqual(['sessions.json', deadName(1)]);
    expect(gateway.spared).toEqual({ [deadName(1)]: 'kept-after-recovery' });
  });

  test('a missing store and nothing else is a fresh start that writes nothing', async () => {
    await using gateway = await boot();
    expect(gateway.log).toContainEqual(expect.objectContaining({ level: 'info', event: 'store-fresh' }));
    expect(names()).toEqual([]);
  });
});
