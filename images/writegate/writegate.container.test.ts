import { describe, expect, test } from 'vitest';
import { type Fixture, type FixtureOptions, type GateEvent, startFixture } from './fixtures/run.ts';

const MEBIBYTE = 1024 * 1024;

function testImage(): string {
  const image = process.env.WRITEGATE_TEST_IMAGE;
  if (!image)
    throw new Error('WRITEGATE_TEST_IMAGE is not set: it names the image of images/writegate/fixtures/Dockerfile');
  return image;
}

type Start = Omit<FixtureOptions, 'image' | 'command'>;

const start = (command: readonly string[], options: Start = {}): Promise<Fixture> =>
  startFixture({ image: testImage(), command, ...options });

/** The program `act` with its acts. What is armed before it starts is armed before its first act. */
const act = (acts: string, options: Start = {}): Promise<Fixture> => start(['act', ...acts.split(' ')], options);

/**
 * A program that is held at its first act, the making of /state/go, so that a test can arm what it likes before the rest
 * of it runs.
 */
async function actWhenArmed(acts: string, arm: readonly string[], options: Start = {}): Promise<Fixture> {
  const fixture = await start(['sh', '-c', `: > /state/go; exec act ${acts}`], {
    ...options,
    commands: ['arm id=go op=create path=/state/go'],
  });
  await fixture.waitFor((event) => event.ev === 'held' && event.id === 'go', { name: 'the start is held' });
  for (const line of arm) fixture.send(line);
  fixture.send('release id=go');
  return fixture;
}

const ev =
  (name: string, fields: Record<string, unknown> = {}) =>
  (event: GateEvent) =>
    event.ev === name && Object.entries(fields).every(([key, value]) => event[key] === value);

const held = (fixture: Fixture, id = 'x'): Promise<GateEvent> =>
  fixture.waitFor(ev('held', { id }), { name: `${id} is held` });

const ops = (fixture: Fixture): GateEvent[] => fixture.events.filter(ev('op'));
const evs = (fixture: Fixture, id = 'x'): string[] =>
  fixture.events.filter((event) => event.id === id).map((event) => event.ev);
const last = (fixture: Fixture): GateEvent | undefined => fixture.events.at(-1);

/** A program that has armed nothing beforehand: what it does is all seen. */
async function opsOf(command: readonly string[]): Promise<{ fixture: Fixture; seen: string[] }> {
  const fixture = await start(command);
  expect(await fixture.ended(), fixture.logs()).toBe(0);
  return { fixture, seen: ops(fixture).map((op) => [op.op, op.path, ...(op.to ? [op.to] : [])].join(' ')) };
}

