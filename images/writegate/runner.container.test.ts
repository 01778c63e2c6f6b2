import { describe, expect, test } from 'vitest';
import { type CommandCall, type CommandEnd, FrameReader, requestOf } from '../sidecar/runner.ts';
import { type Fixture, type FixtureOptions, type GateEvent, startFixture } from './fixtures/run.ts';

const MEBIBYTE = 1024 * 1024;
const PORT = 18_079;
const TALK = '/opt/programs/talk.mjs';

function testImage(): string {
  const image = process.env.WRITEGATE_TEST_IMAGE;
  if (!image)
    throw new Error('WRITEGATE_TEST_IMAGE is not set: it names the image of images/writegate/fixtures/Dockerfile');
  return image;
}

const ev =
  (name: string, fields: Record<string, unknown> = {}) =>
  (event: GateEvent) =>
    event.ev === name && Object.entries(fields).every(([key, value]) => event[key] === value);

/** A container with the runner in it, that answers. */
async function runner(server: readonly string[] = [], options: Partial<FixtureOptions> = {}): Promise<Fixture> {
  const command = ['writegate', 'runner', '--port', String(PORT), '--', ...server];
  const fixture = await startFixture({ image: testImage(), command, ...options });
  const probe = `until node ${TALK} ${PORT} ${Buffer.from('?').toString('base64')} | grep -q .; do :; done`;
  await fixture.exec('sh', '-c', probe);
  return fixture;
}

/** Sends bytes to the runner, and gives what came back until the connection ended, or until `until` came and it was cut. */
async function talk(fixture: Fixture, bytes: string | Buffer, until?: string): Promise<Buffer> {
  const sent = Buffer.from(bytes).toString('base64');
  const printed = await fixture.exec('node', TALK, String(PORT), sent, ...(until === undefined ? [] : [until]));
  return Buffer.from(printed, 'base64');
}

async function run(fixture: Fixture, argv: readonly string[], more: Partial<CommandCall> = {}): Promise<CommandEnd> {
  const reader = new FrameReader();
  reader.read(await talk(fixture, requestOf({ port: PORT, argv, env: {}, ...more })));
  return reader.end;
}

const sh = (fixture: Fixture, script: string, more: Partial<CommandCall> = {}) =>
  run(fixture, ['sh', '-c', script], more);

const ops = (fixture: Fixture) => fixture.events.filter(ev('op')).map((op) => `${op.op} ${op.path}`);

/** What the processes of the container are called. */
const running = (fixture: Fixture) => fixture.exec('sh', '-c', 'cat /proc/[0-9]*/comm');

