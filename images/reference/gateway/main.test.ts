import * as fs from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeProvider } from '../testing/fake-provider.ts';
import { type GatewayOptions, type Json, RunningGateway, runCommand } from '../testing/running-gateway.ts';
import { StateFolder, storeOf, until } from '../testing/state-folder.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { formatTempName } from './temp-name.ts';

const GRACE_MS = 300_000;
const OLD_MS = GRACE_MS + 60_000;
const MiB = 1024 * 1024;

let provider: FakeProvider;
let folder: StateFolder;
let self: ProcessIdentity;

beforeAll(async () => {
  provider = await FakeProvider.start();
  self = await identify();
});
afterAll(() => provider[Symbol.asyncDispose]());
beforeEach(() => {
  folder = new StateFolder();
});
afterEach(() => {
  provider.release();
  folder[Symbol.dispose]();
});

const options = (env: Record<string, string> = {}, args: string[] = []): GatewayOptions => ({
  stateDir: folder.path,
  env: { PROVIDER_URL: provider.url, ...env },
  args,
});
const boot = (env?: Record<string, string>, args?: string[]) => RunningGateway.ready(options(env, args));
const bootWith = (defect: string | undefined, env?: Record<string, string>) =>
  boot(env, defect === undefined ? [] : ['--defect', defect]);

/** A writer that ran on this boot and no longer does: the test's own pid, and a start time that it does not have. */
const deadName = (serial: number) =>
  formatTempName({ writer: { ...self, startTicks: `${Number(self.startTicks) - 1}` }, serial });