describe('what is seen', { timeout: 60_000 }, () => {
  test('each kind of change, by each way to name a file', async () => {
    const { fixture, seen } = await opsOf(['every-op']);
    await using _ = fixture;
    const file = '/state/real/at-descriptor';
    const relative = '/state/real/relative';
    expect(seen).toEqual([
      'mkdir /state/real',
      'symlink /state/alias',
      `create ${file}`,
      `write ${file}`,
      `write ${file}`,
      ...Array.from({ length: 4 }, () => `sync ${file}`),
      `truncate ${file}`,
      `allocate ${file}`,
      `chmod ${file}`,
      `chown ${file}`,
      `utime ${file}`,
      `xattr ${file}`,
      `map ${file}`,
      `sync ${file}`,
      `create ${relative}`,
      `copy ${relative}`,
      `copy ${relative}`,
      `truncate ${relative}`,
      `truncate ${relative}`,
      `link ${relative} /state/real/linked`,
      'rename /state/real/linked /state/real/renamed',
      'rename /state/real/renamed /state/real/renamed2',
      'symlink /state/real/soft',
      `truncate ${relative}`,
      `chmod ${relative}`,
      'mknod /state/real/pipe',
      'unlink /state/real/pipe',
      'unlink /state/real/renamed2',
      'unlink /state/real/soft',
      'mkdir /state/real/made',
      'unlink /state/real/made',
    ]);
    const [write, pwrite] = ops(fixture).filter((op) => op.op === 'write');
    expect(write).toMatchObject({
      syscall: 'write',
      bytes: 8,
      offset: null,
      position: 0,
      append: false,
      comm: 'every-op',
    });
    expect(pwrite).toMatchObject({ syscall: 'pwrite64', bytes: 1, offset: 4 });
  });

  test('Node with promises, through the thread pool', async () => {
    const { fixture, seen } = await opsOf(['node', '/opt/programs/promises.mjs', '4']);
    await using _ = fixture;
    const count = (op: string) => seen.filter((line) => line.startsWith(`${op} `)).length;
    expect([count('create'), count('write'), count('sync'), count('rename')]).toEqual([4, 4, 4, 4]);
    expect(
      seen.filter((line) => /^rename \/state\/store-\d\.json\.[-.\w]+\.tmp \/state\/store-\d\.json$/.test(line)),
    ).toHaveLength(4);
    expect(new Set(ops(fixture).map((op) => op.tid)).size).toBeGreaterThan(1);
  });

  test('Node, synchronous, with relative paths', async () => {
    const { fixture, seen } = await opsOf(['node', '/opt/programs/sync.mjs']);
    await using _ = fixture;
    expect(fixture.logs()).toContain('hello');
    expect(seen).toEqual(
      expect.arrayContaining([
        'create /state/deep/folder/a.tmp',
        'write /state/deep/folder/a.tmp',
        'rename /state/deep/folder/a.tmp /state/deep/a.json',
        'create /state/deep/b.json',
        'utime /state/deep/b.json',
        'unlink /state/deep/b.json',
        'unlink /state/deep/folder',
      ]),
    );
    expect(ops(fixture).filter((op) => op.append === true)).toHaveLength(1);
  });

  test('node:sqlite with a rollback journal', async () => {
    const { fixture, seen } = await opsOf(['node', '/opt/programs/sqlite.mjs', 'delete']);
    await using _ = fixture;
    expect(seen).toEqual(
      expect.arrayContaining([
        'create /state/store.sqlite',
        'create /state/store.sqlite-journal',
        'write /state/store.sqlite-journal',
        'sync /state/store.sqlite-journal',
        'write /state/store.sqlite',
        'unlink /state/store.sqlite-journal',
      ]),
    );
  });

  test('node:sqlite with a write-ahead log, whose index is a shared mapping', async () => {
    const { fixture, seen } = await opsOf(['node', '/opt/programs/sqlite.mjs', 'wal']);
    await using _ = fixture;
    expect(seen).toEqual(
      expect.arrayContaining([
        'write /state/store.sqlite-wal',
        'map /state/store.sqlite-shm',
        'write /state/store.sqlite',
      ]),
    );
  });

  test('a shell script and mv', async () => {
    const { fixture, seen } = await opsOf(['/opt/programs/replace.sh']);
    await using _ = fixture;
    const temp = seen[0]?.replace('create ', '');
    expect(temp).toMatch(/^\/state\/store\.\d+\.tmp$/);
    expect(seen).toEqual([`create ${temp}`, `write ${temp}`, `rename ${temp} /state/store.json`]);
  });

  test('perl', async () => {
    const { fixture, seen } = await opsOf(['/opt/programs/replace.pl']);
    await using _ = fixture;
    const temp = seen[0]?.replace('create ', '');
    expect(seen).toEqual([`create ${temp}`, `write ${temp}`, `rename ${temp} /state/perl.json`]);
  });

  test('file names that are hard to print', async () => {
    await using fixture = await start(['/opt/programs/names.pl']);
    expect(await fixture.ended()).toBe(0);
    expect(
      ops(fixture)
        .filter(ev('op', { op: 'write' }))
        .map((op) => op.path),
    ).toEqual([
      '/state/line\nbreak',
      '/state/quote"back\\slash',
      '/state/tab\tbell\u0007',
      '/state/café 🙂',
      '/state/not utf8 \u00ff\u00fe',
      '/state/gone (deleted)',
    ]);
  });

  test('a shared mapping as `map`; io_uring is refused to the program', async () => {
    await using fixture = await act('map /state/mapped , io_uring');
    expect(await fixture.ended()).toBe(0);
    expect(ops(fixture)).toContainEqual(expect.objectContaining({ op: 'map', path: '/state/mapped', bytes: 4096 }));
    expect(fixture.logs()).toContain('map=0');
    expect(fixture.logs()).toContain('io_uring=-1 errno=38');
    expect(fixture.events[0]).toMatchObject({
      ev: 'start',
      ioUring: 'denied',
      protocol: 1,
      uid: 1000,
      noNewPrivs: true,
    });
  });

  test('a call whose path can not be read is denied, and told', async () => {
    await using fixture = await act('write /state/a x , exec act-unreadable , unlink /state/a');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.events.find(ev('unknown-path', { op: 'unlink' }))).toMatchObject({ syscall: 'unlink', errno: 13 });
    expect(await fixture.state()).toEqual(new Map([['a', 'x']]));
    expect(ops(fixture).map((op) => op.op)).toEqual(['create', 'write']);
  });

  test('a process that hides its memory, as a keeper of keys does, is seen all the same', async () => {
    await using fixture = await act('hide-memory , mkdir /state/keys , rename /state/keys /state/old');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('hide-memory=0 errno=0');
    expect(ops(fixture).map((op) => op.op)).toEqual(['mkdir', 'rename']);
    expect(fixture.events.filter(ev('unknown-path'))).toEqual([]);
  });

  test('a sync of a folder, with its path; an open that makes a file, with its flags', async () => {
    const [O_DSYNC, O_SYNC] = [0o10000, 0o4010000]; // Linux', on x86-64 and arm64
    await using fixture = await act('write /state/a x , write-dsync /state/b x , write-sync /state/c x , sync /state');
    expect(await fixture.ended()).toBe(0);
    expect(ops(fixture).filter(ev('op', { op: 'sync' }))).toMatchObject([{ syscall: 'fsync', path: '/state' }]);
    const made = ops(fixture).filter(ev('op', { op: 'create' }));
    expect(made.map((op) => [op.path, Number(op.flags) & O_SYNC])).toEqual([
      ['/state/a', 0],
      ['/state/b', O_DSYNC],
      ['/state/c', O_SYNC],
    ]);
  });

  test('nothing that lies outside the state folders', async () => {
    await using fixture = await act('write /tmp/elsewhere hello , rename /tmp/elsewhere /state/here');
    expect(await fixture.ended()).toBe(0);
    expect(ops(fixture).map((op) => op.op)).toEqual(['rename']);
  });

  test("what is to be changed outside them is told, once for each path, and not what is nobody's state", async () => {
    const script = [
      // Not `:`, whose failing redirection would end the shell.
      'true > /opt/a',
      'true > /opt/a',
      'mkdir /home/b',
      'mkdir -p /opt/programs',
      'rm -f /opt/not-there /tmp/not-there',
      ': > /tmp/c',
      ': > /dev/shm/d',
      ': > /state/e',
      'mv /tmp/c /tmp/f',
      'chmod 600 /etc/passwd',
      'echo x > /dev/null | cat',
      'for n in $(seq 100); do true > /opt/many$n; done',
    ];
    await using fixture = await start(['sh', '-c', `${script.join('; ')}; exit 0`]);
    expect(await fixture.ended()).toBe(0);
    const told = fixture.events.filter(ev('outside'));
    expect(told.slice(0, 3)).toMatchObject([
      { op: 'create', path: '/opt/a', comm: 'sh' },
      { op: 'mkdir', path: '/home/b', comm: 'mkdir' },
      { op: 'chmod', path: '/etc/passwd', comm: 'chmod' },
    ]);
    const many = Array.from({ length: 61 }, (_, index) => `/opt/many${index + 1}`);
    expect(told.slice(3).map((event) => event.path)).toEqual(many);
  });
});

describe('holding', { timeout: 60_000 }, () => {
  test('before a rename that is known by its target alone', async () => {
    await using fixture = await start(['node', '/opt/programs/promises.mjs', '1'], {
      commands: ['arm id=x op=rename path=/state/* to=/state/store-?.json'],
    });
    const event = await held(fixture);
    expect(event).toMatchObject({
      op: 'rename',
      to: '/state/store-0.json',
      nth: 1,
      at: 'before',
      quiesced: true,
      waiting: 0,
    });
    const before = await fixture.state();
    expect([...before.keys()].sort()).toEqual(['', String(event.path).slice('/state/'.length)].filter(Boolean));
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(await fixture.state()).toEqual(new Map([['store-0.json', '{"store":0}']]));
    expect(evs(fixture)).toEqual(['armed', 'held', 'released']);
    expect(fixture.events.find(ev('released'))).toMatchObject({ how: 'continued' });
  });

  test('the third call, whatever it is', async () => {
    await using fixture = await start(['every-op'], { commands: ['arm id=x op=any path=/state/** nth=3'] });
    expect(await held(fixture)).toMatchObject({ nth: 3, op: 'create', path: '/state/real/at-descriptor' });
    // The last of them is the one that is held.
    expect(ops(fixture).map((op) => op.op)).toEqual(['mkdir', 'symlink', 'create']);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
  });

  test('the fifth rename of eight threads: exactly four have happened', async () => {
    await using fixture = await start(['threads', '8', '20'], {
      commands: ['arm id=x op=rename path=/state/** to=/state/store-* nth=5'],
    });
    expect(await held(fixture)).toMatchObject({ nth: 5, quiesced: true });
    const stores = async () => [...(await fixture.state()).keys()].filter((name) => name.startsWith('store-')).length;
    expect(await stores()).toBe(4);
    const sizes = [...(await fixture.state())].map(([name, bytes]) => `${name} ${bytes.length}`).sort();
    fixture.send('mark text=still%20held');
    await fixture.waitFor(ev('mark', { text: 'still held' }), { name: 'the mark' });
    expect([...(await fixture.state())].map(([name, bytes]) => `${name} ${bytes.length}`).sort()).toEqual(sizes);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(await stores()).toBe(160);
    const counters = last(fixture)?.counters as { ops: Record<string, number> };
    expect(counters.ops).toEqual({ create: 168, write: 320, rename: 160 });
  });

  test('a process that is not the main one', async () => {
    await using fixture = await act('fork , write /state/a hello , exit 7', {
      commands: ['arm id=x op=write path=/state/a'],
    });
    const event = await held(fixture);
    expect(event.pid).not.toBe(fixture.events[0]?.pid);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(7);
  });

  test('a call that was let go before and is still in the kernel is told', async () => {
    await using fixture = await start(['sh', '-c', 'trap : USR1; act splice /state/a & wait; mkdir /state/b'], {
      commands: ['arm id=x op=mkdir path=/state/b'],
    });
    await fixture.waitFor(ev('op', { op: 'copy' }), { name: 'the splice' });
    await fixture.signal('SIGUSR1');
    expect(await held(fixture)).toMatchObject({ quiesced: false });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
  });

  test('one call that two crash points wait for is held twice', async () => {
    await using fixture = await act('mkdir /state/a', {
      commands: ['arm id=x op=mkdir path=/state/*', 'arm id=y op=mkdir path=/state/a'],
    });
    await held(fixture, 'x');
    fixture.send('release id=x');
    await held(fixture, 'y');
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(0);
  });

  test('a socket or a pipe is not in its way', async () => {
    await using fixture = await start(
      ['sh', '-c', '(echo from the other | cat >&2; : > /state/done) & : > /state/a; wait'],
      {
        commands: ['arm id=x op=create path=/state/a'],
      },
    );
    await held(fixture);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('from the other');
  });
});