describe('a command', { timeout: 60_000 }, () => {
  test('how it ended, what it wrote, and that its calls are seen', async () => {
    await using fixture = await runner();
    expect(await sh(fixture, 'echo out; echo err >&2; echo kept > /state/file; exit 3')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
      left: 0,
      droppedBytes: 0,
    });
    expect(ops(fixture)).toEqual(['create /state/file', 'write /state/file']);
    expect(await sh(fixture, 'kill -15 $$')).toMatchObject({ signal: 15, left: 0 });
    // Nobody was out of memory.
    expect(await sh(fixture, 'kill -9 $$')).toMatchObject({ signal: 9, left: 0 });
    expect(await run(fixture, ['true'])).toMatchObject({ exitCode: 0 });
  });

  test('input, folder, environment, and a PATH of its own', async () => {
    await using fixture = await runner();
    const input = 'x'.repeat(80_000); // more than a pipe holds
    expect(await run(fixture, ['wc', '-c'], { stdin: input })).toMatchObject({ stdout: '80000\n' });
    expect(await run(fixture, ['true'], { stdin: input })).toMatchObject({ exitCode: 0 });
    expect(await run(fixture, ['readlink', '/proc/self/fd/0'])).toMatchObject({ stdout: '/dev/null\n' });
    expect(await sh(fixture, 'pwd; echo "$NAME"', { cwd: '/tmp', env: { NAME: 'a=b c' } })).toMatchObject({
      stdout: '/tmp\na=b c\n',
    });
    await fixture.exec('sh', '-c', 'printf "#!/bin/sh\necho mine" > /state/mine; chmod +x /state/mine');
    expect(await run(fixture, ['mine'], { env: { PATH: '/state:/bin' } })).toMatchObject({ stdout: 'mine\n' });
  });

  test('of what it writes, 1 MiB of each is told, and how much more there was', async () => {
    await using fixture = await runner();
    const { stdout, stderr, droppedBytes } = await sh(
      fixture,
      'head -c 2000000 /dev/zero; echo last >&2; head -c 1100000 /dev/zero >&2',
    );
    expect([stdout.length, stderr.length, droppedBytes]).toEqual([MEBIBYTE, MEBIBYTE, 3_100_005 - 2 * MEBIBYTE]);
  });

  test('why it was not started', async () => {
    await using fixture = await runner();
    await fixture.exec('sh', '-c', 'printf "#!/no/interpreter\n" > /state/script; chmod +x /state/script');
    const cases: [Partial<CommandCall> & Pick<CommandCall, 'argv'>, RegExp][] = [
      [
        { argv: ['no-such'], env: { PATH: '/bin' } },
        /^no-such: there is no such program in the image, on the PATH \/bin$/,
      ],
      [{ argv: ['/no/such'] }, /^\/no\/such: there is no such program in the image$/],
      [{ argv: ['/state/script'] }, /^\/state\/script: it is there, and what runs it is not/],
      [{ argv: ['/etc/passwd'] }, /^\/etc\/passwd: Permission denied$/],
      [{ argv: ['two\nlines'] }, /^two\?lines: there is no such program/],
      [{ argv: ['true'], cwd: '/no/such' }, /^the working directory \/no\/such: No such file/],
    ];
    for (const [{ argv, ...more }, says] of cases) {
      const end = await run(fixture, argv, more);
      expect(end.notStarted).toMatch(says);
      expect(end.exitCode).toBeUndefined();
    }
  });

  test('what it leaves behind is counted, however it has detached itself, and lives on', async () => {
    await using fixture = await runner();
    const detached = 'setsid sh -c "sleep 61 & : > /state/detached; wait" & until [ -e /state/detached ]; do :; done';
    expect(await sh(fixture, `sleep 60 & ${detached}`)).toMatchObject({ exitCode: 0, left: 3 });
    expect(await sh(fixture, '(until [ -e /state/go ]; do sleep 0.02; done; echo from behind; : > /state/after) &'))
      // The shell, and the sleep that it may be in.
      .toMatchObject({ exitCode: 0, left: expect.toSatisfy((left: number) => left === 1 || left === 2) });
    await fixture.exec('sh', '-c', ': > /state/go');
    await fixture.waitFor(ev('op', { path: '/state/after' }), { name: 'what was left behind goes on' });
    await expect.poll(() => fixture.logs()).toContain('from behind');
    // Only its own are counted.
    expect(await run(fixture, ['true'])).toMatchObject({ left: 0 });
  });

  test('two at once', async () => {
    await using fixture = await runner();
    const wait = (own: string, other: string) =>
      sh(fixture, `: > /state/${own}; until [ -e /state/${other} ]; do sleep 0.02; done; echo ${own}`);
    const both = await Promise.all([wait('a', 'b'), wait('b', 'a')]);
    expect(both.map(({ stdout }) => stdout)).toEqual(['a\n', 'b\n']);
  });

  test('a connection that breaks off ends it, even while a call of it is held', async () => {
    await using fixture = await runner([], { commands: ['arm id=x op=create path=/state/held'] });
    const request = (script: string) => requestOf({ port: PORT, argv: ['sh', '-c', script], env: {} });
    await talk(fixture, request('echo begun; sleep 60; : > /state/late'), 'begun');
    await expect.poll(() => running(fixture)).not.toContain('sleep');
    const says = '(until [ -e /tmp/go ]; do sleep 0.02; done; echo go) &';
    const cut = talk(fixture, request(`${says} : > /state/held; : > /state/late`), 'go');
    await fixture.waitFor(ev('held', { id: 'x' }), { name: 'the call is held' });
    await fixture.exec('touch', '/tmp/go');
    await cut;
    await fixture.waitFor(ev('lost', { id: 'x' }), { name: 'the held call is lost' });
    expect([...(await fixture.state()).keys()]).not.toContain('late');
    expect(await run(fixture, ['true'])).toMatchObject({ exitCode: 0 });
  });

  test('a held call of it is held, and it goes on when that is released', async () => {
    await using fixture = await runner([], { commands: ['arm id=x op=write path=/state/file'] });
    const end = sh(fixture, 'echo kept > /state/file');
    await fixture.waitFor(ev('held', { id: 'x' }), { name: 'the write is held' });
    expect((await fixture.state()).get('file')).toBe('');
    fixture.send('release id=x');
    expect(await end).toMatchObject({ exitCode: 0 });
  });
});

test('what is no request is refused with why, and the next one is served', { timeout: 60_000 }, async () => {
  await using fixture = await runner();
  const cases: [string, string][] = [
    ['true\n', 'does not begin with its length'],
    ['\n', 'does not begin with its length'],
    ['-1\n', 'does not begin with its length'],
    ['1048577\n', 'longer than 1048576 bytes'],
    [`${'9'.repeat(40)}\n`, 'longer than 1048576 bytes'],
    [`2000000\n${'x'.repeat(50_000)}`, 'longer than 1048576 bytes'],
    ['5\nAtrue', 'no zero byte'],
    ['3\nXy\0', 'none of A, E, C and I'],
    ['4\nEa=\0', 'names no program'],
    ['2\nA\0', 'names no program'],
    ['6\nAa\0E=\0', 'not NAME=VALUE'],
    ['6\nAa\0Cb\0', 'no absolute path'],
    [`${257 * 2}\n${'A\0'.repeat(257)}`, 'more than 256 arguments'],
  ];
  for (const [bytes, says] of cases) {
    const answer = (await talk(fixture, bytes)).toString();
    expect(answer).toMatch(/^refused [^\n]*\n$/);
    expect(answer).toContain(says);
  }
  expect(await run(fixture, ['true'])).toMatchObject({ exitCode: 0 });
});