describe('turns', () => {
  test('an acknowledged turn is there after a SIGKILL, and the next boot goes on from it', async () => {
    {
      await using gateway = await boot();
      const { status, body } = await gateway.turn('agent:main', 'one');
      await gateway.kill('SIGKILL');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        id: expect.stringMatching(/^chatcmpl-/),
        choices: [{ message: { role: 'assistant', content: 'echo: one' }, finish_reason: 'stop' }],
        session: { key: 'agent:main', sessionId: expect.any(String), turns: 1 },
      });
    }
    await using again = await boot();
    expect((await again.turn('agent:main', 'two')).body.session.turns).toBe(2);
    const { body } = await again.get('/v1/sessions/agent%3Amain/history');
    expect(body).toEqual({
      key: 'agent:main',
      turns: [
        { at: expect.any(Number), user: 'one', assistant: 'echo: one' },
        { at: expect.any(Number), user: 'two', assistant: 'echo: two' },
      ],
    });
  });

  test('40 turns at once are all kept, each counted once, though each folds the journal', async () => {
    {
      await using gateway = await boot({ FOLD_BYTES: '1' });
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => gateway.turn(`key-${n % 4}`, `turn-${n}`)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
      const counts = answers.map(({ body }) => `${body.session.key}=${body.session.turns}`);
      expect(new Set(counts).size).toBe(40);
      await gateway.kill('SIGKILL');
    }
    await using again = await boot();
    const users = await Promise.all([0, 1, 2, 3].map((n) => again.users(`key-${n}`)));
    expect(users.flat().sort()).toEqual(Array.from({ length: 40 }, (_, n) => `turn-${n}`).sort());
  });

  test('a history gives the newest turns, from the transcript and from the journal', async () => {
    {
      await using gateway = await boot();
      for (const text of ['1', '2', '3']) await gateway.turn('a', text);
      await gateway.kill('SIGTERM');
    }
    await using gateway = await boot();
    for (const text of ['4', '5']) await gateway.turn('a', text);
    expect(await gateway.users('a')).toEqual(['1', '2', '3', '4', '5']);
    const { body } = await gateway.get('/v1/sessions/a/history?limit=3');
    expect(body.turns.map((turn: Json) => turn.user)).toEqual(['3', '4', '5']);
  });

  test('a session has a transcript, which leads to its key', async () => {
    await using gateway = await boot();
    const { sessionId } = (await gateway.turn('agent:main:cron:daily', 'one')).body.session;
    expect((await gateway.get(`/v1/transcripts/${sessionId}`)).body).toEqual({
      sessionId,
      key: 'agent:main:cron:daily',
    });
    expect((await gateway.get('/v1/sessions')).body.sessions).toEqual([
      {
        key: 'agent:main:cron:daily',
        sessionId,
        kind: 'cron',
        createdAt: expect.any(Number),
        updatedAt: expect.any(Number),
        turns: 1,
      },
    ]);
    expect((await gateway.get('/v1/transcripts/..%2Fsessions')).status).toBe(404);
  });

  test('a run logs its steps', async () => {
    await using gateway = await boot();
    await gateway.turn('k'.repeat(100), 'one');
    const steps = gateway.log.filter((line) => line.event === 'run');
    expect(steps.map(({ seq, step, key }) => [seq, step, key.length])).toEqual([
      [1, 'started', 64],
      [2, 'asked', 64],
      [3, 'kept', 64],
      [4, 'ended', 64],
    ]);
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
    [431, 'headers', good, { 'x-session-key': 'k'.repeat(MiB) }],
  ])('%i: %s', async (status, says, body, headers: Record<string, string>) => {
    await using gateway = await boot({ BODY_LIMIT_BYTES: '2048' });
    const before = folder.tree();
    const answer = await gateway.post(body, headers);
    expect(answer).toMatchObject({ status, body: { error: { message: expect.stringContaining(says) } } });
    expect(folder.tree()).toEqual(before);
    expect((await gateway.post(good.padEnd(2048), { 'x-session-key': 'k'.repeat(256) })).status).toBe(200);
  });

  test('keys with path characters are sessions as any other, and name no file', async () => {
    const keys = ['../../../outside', 'a/../../b', '..', '/etc/passwd', 'C:\\x', '%2e%2e%2f', '~', '__proto__', '*'];
    {
      await using gateway = await boot();
      for (const key of keys) expect((await gateway.turn(key, `of ${key}`)).status).toBe(200);
      await gateway.kill('SIGTERM');
    }
    for (const path of Object.keys(folder.tree())) {
      expect(path).toMatch(/^\/state\/(sessions\.json|sessions\.journal\.\d+|transcripts\/[0-9a-f-]{36}\.jsonl)$/);
    }
    await using again = await boot();
    const { sessions } = (await again.get('/v1/sessions')).body;
    expect(sessions.map((session: Json) => session.key).sort()).toEqual([...keys].sort());
    // '..' can't be asked for by name: every client takes it out of the path.
    for (const key of keys.filter((name) => name !== '..')) expect(await again.users(key)).toEqual([`of ${key}`]);
  });

  test('429: too many requests of a client in a minute; they reach neither the provider nor the folder', async () => {
    await using gateway = await boot({ RATE_LIMIT: '1' });
    expect((await gateway.turn('a', 'one')).status).toBe(200);
    const before = folder.tree();
    expect((await gateway.turn('a', 'two')).status).toBe(429);
    expect(folder.tree()).toEqual(before);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  test.each(['status-500', 'no-json', 'hang-up'] as const)(
    '502 and nothing written: the provider does %s',
    async (mode) => {
      await using gateway = await boot();
      const before = folder.tree();
      provider.mode = mode;
      expect(await gateway.turn('a', 'x')).toMatchObject({
        status: 502,
        body: { error: { message: expect.stringContaining('provider') } },
      });
      expect(folder.tree()).toEqual(before);
      expect((await gateway.health()).collections).toMatchObject({ runs: 0, runCounters: 0 });
      expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'run', step: 'failed', seq: 2 }));
      provider.mode = 'echo';
      expect((await gateway.turn('a', 'x')).status).toBe(200);
    },
  );

  test('502: the provider takes too long', async () => {
    await using gateway = await boot({ PROVIDER_TIMEOUT_MS: '50' });
    const before = folder.tree();
    provider.mode = 'hold';
    expect((await gateway.turn('a', 'x')).status).toBe(502);
    expect(folder.tree()).toEqual(before);
  });
});