/** The program `act`, and beside it others that each begin when the test says so (`begin`). */
const beside = (acts: string, others: readonly string[], options: Start = {}): Promise<Fixture> => {
  const waits = others.map((other, i) => `(until [ -e /tmp/go${i} ]; do sleep 0.02; done; exec act ${other}) &`);
  return start(['sh', '-c', `${waits.join(' ')} act ${acts}; code=$?; wait; exit $code`], options);
};

/** Lets a program beside the held one begin. */
const begin = (fixture: Fixture, other: number): Promise<string> => fixture.exec('touch', `/tmp/go${other}`);

/** A program beside the held one has begun, and sleeps in its first call: it waits in line. */
async function beginAndWaitInLine(fixture: Fixture, other: number, heldPid: unknown): Promise<void> {
  await begin(fixture, other);
  const standing = `grep -l '(act) S' /proc/[0-9]*/stat 2>/dev/null | grep -qv '^/proc/${heldPid}/'`;
  await fixture.exec('sh', '-c', `until ${standing}; do sleep 0.02; done`);
}

const REPLACE = 'write /state/old x , write /state/temp new , rename /state/temp /state/store';
const SWEEP = 'unlink /state/old , write /state/other hello';
const BEFORE_SWEEP = new Map([
  ['old', 'x'],
  ['temp', 'new'],
]);
const AFTER_SWEEP = new Map([
  ['other', 'hello'],
  ['temp', 'new'],
]);
const RENAMED = new Map([
  ['other', 'hello'],
  ['store', 'new'],
]);

const swept = async (fixture: Fixture, expected = AFTER_SWEEP): Promise<void> =>
  expect.poll(async () => [...(await fixture.state())].sort(), { timeout: 10_000 }).toEqual([...expected].sort());

const opsOfOther = (fixture: Fixture, pid: unknown): string[] =>
  ops(fixture)
    .filter((op) => op.pid !== pid)
    .map((op) => `${op.op} ${op.path}`);

const SWEEP_OPS = ['unlink /state/old', 'create /state/other', 'write /state/other'];
const ARM_REPLACE = 'arm id=x op=rename path=/state/temp to=/state/store';

/** Waits for what writegate has said until now: the folder is looked at through the engine, and its events may still be on their way. */
async function told(fixture: Fixture): Promise<void> {
  fixture.send('mark text=told');
  await fixture.waitFor(ev('mark', { text: 'told' }), { name: 'the events up to now' });
}