describe('a server beside the commands', { timeout: 60_000 }, () => {
  test('its exit code, its output', async () => {
    const serve = 'echo serving; until [ -e /tmp/end ]; do sleep 0.02; done; exit 42';
    await using fixture = await runner(['sh', '-c', serve]);
    // Whoever asks in the container dies with it: its answer may not come out.
    const end = sh(fixture, ': > /tmp/end; sleep 60 &').catch(() => undefined);
    expect(await fixture.ended()).toBe(42);
    await end;
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', code: 42 });
    await expect.poll(() => fixture.logs()).toContain('serving');
  });

  test('the signal that ended it', async () => {
    await using fixture = await runner(['sh', '-c', 'until [ -e /tmp/end ]; do sleep 0.02; done; kill -6 $$']);
    const end = run(fixture, ['touch', '/tmp/end']).catch(() => undefined);
    expect(await fixture.ended()).toBe(134);
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', signal: 6 });
    await end;
  });

  test('signals are passed on to it', async () => {
    const script = 'trap "echo got USR1" USR1; trap "echo got TERM; exit 7" TERM; while :; do sleep 0.02; done';
    await using fixture = await runner(['sh', '-c', script]);
    await fixture.signal('SIGUSR1');
    await expect.poll(() => fixture.logs()).toContain('got USR1');
    await fixture.signal('SIGTERM');
    expect(await fixture.ended()).toBe(7);
    expect(fixture.logs()).toContain('got TERM');
  });

  test('one that is not in the image', async () => {
    const command = ['writegate', 'runner', '--port', String(PORT), '--', 'no-such'];
    await using fixture = await startFixture({ image: testImage(), command });
    expect(await fixture.ended()).toBe(127);
    expect(fixture.logs()).toContain("no-such can't be started: No such file or directory");
  });
});

describe('the end of a runner', { timeout: 60_000 }, () => {
  test('without a server, SIGTERM is for what runs, and then it ends', async () => {
    await using fixture = await runner();
    const end = sh(fixture, 'trap "echo last words; exit 4" TERM; : > /state/ready; while :; do sleep 0.02; done');
    await fixture.waitFor(ev('op', { path: '/state/ready' }), { name: 'the command runs' });
    await fixture.signal('SIGTERM');
    // Whoever asks in the container dies with it: its answer may not come out.
    await end.catch(() => undefined);
    expect(await fixture.ended()).toBe(0);
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', code: 0 });
  });

  test.each([['--port'], ['--port', '0'], ['--port', '65536'], ['--port', '80x'], ['--port', '1', '--what']])(
    'a usage that is wrong: %s %s %s',
    async (...args) => {
      const command = ['writegate', 'runner', ...args.filter((arg) => arg !== undefined)];
      await using fixture = await startFixture({ image: testImage(), command });
      expect(await fixture.ended()).toBe(70);
      expect(fixture.logs()).toContain('usage: writegate runner --port N');
    },
  );

  test('a command that takes more memory than there is ends all, by SIGKILL', async () => {
    await using fixture = await runner(['sh', '-c', 'while :; do sleep 0.02; done'], { memoryBytes: 96 * MEBIBYTE });
    const end = run(fixture, ['act', 'allocate', '200']);
    expect(await fixture.ended()).toBe(137);
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', signal: 9, oomKillsAtStart: 0, oomKills: 1 });
    await end.catch(() => undefined);
  });

  test('ballast while a call of a command is held: the container dies as with a server', async () => {
    await using fixture = await runner([], {
      commands: ['arm id=x op=write path=/state/a at=torn bytes=2'],
      memoryBytes: 96 * MEBIBYTE,
      shmBytes: 128 * MEBIBYTE,
    });
    const end = run(fixture, ['act', 'allocate', '40', ',', 'write', '/state/a', 'hello']);
    await fixture.waitFor(ev('held', { id: 'x' }), { name: 'the write is held' });
    fixture.send(`fill bytes=${128 * MEBIBYTE}`);
    const filled = await fixture.waitFor(ev('filled'), { name: 'the ballast' });
    expect(await fixture.ended()).toBe(137);
    const kills = filled.writerKilled === true ? 2 : 1;
    expect(filled).toMatchObject({ why: 'gateway-died', oomKillsBefore: 0, oomKillsAfter: kills });
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', signal: 9 });
    expect((await fixture.state()).get('a')).toBe('he');
    await end.catch(() => undefined);
  });

  test('one that was left behind, and is taken for want of memory, ends all too', async () => {
    await using fixture = await runner([], { memoryBytes: 96 * MEBIBYTE });
    const behind = '(until [ -e /tmp/go ]; do sleep 0.02; done; exec act allocate 200) &';
    expect(await sh(fixture, behind)).toMatchObject({ exitCode: 0 });
    await fixture.exec('touch', '/tmp/go');
    expect(await fixture.ended()).toBe(137);
    expect(fixture.events.at(-1)).toMatchObject({ ev: 'exit', signal: 9 });
  });
});