describe('what it does not start with', () => {
  test.each([
    [['--defect', 'nothing'], {}, 'write-in-place'],
    [['--config', '/nowhere.json'], {}, '/nowhere.json'],
    [['serve'], {}, 'usage:'],
    [[], { PORT: 'x' }, 'PORT'],
  ])('exit 2: %j %j', async (args, env: Record<string, string>, says) => {
    const { code, stdout, stderr } = await runCommand(options(env, args));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(folder.names()).toEqual([]);
  });

  test('exit 2: an unknown key in the file; the environment goes before a right one', async () => {
    const path = `${folder.parent}/gateway.json`;
    fs.writeFileSync(path, JSON.stringify({ graceMs: 1, bodyLimit: 2 }));
    const refused = await runCommand(options({}, ['--config', path]));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('unknown key "bodyLimit"');
    fs.writeFileSync(path, JSON.stringify({ port: 99_999, bodyLimitBytes: 2048 }));
    await using gateway = await boot({ CONFIG_FILE: path });
    const { status } = await gateway.post(' '.repeat(2049), { 'x-session-key': 'a' });
    expect(status).toBe(413);
  });

  test('exit 1, and the store untouched: the port is taken', async () => {
    await using gateway = await boot();
    folder.put('sessions.json', 'broken');
    const before = folder.tree();
    const second = await runCommand(options({ PORT: `${gateway.port}` }));
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('EADDRINUSE');
    expect(folder.tree()).toEqual(before);
  });

  test('exit 1: a second instance on the folder; after a SIGKILL of the first it is let in', async () => {
    await using first = await boot();
    await first.turn('a', 'one');
    const before = folder.tree();
    const second = await runCommand(options());
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(folder.path);
    expect(second.stdout).toContain('"code":"locked"');
    expect(folder.tree()).toEqual(before);
    expect((await first.turn('a', 'two')).status).toBe(200);
    await first.kill('SIGKILL');
    await using third = await boot();
    expect(await third.users('a')).toEqual(['one', 'two']);
  });

  test('exit 1: a store of a newer schema stays as it is', async () => {
    const newer = '{"schemaVersion":7,"minReaderVersion":7,"somethingElse":[]}';
    folder.put('sessions.json', newer);
    folder.put(deadName(1), 'of the newer one', OLD_MS);
    const before = folder.tree();
    const { code, stdout, stderr } = await runCommand(options());
    expect(code).toBe(1);
    expect(stderr).toContain('7');
    expect(stdout).toMatch(/"event":"boot-failed".*"code":"newer-schema"/);
    expect(folder.tree()).toEqual(before);
  });

  test('exit 1: a folder without permission', async () => {
    fs.chmodSync(folder.path, 0o555);
    // Root may write everywhere, so it starts the gateway as somebody else.
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { code, stdout, stderr } = await runCommand({ ...options(), ...uid });
    expect(code).toBe(1);
    expect(stderr).toContain(folder.path);
    expect(stdout).toMatch(/"event":"boot-failed".*"code":"no-permission"/);
    expect(folder.names()).toEqual([]);
  });
});

describe('ready and stop', () => {
  test('/readyz and /healthz', async () => {
    folder.put('sessions.json', storeOf({ 'agent:main:cron:a': 1, 'agent:main:direct:b': 1, c: 1 }));
    await using gateway = await boot();
    await gateway.turn('d', 'one');
    expect(await gateway.get('/readyz')).toEqual({ status: 200, body: { ready: true } });
    const { status, body } = await gateway.get('/healthz');
    const bytesOrNull = (value: unknown) => value === null || Number.isSafeInteger(value);
    expect(status).toBe(200);
    expect(body).toEqual({
      ok: true,
      status: 'ok',
      memory: {
        reservedBytes: expect.any(Number),
        residentBytes: expect.any(Number),
        heapUsedBytes: expect.any(Number),
        chargedBytes: expect.toSatisfy(bytesOrNull),
        reclaimableBytes: expect.toSatisfy(bytesOrNull),
        limitBytes: expect.toSatisfy(bytesOrNull),
        alarmAtBytes: expect.toSatisfy(bytesOrNull),
        alarm: false,
      },
      sessions: { total: 4, byKind: { cron: 1, direct: 1, other: 2 } },
      collections: { runs: 0, runCounters: 0, rateBuckets: 1, transcriptKeys: 0 },
    });
    expect(body.memory.reservedBytes).toBeGreaterThan(body.memory.residentBytes);
    console.log(`boot to ready: ${gateway.log.find((line) => line.event === 'ready')?.bootMs} ms`);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s: what is in flight is finished, and all is there', async (signal) => {
    {
      await using gateway = await boot();
      await gateway.turn('a', 'before');
      provider.mode = 'hold';
      const turn = gateway.turn('a', 'in flight');
      await provider.held(1);
      expect((await gateway.health()).collections).toMatchObject({ runs: 1, runCounters: 1 });
      const exit = gateway.kill(signal);
      await gateway.event('stopping');
      provider.release();
      expect((await turn).status).toBe(200);
      expect(await exit).toEqual({ code: 0, signal: null });
    }
    await using again = await boot();
    expect(await again.users('a')).toEqual(['before', 'in flight']);
  });

  test('a second boot with nothing to do writes nothing', async () => {
    {
      await using gateway = await boot();
      await gateway.turn('a', 'one');
      await gateway.kill('SIGTERM');
    }
    const before = folder.tree();
    await using again = await boot({ SWEEP_INTERVAL_MS: '10' });
    await again.get('/healthz');
    await again.kill('SIGTERM');
    expect(folder.tree()).toEqual(before);
  });
});