describe('passing a held call', { timeout: 60_000 }, () => {
  test('what waits in line goes on with it and not before, and the held call stands still', async () => {
    await using fixture = await beside(REPLACE, [SWEEP], { commands: [ARM_REPLACE] });
    const { pid } = await held(fixture);
    await beginAndWaitInLine(fixture, 0, pid);
    expect(await fixture.state()).toEqual(BEFORE_SWEEP);
    expect(opsOfOther(fixture, pid)).toEqual([]);
    fixture.send('pass id=x');
    await swept(fixture);
    await told(fixture);
    expect(opsOfOther(fixture, pid)).toEqual(SWEEP_OPS);
    expect(fixture.logs()).not.toContain('rename=');
    fixture.send('pass id=x');
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    await swept(fixture, RENAMED);
    expect(evs(fixture)).toEqual(['armed', 'held', 'passing', 'passing', 'released']);
    expect(fixture.events.filter(ev('error'))).toEqual([]);
  });

  test('what comes later goes on too', async () => {
    await using fixture = await beside(REPLACE, [SWEEP], { commands: [ARM_REPLACE] });
    const { pid } = await held(fixture);
    fixture.send('pass id=x');
    await fixture.waitFor(ev('passing', { id: 'x' }), { name: 'it is passed' });
    await begin(fixture, 0);
    await swept(fixture);
    await told(fixture);
    expect(opsOfOther(fixture, pid)).toEqual(SWEEP_OPS);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    await swept(fixture, RENAMED);
  });

  test('after a call', async () => {
    await using fixture = await beside(REPLACE, [SWEEP], { commands: [`${ARM_REPLACE} at=after`] });
    const { pid } = await held(fixture);
    await beginAndWaitInLine(fixture, 0, pid);
    expect(opsOfOther(fixture, pid)).toEqual([]);
    fixture.send('pass id=x');
    await swept(fixture, RENAMED);
    expect(fixture.logs()).not.toContain('rename=');
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    expect(fixture.events.find(ev('released'))).toMatchObject({ how: 'answered' });
  });

  test('it can take away what the held call needs: then that fails for its caller', async () => {
    await using fixture = await beside(REPLACE, ['unlink /state/temp'], { commands: [ARM_REPLACE] });
    await held(fixture);
    fixture.send('pass id=x');
    await begin(fixture, 0);
    await swept(fixture, new Map([['old', 'x']]));
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=-1 errno=2');
  });

  test('no arm sees what passes; at the release the arms see again', async () => {
    await using fixture = await start(['threads', '8', '20'], {
      commands: ['arm id=x op=rename path=/state/** nth=5', 'arm id=y op=rename path=/state/** nth=6'],
    });
    const { tid } = await held(fixture);
    fixture.send('arm id=z op=create path=/state/**');
    fixture.send('pass id=x');
    const renames = (own: boolean) =>
      ops(fixture).filter((op) => op.op === 'rename' && (op.tid === tid) === own).length;
    await fixture.waitFor(() => renames(false) === 7 * 20, { name: 'the others are done' });
    const done = renames(true) - 1;
    const stores = async () => [...(await fixture.state()).keys()].filter((name) => name.startsWith('store-')).length;
    await expect.poll(stores, { timeout: 10_000 }).toBe(7 * 20 + done);
    expect(fixture.events.filter(ev('held'))).toHaveLength(1);
    fixture.send('release id=x');
    // What is left are the held thread's own calls: the first that makes a file, and its next rename, the sixth counted.
    expect(await held(fixture, 'z')).toMatchObject({ tid, nth: 1 });
    fixture.send('release id=z');
    expect(await held(fixture, 'y')).toMatchObject({ tid, nth: 6, quiesced: true });
    expect(await stores()).toBe(7 * 20 + done + 1);
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(0);
    const counters = last(fixture)?.counters as { ops: Record<string, number> };
    expect(counters.ops).toEqual({ create: 168, write: 320, rename: 160 });
  });

  test('one call that two crash points wait for: the second holds it at the release, and is not passed', async () => {
    await using fixture = await beside(REPLACE, [SWEEP, 'mkdir /state/later'], {
      commands: [ARM_REPLACE, ARM_REPLACE.replace('id=x', 'id=y')],
    });
    const { pid } = await held(fixture);
    fixture.send('pass id=x');
    await begin(fixture, 0);
    await swept(fixture);
    fixture.send('release id=x');
    expect(await held(fixture, 'y')).toMatchObject({ pid, nth: 1, quiesced: true });
    await beginAndWaitInLine(fixture, 1, pid);
    await swept(fixture);
    expect(opsOfOther(fixture, pid)).toEqual(SWEEP_OPS);
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(0);
    await swept(fixture, RENAMED);
    expect(opsOfOther(fixture, pid)).toEqual([...SWEEP_OPS, 'mkdir /state/later']);
  });

  test('a torn hold is refused, and what is not held', async () => {
    await using fixture = await beside('write /state/a abcdefgh', [SWEEP], {
      commands: ['arm id=x op=write path=/state/a at=torn bytes=3', 'arm id=y op=mkdir path=/state/never'],
    });
    const { pid } = await held(fixture);
    await beginAndWaitInLine(fixture, 0, pid);
    for (const id of ['x', 'y', 'nobody']) fixture.send(`pass id=${id}`);
    fixture.send('mark text=refused');
    await fixture.waitFor(ev('mark'), { name: 'the mark' });
    const errors = fixture.events.filter(ev('error'));
    expect(errors.map((error) => error.code)).toEqual(['cannot-pass', 'unknown-id', 'unknown-id']);
    expect(errors[0]?.message).toContain('x is held at=torn');
    expect(await fixture.state()).toEqual(new Map([['a', 'abc']]));
    expect(opsOfOther(fixture, pid)).toEqual([]);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    await swept(
      fixture,
      new Map([
        ['a', 'abcdefgh'],
        ['other', 'hello'],
      ]),
    );
    expect(evs(fixture)).toEqual(['armed', 'held', 'released']);
  });

  const FREEZES: [at: string, first: 'pass' | 'pause', expected: Map<string, string>][] = [
    ['before', 'pass', AFTER_SWEEP],
    ['before', 'pause', AFTER_SWEEP],
    ['after', 'pass', RENAMED],
    ['after', 'pause', RENAMED],
  ];

  test.for(FREEZES)('at=%s and a freeze, %s first', async ([at, first, atHold]) => {
    await using fixture = await beside(REPLACE, [SWEEP], { commands: [`${ARM_REPLACE} at=${at}`] });
    const { pid } = await held(fixture);
    if (first === 'pass') fixture.send('pass id=x');
    else await beginAndWaitInLine(fixture, 0, pid);
    if (first === 'pass') await fixture.waitFor(ev('passing'), { name: 'it is passed' });
    await fixture.pause();
    if (first === 'pause') fixture.send('pass id=x');
    await fixture.unpause();
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    await begin(fixture, 0);
    await swept(fixture, atHold);
    await told(fixture);
    expect(opsOfOther(fixture, pid)).toEqual(SWEEP_OPS);
    expect(fixture.logs()).not.toContain('rename=');
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    await swept(fixture, RENAMED);
    expect(ops(fixture).filter(ev('op', { op: 'rename' }))).toHaveLength(1);
    expect(fixture.events.filter(ev('passing'))).toHaveLength(1);
  });

  test('a freeze while many pass: each of their calls counts once', async () => {
    await using fixture = await start(['threads', '8', '200'], {
      commands: ['arm id=x op=rename path=/state/** nth=3'],
    });
    await held(fixture);
    fixture.send('pass id=x');
    await fixture.pause();
    await fixture.unpause();
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    const counters = last(fixture)?.counters as { ops: Record<string, number> };
    expect(counters.ops).toEqual({ create: 1608, write: 3200, rename: 1600 });
    expect(ops(fixture)).toHaveLength(1608 + 3200 + 1600);
  });

  test('signals interrupt what passes: each call counts once', async () => {
    await using fixture = await beside(REPLACE, ['storm /state/log 1000'], { commands: [ARM_REPLACE] });
    const { pid } = await held(fixture);
    await begin(fixture, 0);
    fixture.send('pass id=x');
    await expect.poll(() => fixture.logs(), { timeout: 20_000 }).toContain('storm=1000');
    expect((await fixture.state()).get('log')).toBe('x'.repeat(1000));
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(opsOfOther(fixture, pid).filter((op) => op === 'write /state/log')).toHaveLength(1000);
  });

  test('it comes while the kernel has taken the call back, and stays on when that is held again', async () => {
    await using fixture = await beside(`restart-on-usr1 , ${REPLACE}`, [SWEEP, 'mkdir /state/later'], {
      commands: [ARM_REPLACE],
    });
    const { pid } = await held(fixture);
    await beginAndWaitInLine(fixture, 0, pid);
    await fixture.exec('sh', '-c', `kill -USR1 ${pid}`);
    await fixture.waitFor(ev('cancelled'), { name: 'it is cancelled' });
    fixture.send('pass id=x');
    await swept(fixture);
    await fixture.exec('touch', '/tmp/return');
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    await begin(fixture, 1);
    await fixture.waitFor(ev('op', { op: 'mkdir' }), { name: 'what comes later goes on' });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    expect(evs(fixture)).toEqual(['armed', 'held', 'cancelled', 'passing', 'reheld', 'released']);
  });

  test("the held call's own thread stands still even when a signal has ended the call", async () => {
    await using fixture = await beside(`fail-on-usr1 , ${REPLACE} , mkdir /state/own`, [SWEEP], {
      commands: [ARM_REPLACE],
    });
    const { pid } = await held(fixture);
    await fixture.exec('touch', '/tmp/return');
    await fixture.exec('sh', '-c', `kill -USR1 ${pid}`);
    await fixture.waitFor(ev('cancelled'), { name: 'it is cancelled' });
    await expect.poll(() => fixture.logs()).toContain('rename=-1 errno=4');
    fixture.send('pass id=x');
    await begin(fixture, 0);
    await swept(fixture);
    expect(fixture.events.some(ev('op', { op: 'mkdir' }))).toBe(false);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('mkdir=0');
    expect(ops(fixture).at(-1)).toMatchObject({ op: 'mkdir', path: '/state/own', pid });
  });

  test('a caller that dies while others pass is lost, and arms see again', async () => {
    await using fixture = await beside(REPLACE, [SWEEP, 'mkdir /state/later'], {
      commands: [ARM_REPLACE, 'arm id=y op=mkdir path=/state/later'],
    });
    const { pid } = await held(fixture);
    fixture.send('pass id=x');
    await begin(fixture, 0);
    await swept(fixture);
    await fixture.exec('sh', '-c', `kill -KILL ${pid}`);
    await fixture.waitFor(ev('lost', { id: 'x' }), { name: 'it is lost' });
    await begin(fixture, 1);
    await held(fixture, 'y');
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(137);
  });
});

describe('a torn write', { timeout: 60_000 }, () => {
  const TORN: [name: string, acts: string, arm: string, atHold: string, after: string][] = [
    ['write', 'write /state/a abcdefgh', 'bytes=3', 'abc', 'abcdefgh'],
    ['write, half of it', 'write /state/a abcdefg', '', 'abc', 'abcdefg'],
    ['write at a position', 'twice /state/a 0123 abcd', 'nth=2', '0123ab', '0123abcd'],
    ['pwrite', 'pwrite /state/a abcd 2', 'bytes=1', '\0\0a', '\0\0abcd'],
    ['writev', 'writev /state/a abc defgh', 'bytes=5', 'abcde', 'abcdefgh'],
    ['an append', 'append /state/a abcdefgh', 'bytes=3', 'abc', 'abcdefgh'],
  ];

  test.for(TORN)('%s', async ([, acts, arm, atHold, after]) => {
    await using fixture = await act(`${acts} , size /state/a`, {
      commands: [`arm id=x op=write path=/state/a at=torn ${arm}`.trim()],
    });
    const event = await held(fixture);
    expect((await fixture.state()).get('a')).toBe(atHold);
    expect(event).toMatchObject({ at: 'torn', quiesced: true });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect((await fixture.state()).get('a')).toBe(after);
    expect(fixture.logs()).toContain(`size=${after.length} `);
  });

  test.for([['write'], ['append']] as const)('%s, with a freeze during the hold', async ([how]) => {
    await using fixture = await act(`append /state/a 0123 , ${how} /state/a abcdefgh`, {
      commands: ['arm id=x op=write path=/state/a at=torn bytes=3 nth=2'],
    });
    const atHold = how === 'append' ? '0123abc' : 'abc3';
    await held(fixture);
    expect((await fixture.state()).get('a')).toBe(atHold);
    await fixture.pause();
    await fixture.unpause();
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    expect((await fixture.state()).get('a')).toBe(atHold);
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect((await fixture.state()).get('a')).toBe(how === 'append' ? '0123abcdefgh' : 'abcdefgh');
  });
});

describe('after a call', { timeout: 60_000 }, () => {
  test('a rename is on the disk, and its caller has not heard of it', async () => {
    await using fixture = await act('write /state/a hello , rename /state/a /state/b', {
      commands: ['arm id=x op=rename path=/state/a at=after'],
    });
    expect(await held(fixture)).toMatchObject({ at: 'after', result: 0 });
    expect(await fixture.state()).toEqual(new Map([['b', 'hello']]));
    expect(fixture.logs()).not.toContain('rename=');
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    expect(fixture.events.find(ev('released'))).toMatchObject({ how: 'answered' });
  });

  test('it is done once, though a freeze cancels it', async () => {
    await using fixture = await act('write /state/a hello , rename /state/a /state/b', {
      commands: ['arm id=x op=rename path=/state/a at=after'],
    });
    await held(fixture);
    await fixture.pause();
    await fixture.unpause();
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rename=0');
    expect(await fixture.state()).toEqual(new Map([['b', 'hello']]));
  });

  test('mkdir with the umask of the caller, link, unlink, rmdir; relative to where the caller is', async () => {
    await using fixture = await act('umask 027 , chdir /state , mkdir a , write b x , link b c , unlink b , rmdir a', {
      commands: ['mkdir', 'link', 'unlink']
        .map((op) => `arm id=${op} op=${op} path=/state/? at=after`)
        .concat('arm id=rmdir op=unlink path=/state/a at=after'),
    });
    expect(await held(fixture, 'mkdir')).toMatchObject({ result: 0 });
    expect((await fixture.exec('stat', '-c', '%a %u', '/state/a')).trim()).toBe('750 1000');
    for (const id of ['mkdir', 'link', 'unlink', 'rmdir']) {
      expect(await held(fixture, id)).toMatchObject({ result: 0 });
      fixture.send(`release id=${id}`);
    }
    expect(await fixture.ended()).toBe(0);
    for (const name of ['mkdir', 'link', 'unlink', 'rmdir']) expect(fixture.logs()).toContain(`${name}=0`);
    expect([...(await fixture.state()).keys()]).toEqual(['c']);
  });

  test('a call that fails, fails for its caller', async () => {
    await using fixture = await act('rmdir /state/missing', {
      commands: ['arm id=x op=unlink path=/state/missing at=after'],
    });
    expect(await held(fixture)).toMatchObject({ result: -2 });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('rmdir=-1 errno=2');
  });
});