describe('the sweep', () => {
  test('at boot it takes the old temps of dead writers and nothing else', async () => {
    folder.put('sessions.json', storeOf({ kept: 0 }));
    const gone = [
      deadName(1),
      formatTempName({ writer: { ...self, boot: self.boot === '00000000' ? '11111111' : '00000000' }, serial: 2 }),
    ];
    const alive = formatTempName({ writer: self, serial: 3 });
    for (const name of [...gone, alive]) folder.put(name, storeOf({ temp: 0 }), OLD_MS);
    folder.put(deadName(4), storeOf({ young: 0 }), GRACE_MS - 60_000);
    folder.put('sessions.json.123.0b0e.tmp', 'of another gateway', OLD_MS);
    folder.put('other.json.tmp', 'of another program', OLD_MS);
    fs.symlinkSync(folder.file('other.json.tmp'), folder.file(deadName(5)));
    fs.lutimesSync(folder.file(deadName(5)), 1, 1);
    const before = folder.names();

    await using gateway = await boot();

    expect(folder.names().filter((name) => before.includes(name))).toEqual(
      before.filter((name) => !gone.includes(name)),
    );
    const removals = gateway.log.filter((line) => line.event === 'sweep-removed');
    expect(removals.map((line) => line.name).sort()).toEqual([...gone].sort());
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'ready', removed: 2, spared: 4 }));
    expect(gateway.spared).toEqual({
      [alive]: 'writer-alive',
      [deadName(4)]: 'young',
      [deadName(5)]: 'not-a-regular-file',
      'sessions.json.123.0b0e.tmp': 'foreign-name',
    });
  });

  test('ten thousand temps', async () => {
    folder.put('sessions.json', storeOf({ kept: 0 }));
    for (let serial = 1; serial <= 10_000; serial += 1) folder.put(deadName(serial), '{"torn":', OLD_MS);
    await using gateway = await boot();
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'ready', removed: 10_000, spared: 0 }));
    expect(folder.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    console.log(`10,000 temps: ready after ${gateway.log.find((line) => line.event === 'ready')?.bootMs} ms`);
  });

  test.each([undefined, 'no-boot-sweep'])('a temp that lies there at boot, with the defect %s', async (defect) => {
    folder.put('sessions.json', storeOf({ kept: 0 }));
    folder.put(deadName(1), 'orphan', OLD_MS);
    await using gateway = await bootWith(defect);
    expect(fs.existsSync(folder.file(deadName(1)))).toBe(defect !== undefined);
    expect(gateway.log.filter((line) => line.event === 'sweep-removed')).toHaveLength(defect === undefined ? 1 : 0);
  });

  test.each([undefined, 'no-timer-sweep'])('a temp that comes later, with the defect %s', async (defect) => {
    folder.put('sessions.json', storeOf({ kept: 0 }));
    await using gateway = await bootWith(defect, { SWEEP_INTERVAL_MS: '20', MODEL_RUN_MAX_AGE_MS: '0' });
    folder.put(deadName(1), 'orphan', OLD_MS);
    // The timer takes a model run away, and does so after its sweep. The first may have been taken in a round that had swept already.
    for (const round of ['first', 'second']) {
      await gateway.turn('agent:main:explicit:model-run-1', 'probe');
      const isGone = async () => (await gateway.health()).sessions.byKind['model-run'] === undefined;
      await until(`the ${round} model run is gone`, isGone);
    }
    expect(fs.existsSync(folder.file(deadName(1)))).toBe(defect !== undefined);
  });

  test.each([
    ['store-unreadable', () => folder.put('sessions.json', '{"torn":')],
    ['store-missing', () => fs.unlinkSync(folder.file('sessions.json'))],
  ])('on its timer it takes nothing: %s', async (reason, spoil) => {
    folder.put('sessions.json', storeOf({ kept: 0 }));
    await using gateway = await boot({ SWEEP_INTERVAL_MS: '20' });
    spoil();
    folder.put(deadName(1), 'orphan', OLD_MS);
    await gateway.event('sweep-spared', (line) => line.reason === reason);
    expect(folder.names()).toContain(deadName(1));
  });
});