describe('faults during a hold', { timeout: 60_000 }, () => {
  test('a freeze: the same call is held again, and counts once', async () => {
    await using fixture = await act('write /state/a x , rename /state/a /state/b , rename /state/b /state/c', {
      commands: ['arm id=x op=rename path=/state/?', 'arm id=y op=rename path=/state/? nth=2'],
    });
    await held(fixture, 'x');
    await fixture.pause();
    await fixture.unpause();
    await fixture.waitFor(ev('reheld', { id: 'x' }), { name: 'x is held again' });
    fixture.send('release id=x');
    expect(await held(fixture, 'y')).toMatchObject({ nth: 2, path: '/state/b' });
    expect([...(await fixture.state()).keys()]).toEqual(['b']);
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(0);
    // An engine may freeze and thaw several times for one pause (runc does on cgroup v1, until all threads stand still).
    expect(evs(fixture).join(' ')).toMatch(/^armed held( cancelled reheld)+ released$/);
    expect(ops(fixture).map((op) => op.op)).toEqual(['create', 'write', 'rename', 'rename']);
  });

  test('a freeze with other threads waiting: each of their calls counts once', async () => {
    await using fixture = await start(['threads', '8', '5'], { commands: ['arm id=x op=rename path=/state/** nth=3'] });
    await held(fixture);
    await fixture.pause();
    await fixture.unpause();
    await fixture.waitFor(ev('reheld'), { name: 'it is held again' });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(0);
    const counters = last(fixture)?.counters as { ops: Record<string, number> };
    expect(counters.ops).toEqual({ create: 48, write: 80, rename: 40 });
  });

  test('SIGKILL of the container leaves the state as it is', async () => {
    await using fixture = await act('write /state/a hello , rename /state/a /state/b', {
      commands: ['arm id=x op=rename path=/state/a'],
    });
    await held(fixture);
    await fixture.signal('SIGKILL');
    expect(await fixture.ended()).toBe(137);
    expect(await fixture.state()).toEqual(new Map([['a', 'hello']]));
    expect(fixture.events.some(ev('exit'))).toBe(false);
  });

  test('SIGKILL of the gateway alone: the call is lost, and writegate says how it ended', async () => {
    await using fixture = await act('write /state/a hello , rename /state/a /state/b', {
      commands: ['arm id=x op=rename path=/state/a'],
    });
    const event = await held(fixture);
    await fixture.exec('sh', '-c', `kill -KILL ${event.pid}`);
    expect(await fixture.ended()).toBe(137);
    expect(evs(fixture)).toEqual(['armed', 'held', 'lost']);
    expect(last(fixture)).toMatchObject({ ev: 'exit', signal: 9 });
    expect(await fixture.state()).toEqual(new Map([['a', 'hello']]));
  });

  test('SIGKILL of a held child: it is lost, and the rest goes on', async () => {
    await using fixture = await start(['sh', '-c', 'act write /state/a hello; act write /state/b world'], {
      commands: ['arm id=x op=write path=/state/a'],
    });
    const event = await held(fixture);
    await fixture.exec('sh', '-c', `kill -KILL ${event.pid}`);
    await fixture.waitFor(ev('lost', { id: 'x' }), { name: 'it is lost' });
    expect(await fixture.ended()).toBe(0);
    expect(await fixture.state()).toEqual(
      new Map([
        ['a', ''],
        ['b', 'world'],
      ]),
    );
  });

  test('the memory limit: the gateway is the victim, and there is only one', async () => {
    await using fixture = await act('allocate 40 , write /state/a hello', {
      commands: ['arm id=x op=write path=/state/a at=torn bytes=2'],
      memoryBytes: 96 * MEBIBYTE,
      shmBytes: 128 * MEBIBYTE,
    });
    const { pid } = await held(fixture);
    expect((await fixture.exec('cat', `/proc/${pid}/oom_score_adj`, '/proc/1/oom_score_adj')).trim()).toBe('1000\n0');
    fixture.send(`fill bytes=${128 * MEBIBYTE}`);
    const filled = await fixture.waitFor(ev('filled'), { name: 'the ballast' });
    expect(await fixture.ended()).toBe(137);
    // The kernel may take the ballast's writer too, and then it is said; never writegate.
    const kills = filled.writerKilled === true ? 2 : 1;
    expect(filled).toMatchObject({ why: 'gateway-died', oomKillsBefore: 0, oomKillsAfter: kills });
    expect(filled.bytes).toBeGreaterThan(30 * MEBIBYTE);
    expect(last(fixture)).toMatchObject({ ev: 'exit', signal: 9, oomKillsAtStart: 0, oomKills: kills });
    expect(fixture.events[0]).toMatchObject({ ev: 'start', memoryLimitBytes: 96 * MEBIBYTE });
    // The ballast is given back before anything else is done.
    expect(last(fixture)?.currentBytes).toBeLessThan(Number(filled.bytes));
    expect(evs(fixture)).toEqual(['armed', 'held', 'lost']);
    expect((await fixture.state()).get('a')).toBe('he');
  });

  test('the memory limit: a gateway that is smaller than the writer of the ballast is the victim too', async () => {
    await using fixture = await act('write /state/a hello', {
      commands: ['arm id=x op=write path=/state/a'],
      memoryBytes: 96 * MEBIBYTE,
      shmBytes: 128 * MEBIBYTE,
    });
    await held(fixture);
    fixture.send(`fill bytes=${128 * MEBIBYTE}`);
    expect(await fixture.waitFor(ev('filled'), { name: 'the ballast' })).toMatchObject({ why: 'gateway-died' });
    expect(await fixture.ended()).toBe(137);
    expect(last(fixture)).toMatchObject({ ev: 'exit', signal: 9 });
    expect(last(fixture)?.currentBytes).toBeLessThan(32 * MEBIBYTE);
  });

  test('a fill that ends by itself, and is drained', async () => {
    await using fixture = await act('pause');
    fixture.send(`fill bytes=${4 * MEBIBYTE}`);
    expect(await fixture.waitFor(ev('filled'), { name: 'the ballast' })).toMatchObject({
      why: 'maximum',
      bytes: 4 * MEBIBYTE,
    });
    expect(await fixture.exec('ls', '/dev/shm')).toContain('midwrite-ballast');
    fixture.send('drain');
    fixture.send('mark text=drained');
    await fixture.waitFor(ev('mark'), { name: 'the drain' });
    expect(await fixture.exec('ls', '/dev/shm')).not.toContain('midwrite-ballast');
    fixture.send(`fill bytes=${512 * MEBIBYTE}`);
    expect(await fixture.waitFor(ev('filled', { why: 'no-space' }), { name: 'no space' })).toMatchObject({
      bytes: 64 * MEBIBYTE,
    });
  });
});

describe('as the first process of a container', { timeout: 60_000 }, () => {
  test("the exit code is the gateway's", async () => {
    await using fixture = await act('exit 42');
    expect(await fixture.ended()).toBe(42);
    expect(last(fixture)).toMatchObject({ ev: 'exit', code: 42 });
  });

  test('a signal that ends the gateway is told', async () => {
    await using fixture = await act('raise 6');
    expect(await fixture.ended()).toBe(134);
    expect(last(fixture)).toMatchObject({ ev: 'exit', signal: 6 });
  });

  test('SIGTERM is forwarded', async () => {
    await using fixture = await act('write /state/a x , pause');
    await fixture.waitFor(ev('op', { op: 'write' }), { name: 'the program runs' });
    await fixture.signal('SIGTERM');
    expect(await fixture.ended()).toBe(143);
    expect(last(fixture)).toMatchObject({ ev: 'exit', signal: 15 });
  });

  test('a signal during a hold ends the gateway, or leaves the call held', async () => {
    await using fixture = await act('write /state/a x', { commands: ['arm id=x op=write path=/state/a'] });
    await held(fixture);
    await fixture.signal('SIGWINCH'); // ignored: the call is not even interrupted
    await fixture.signal('SIGTERM');
    expect(await fixture.ended()).toBe(143);
    expect(evs(fixture)).toEqual(['armed', 'held', 'lost']);
  });

  test('the gateway has the same PID at every boot, however many the start of the container took', async () => {
    await using fixture = await act('mkdir made');
    expect(await fixture.waitFor(ev('op', { op: 'mkdir' }), { name: 'the call' })).toMatchObject({ pid: 32 });
    await using other = await act('mkdir made', { gateArgs: ['--pid', '64'] });
    expect(await other.waitFor(ev('op', { op: 'mkdir' }), { name: 'the call' })).toMatchObject({ pid: 64 });
  });

  test('orphans are reaped', async () => {
    await using fixture = await act('orphan 5 , pause');
    expect(await fixture.waitFor(ev('child', { code: 5 }), { name: 'the orphan is reaped' })).not.toHaveProperty(
      'signal',
    );
    expect(await fixture.exec('sh', '-c', 'cat /proc/[0-9]*/stat')).not.toMatch(/\) Z /);
  });

  test("the gateway can't write events", async () => {
    await using fixture = await act('steal-events');
    expect(await fixture.ended()).toBe(0);
    expect(fixture.logs()).toContain('steal-events=-1 errno=13');
  });

  test('the end of stdin ends the gateway with --exit-on-eof, and only then', async () => {
    await using kept = await act('pause');
    await using ended = await act('pause', { gateArgs: ['--exit-on-eof'] });
    await Promise.all([kept, ended].map((fixture) => fixture.waitFor(ev('start'), { name: 'the start' })));
    ended.hangUp();
    kept.hangUp();
    expect(await ended.ended()).toBe(125);
    expect(last(ended)).toMatchObject({ ev: 'exit', signal: 9 });
    await kept.signal('SIGTERM');
    expect(await kept.ended()).toBe(143);
  });
});

describe('refusals', { timeout: 60_000 }, () => {
  test('a filter is in the way', async () => {
    await using fixture = await start(['writegate', 'run', '--state', '/state', '--', 'act', 'exit', '0']);
    expect(await fixture.ended()).toBe(70);
    expect(JSON.parse(fixture.logs())).toMatchObject({ ev: 'refused', code: 'filter-in-the-way' });
  });

  test('a command that does not exist', async () => {
    await using fixture = await start(['no-such-program']);
    expect(await fixture.ended()).toBe(70);
    expect(fixture.events).toMatchObject([{ ev: 'refused', code: 'no-such-command' }]);
  });

  test('a command line that is not one', async () => {
    await using fixture = await start([], { entire: ['run', '--', 'act'] });
    expect(await fixture.ended()).toBe(70);
    expect(fixture.events).toMatchObject([{ ev: 'refused', code: 'bad-usage' }]);
  });

  test('probe', async () => {
    await using fixture = await start([], { entire: ['probe'] });
    expect(await fixture.ended()).toBe(0);
    expect(fixture.events).toHaveLength(1);
  });

  const BAD = [
    'arm',
    'arm id=x op=write',
    'arm id=x op=scribble path=/state/*',
    'arm id=x op=write path=/state/* colour=red',
    'arm id=x op=write path=/state/* path=/state/a',
    'arm id=x op=write path=/state/* nth=0',
    'arm id=x op=write path=/state/* nth=1x',
    'arm id=x op=write path=/state/* at=later',
    'arm id=x op=write path=/state/* at=after',
    'arm id=x op=rename path=/state/* at=torn',
    'arm id=x op=any path=/state/* at=torn',
    'arm id=x op=any path=/state/* at=after',
    'arm id=x op=write path=/state/* to=/state/b',
    'arm id=x op=write path=/state/* bytes=3',
    'arm id=x op=write path=/state/%zz',
    'arm id=x op=write  path=/state/*',
    'arm id=x op=write path=relative',
    `arm id=${'x'.repeat(100)} op=write path=/state/*`,
    'fill',
    'fill bytes=0',
    'drain now=1',
    'pass',
    'pass id=go now=1',
    'maps',
    'maps id=x now=1',
    'charge',
    'explode',
    '',
    'x'.repeat(40_000),
  ];

  test('commands that are wrong change nothing', async () => {
    await using fixture = await actWhenArmed('write /state/a hello', [...BAD, 'release id=nobody', 'disarm id=nobody']);
    expect(await fixture.ended()).toBe(0);
    const errors = fixture.events.filter(ev('error'));
    expect(errors.map((error) => error.code)).toEqual([...BAD.map(() => 'bad-command'), 'unknown-id', 'unknown-id']);
    expect(fixture.events.filter(ev('armed'))).toHaveLength(1);
    expect(fixture.events.filter(ev('held'))).toHaveLength(1);
  });

  test('an id is armed once, and can be disarmed', async () => {
    await using fixture = await actWhenArmed('write /state/a hello', [
      'arm id=x op=write path=/state/%61',
      'arm id=x op=write path=/state/b',
      'arm id=go op=write path=/state/b',
      'disarm id=x',
    ]);
    expect(await fixture.ended()).toBe(0);
    expect(evs(fixture)).toEqual(['armed', 'disarmed']);
    expect(fixture.events.filter(ev('error')).map((error) => error.code)).toEqual(['duplicate-id', 'duplicate-id']);
  });
});

describe('patterns', { timeout: 60_000 }, () => {
  const ACTS = 'mkdir /state/d , mkdir /state/d/e , write /state/d/e/f.tmp x';
  const PATTERNS: [pattern: string, matches: boolean][] = [
    ['/state/d/e/f.tmp', true],
    ['/state/**/f.tmp', true],
    ['/state/d/e/**/f.tmp', true],
    ['**', true],
    ['**.tmp', true],
    ['/state/*/*/?.tmp', true],
    ['/state/*/f.tmp', false],
    ['/state/d?e/f.tmp', false],
    ['/state/**/g.tmp', false],
    ['/state/d/e/f', false],
  ];

  test('each that matches holds, each that does not does not', async () => {
    const commands = PATTERNS.map(([pattern], i) => `arm id=p${i} op=write path=${pattern}`);
    await using fixture = await act(ACTS, { commands });
    const expected = PATTERNS.flatMap(([, matches], i) => (matches ? [`p${i}`] : []));
    for (const id of expected) {
      await held(fixture, id);
      fixture.send(`release id=${id}`);
    }
    expect(await fixture.ended()).toBe(0);
    expect(fixture.events.filter(ev('held')).map((event) => event.id)).toEqual(expected);
  });
});

interface Mapping {
  start: string;
  bytes: number;
  perms: string;
  rssBytes: number;
  pssBytes: number;
  anonymousBytes: number;
  name?: string;
}

/** What `maps` says, when the program has come to where it waits. */
async function mapped(fixture: Fixture, isThere: (event: GateEvent) => boolean, id = 'm') {
  await fixture.waitFor(isThere, { name: 'the program has mapped what it maps' });
  fixture.send(`maps id=${id}`);
  const end = await fixture.waitFor(ev('mapped', { id }), { name: 'its mappings' });
  const parts = fixture.events.filter(ev('mappings', { id }));
  return { end, parts, all: parts.flatMap((part) => part.mappings as Mapping[]) };
}