describe('memory', () => {
  test.each([
    [undefined, 0],
    ['heap-grows-until-oom', 4 * 64 * MiB],
  ])('four turns with the defect %s keep about %i bytes', async (defect, kept) => {
    await using gateway = await bootWith(defect);
    const residentBytes = async () => (await gateway.health()).memory.residentBytes;
    const before = await residentBytes();
    for (const text of ['1', '2', '3', '4']) await gateway.turn('a', text);
    const grown = (await residentBytes()) - before;
    expect(grown).toBeGreaterThan(kept - 32 * MiB);
    expect(grown).toBeLessThan(kept + 32 * MiB);
  });

  test.each([
    [undefined, { runCounters: 0, transcriptKeys: 256 }],
    ['run-counters-leak', { runCounters: 300, transcriptKeys: 256 }],
    ['transcript-cache-leak', { runCounters: 0, transcriptKeys: 300 }],
  ])('300 runs of 300 sessions with the defect %s', async (defect, collections) => {
    await using gateway = await bootWith(defect, { RATE_LIMIT: '1000' });
    const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`);
    await Promise.all(keys.map((key) => gateway.turn(key, 'one')));
    const { sessions } = (await gateway.get('/v1/sessions')).body;
    await Promise.all(sessions.map((session: Json) => gateway.get(`/v1/transcripts/${session.sessionId}`)));
    expect((await gateway.health()).collections).toMatchObject({ runs: 0, ...collections });
  });
});

describe('recovery', () => {
  test('a corrupt store is moved aside and reported, and the newest complete temp takes its place', async () => {
    folder.put('sessions.json', '{"schemaVersion":1,"sess');
    folder.put(deadName(1), storeOf({ older: 0 }), OLD_MS * 3);
    folder.put(deadName(2), storeOf({ newest: 0 }), OLD_MS * 2);
    folder.put(deadName(3), '{"schemaVersion":1,', OLD_MS);

    await using gateway = await boot();

    expect((await gateway.get('/v1/sessions')).body.sessions).toMatchObject([{ key: 'newest' }]);
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'store-recovered', from: deadName(2) }));
    const aside = folder.names().find((name) => /^sessions\.json\.corrupt-\d+$/.test(name)) ?? 'none';
    expect(folder.read(aside)).toBe('{"schemaVersion":1,"sess');
    for (const serial of [1, 2, 3]) expect(folder.names()).toContain(deadName(serial));
  });

  test('a corrupt store and no temp: the sessions are found again by their transcripts', async () => {
    {
      await using gateway = await boot();
      for (const text of ['one', 'two']) await gateway.turn('a', text);
      await gateway.kill('SIGTERM');
    }
    folder.put('sessions.json', '');
    await using gateway = await boot();
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'store-rebuilt' }));
    expect(await gateway.users('a')).toEqual(['one', 'two']);
    expect((await gateway.turn('a', 'three')).body.session.turns).toBe(3);
  });

  test('a journal with a torn last line: it is cut off and reported, and what was acknowledged is there', async () => {
    {
      await using gateway = await boot();
      for (const text of ['one', 'two']) await gateway.turn('a', text);
      await gateway.kill('SIGKILL');
    }
    const journal = folder.names().find((name) => name.startsWith('sessions.journal.')) ?? 'none';
    fs.appendFileSync(folder.file(journal), '0123abcd {"torn":');
    await using gateway = await boot();
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'journal-torn-tail' }));
    expect(await gateway.users('a')).toEqual(['one', 'two']);
    expect((await gateway.turn('a', 'three')).body.session.turns).toBe(3);
  });

  test('a missing store and nothing else is a fresh start', async () => {
    await using gateway = await boot();
    expect(gateway.log).toContainEqual(expect.objectContaining({ level: 'info', event: 'store-fresh' }));
    expect((await gateway.get('/v1/sessions')).body).toEqual({ sessions: [] });
  });
});