describe('what is mapped', { timeout: 60_000 }, () => {
  const DONE = 'mkdir /state/done , pause';
  const done = ev('op', { op: 'mkdir', path: '/state/done' });

  test('address space that is reserved, one that is touched in part, and a file', async () => {
    await using fixture = await act(`reserve 9000 , touch 24 10 , map /state/mapped , ${DONE}`);
    const { end, all } = await mapped(fixture, done);
    expect(all).toContainEqual(
      expect.objectContaining({ bytes: 9000 * MEBIBYTE, perms: '---p', rssBytes: 0, pssBytes: 0, anonymousBytes: 0 }),
    );
    const touched = { rssBytes: 10 * MEBIBYTE, pssBytes: 10 * MEBIBYTE, anonymousBytes: 10 * MEBIBYTE };
    expect(all).toContainEqual(expect.objectContaining({ bytes: 24 * MEBIBYTE, perms: 'rwxp', ...touched }));
    expect(all.find(({ bytes }) => bytes === 24 * MEBIBYTE)).not.toHaveProperty('name');
    expect(all).toContainEqual(
      expect.objectContaining({ bytes: 4096, perms: 'rw-s', name: '/state/mapped', anonymousBytes: 0 }),
    );
    expect(all.map(({ name }) => name)).toContain('/usr/local/bin/act');
    expect(end).toMatchObject({ processes: 1, mappings: all.length, leftOut: 0, unreadable: 0, allProcesses: true });
    expect(end.anonymousBytes).toBeGreaterThan(10 * MEBIBYTE);
    expect(end.currentBytes).toBeGreaterThan(Number(end.anonymousBytes));
    expect(end.currentBytes).toBeLessThan(100 * MEBIBYTE);
  });

  test('the charge alone: what is touched, and not what is reserved', async () => {
    await using fixture = await act(`mkdir /state/go , reserve 9000 , touch 24 10 , ${DONE}`, {
      commands: ['arm id=go op=mkdir path=/state/go'],
    });
    await held(fixture, 'go');
    fixture.send('charge id=before');
    const before = await fixture.waitFor(ev('charged', { id: 'before' }), { name: 'the charge before' });
    fixture.send('release id=go');
    await fixture.waitFor(done, { name: 'the program has mapped what it maps' });
    fixture.send('charge id=after');
    const after = await fixture.waitFor(ev('charged', { id: 'after' }), { name: 'the charge after' });
    const grown = (Number(after.anonymousBytes) - Number(before.anonymousBytes)) / MEBIBYTE;
    // The kernel counts in batches: cgroup-v1/memory.rst, 5.5.
    expect(grown).toBeGreaterThan(9);
    expect(grown).toBeLessThan(12);
    expect(after.currentBytes).toBeGreaterThanOrEqual(Number(after.anonymousBytes));
    expect(after.cpuUs).toBeGreaterThan(Number(before.cpuUs));
    expect(after.ownCpuUs).toBeGreaterThan(Number(before.ownCpuUs));
    expect(after.ownCpuUs).toBeLessThan(Number(after.cpuUs));
  });

  test('more than go into one event, each once and in order', async () => {
    await using fixture = await act(`scatter 1000 , ${DONE}`);
    const { end, parts, all } = await mapped(fixture, done);
    expect(parts.length).toBeGreaterThan(3);
    expect(Math.max(...parts.map((part) => (part.mappings as Mapping[]).length))).toBe(256);
    const starts = all.map(({ start }) => Number.parseInt(start, 16));
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
    expect(all.filter(({ bytes, perms }) => bytes === 4096 && perms === '--xp')).toHaveLength(500);
    expect(end.mappings).toBe(all.length);
  });

  test('a child, also one that another thread has started, and not the ballast', async () => {
    const spawn = `require('node:child_process').spawn('act', ['reserve', '300', ',', 'mkdir', '/state/done', ',', 'pause'])`;
    const script = `new (require('node:worker_threads').Worker)(${JSON.stringify(spawn)}, { eval: true })`;
    await using fixture = await start(['node', '-e', script]);
    await fixture.waitFor(done, { name: 'the child' });
    fixture.send(`fill bytes=${MEBIBYTE}`);
    await fixture.waitFor(ev('filled', { why: 'maximum' }), { name: 'the ballast' });
    const { end, parts, all } = await mapped(fixture, done);
    expect(end.processes).toBe(2);
    expect(new Set(parts.map((part) => part.comm))).toEqual(new Set(['MainThread', 'act']));
    expect(all).toContainEqual(expect.objectContaining({ bytes: 300 * MEBIBYTE, perms: '---p', rssBytes: 0 }));
  });

  test('a name that is hard to print is whole', async () => {
    const file = '/state/a b%"\u00e9';
    await using fixture = await start(['act', 'map', file, ',', 'mkdir', '/state/done', ',', 'pause']);
    const { all } = await mapped(fixture, done);
    expect(all.map(({ name }) => name)).toContain(file);
  });

  test('what can not be read is told, and what is over is not there', async () => {
    await using hidden = await act('exec act-unreadable , mkdir /state/done , pause');
    const unknown = ev('unknown-path', { op: 'mkdir' });
    expect((await mapped(hidden, unknown)).end).toMatchObject({ processes: 0, mappings: 0, unreadable: 1 });
  });

  test('while a call is held', async () => {
    await using fixture = await act('mkdir /state/a , exit 3', { commands: ['arm id=x op=mkdir path=/state/a'] });
    const { end } = await mapped(fixture, ev('held', { id: 'x' }));
    expect(end).toMatchObject({ processes: 1, unreadable: 0 });
    fixture.send('release id=x');
    expect(await fixture.ended()).toBe(3);
  });
});

describe('memory figures, from recorded hierarchies', { timeout: 60_000 }, () => {
  // A container with a limit of 512 MiB in which one process was killed: cgroup v2 (5.15 has no memory.peak) and v1.
  const V2 = {
    'cgroup.controllers': 'cpuset cpu io memory pids',
    'memory.current': '104857600',
    'memory.max': '536870912',
    'memory.events': 'low 0\\nhigh 0\\nmax 812\\noom 2\\noom_kill 1\\noom_group_kill 0',
    'cpu.stat': 'usage_usec 1234567\\nuser_usec 1000000\\nsystem_usec 234567',
    'memory.stat': 'anon 73400320\\nfile 20971520\\nkernel 4194304\\nfile_mapped 1\\nanon_thp 2',
  };
  const charge = { anonymousBytes: 73400320, fileBytes: 20971520, cpuUs: 1234567 };
  const known = { cgroupVersion: 2, currentBytes: 104857600, oomKills: 1, ...charge };
  const cases: [string, Record<string, string>, object][] = [
    ['v2', { ...V2, 'memory.peak': '536870912' }, { ...known, peakBytes: 536870912, limitBytes: 536870912 }],
    [
      'v2 without memory.peak and without a limit',
      { ...V2, 'memory.max': 'max' },
      { ...known, peakBytes: null, limitBytes: null },
    ],
    [
      'v1',
      {
        'memory/memory.usage_in_bytes': '104857600',
        'memory/memory.max_usage_in_bytes': '536870912',
        'memory/memory.limit_in_bytes': '9223372036854771712',
        'memory/memory.oom_control': 'oom_kill_disable 0\\nunder_oom 0\\noom_kill 3',
        'cpuacct/cpuacct.usage': '1234567890',
        'memory/memory.stat': 'cache 20971520\\nrss 73400320\\nrss_huge 2097152\\ntotal_rss 1\\ntotal_cache 2',
      },
      { cgroupVersion: 1, currentBytes: 104857600, peakBytes: 536870912, limitBytes: null, oomKills: 3, ...charge },
    ],
    [
      'v2 without memory.stat',
      { ...V2, 'memory.stat': '' },
      { cgroupVersion: 2, anonymousBytes: null, fileBytes: null },
    ],
  ];

  test.each(cases)('%s', async (_, files, expected) => {
    await using fixture = await act('pause');
    const script = Object.entries(files).map(
      ([name, text]) => `mkdir -p $(dirname /state/cg/${name}); printf '${text}\\n' > /state/cg/${name}`,
    );
    const said = await fixture.exec('sh', '-c', [...script, 'writegate figures /state/cg'].join('; '));
    expect(JSON.parse(said)).toMatchObject({ ev: 'figures', ...expected });
  });
});
