import { describe, expect, test } from 'vitest';
import { type Fixture, type GateEvent, startFixture } from './fixtures/run.ts';

/* Calls that writegate answers in the kernel's place, or lets the kernel cut short. */

const EIO = 5;
const ENOSPC = 28;

function testImage(): string {
  const image = process.env.WRITEGATE_TEST_IMAGE;
  if (!image)
    throw new Error('WRITEGATE_TEST_IMAGE is not set: it names the image of images/writegate/fixtures/Dockerfile');
  return image;
}

const act = (acts: string, commands: readonly string[]): Promise<Fixture> =>
  startFixture({ image: testImage(), command: ['act', ...acts.split(' ')], commands });

const ev =
  (name: string, fields: Record<string, unknown> = {}) =>
  (event: GateEvent) =>
    event.ev === name && Object.entries(fields).every(([key, value]) => event[key] === value);

const held = (fixture: Fixture): Promise<GateEvent> => fixture.waitFor(ev('held', { id: 'x' }), { name: 'x is held' });
const of = (fixture: Fixture, name: string): GateEvent[] => fixture.events.filter(ev(name));

describe('a held call that fails', { timeout: 60_000 }, () => {
  test('before: the kernel never runs it, and the event says which call was answered with what', async () => {
    await using fixture = await act('write /state/a old , rename /state/a /state/b , size /state/b , size /state/a', [
      'arm id=x op=rename path=/state/a',
    ]);
    await held(fixture);
    fixture.send('fail id=x errno=ENOSPC');
    expect(await fixture.ended(), fixture.logs()).toBe(0);
    expect(fixture.logs()).toContain(`rename=-1 errno=${ENOSPC}`);
    expect(fixture.logs()).toContain('size=-1');
    expect(fixture.logs()).toContain('size=3');
    const [answered] = of(fixture, 'answered');
    const op = fixture.events.find((event) => event.seq === answered?.of);
    expect(answered).toMatchObject({ op: 'rename', to: '/state/b', error: 'ENOSPC', result: -ENOSPC, by: 'hold' });
    expect(op).toMatchObject({ ev: 'op', op: 'rename', path: '/state/a' });
    expect(of(fixture, 'released')).toMatchObject([{ id: 'x', how: 'failed' }]);
  });

  test('torn: what took a part returns how much, and what comes next can fail, so often and no more', async () => {
    await using fixture = await act('write /state/a hello , append /state/a hello , append /state/a world', [
      'arm id=x op=write path=/state/a at=torn bytes=2',
    ]);
    const { seq } = await held(fixture);
    fixture.send('fail id=x errno=EIO');
    const error = await fixture.waitFor(ev('error'), { name: 'the refusal', after: seq });
    expect(error).toMatchObject({ code: 'cannot-fail' });
    fixture.send('refuse id=rest path=/state/a errno=EIO op=write times=1');
    fixture.send('shorten id=x');
    await fixture.ended();
    expect(fixture.logs()).toContain('write=2 errno=0');
    expect(fixture.logs()).toContain(`append=-1 errno=${EIO}`);
    expect((await fixture.state()).get('a')).toBe('heworld');
    expect(of(fixture, 'answered').map(({ by }) => by)).toEqual(['hold', 'refusal']);
  });

  test('torn, with nothing in the file yet: it fails', async () => {
    await using fixture = await act('write /state/a hello', ['arm id=x op=write path=/state/a at=torn bytes=0']);
    await held(fixture);
    fixture.send('fail id=x errno=EIO');
    await fixture.ended();
    expect(fixture.logs()).toContain(`write=-1 errno=${EIO}`);
    expect((await fixture.state()).get('a')).toBe('');
  });

  test.each([
    ['rename /state/a /state/b', 'op=rename path=/state/a at=after', 'fail id=x errno=EIO', 'cannot-fail', 'done it'],
    ['unlink /state/a', 'op=unlink path=/state/a', 'fail id=x errno=ENOSPC', 'cannot-fail', "can't return ENOSPC"],
    ['sync /state/a', 'op=sync path=/state/a', 'fail id=x errno=EMFILE', 'cannot-fail', "can't return EMFILE"],
    ['sync /state/a', 'op=sync path=/state/a', 'fail id=x errno=ENOENT', 'bad-command', 'errno is'],
    ['sync /state/a', 'op=sync path=/state/a', 'fail id=x errno=EIO lose=unsynced', 'cannot-lose', 'tracked'],
    ['sync /state/a', 'op=sync path=/state/a', 'shorten id=x', 'cannot-shorten', "can't be cut short"],
    ['sync /state/a', 'op=sync path=/state/a', 'fail id=other errno=EIO', 'unknown-id', 'other is not held'],
    [
      'sync /state/a',
      'op=sync path=/state/a',
      'refuse id=r path=/state/a errno=ENOSPC op=unlink',
      'bad-command',
      'no such call',
    ],
  ])('%s: what can not be is refused, and the call is still held: %s, %s', async (acts, arm, command, code, text) => {
    await using fixture = await act(`write /state/a old , ${acts}`, [`arm id=x ${arm}`]);
    const { seq } = await held(fixture);
    fixture.send(command);
    const error = await fixture.waitFor(ev('error'), { name: 'the refusal', after: seq });
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(text);
    fixture.send('release id=x');
    expect(await fixture.ended(), fixture.logs()).toBe(0);
    expect(fixture.logs()).toContain('=0 errno=0');
  });
});

describe('a write that is cut short', { timeout: 60_000 }, () => {
  test.each([
    ['write /state/a hello', 'at=before', 2],
    ['write /state/a hello', 'at=torn bytes=3', 3],
    ['pwrite /state/a hello 4', 'at=before', 2],
    ['append /state/a hello', 'at=torn', 2],
    ['writev /state/a hel lo', 'at=before', 2],
  ])('%s, held %s: the kernel itself writes %i bytes', async (acts, at, count) => {
    await using fixture = await act(acts, [`arm id=x op=write path=/state/a ${at}`]);
    await held(fixture);
    fixture.send('shorten id=x');
    await fixture.ended();
    expect(fixture.logs()).toContain(`=${count} errno=0`);
    const content = (await fixture.state()).get('a') ?? '';
    expect(content.replaceAll('\0', '')).toBe('hello'.slice(0, count));
    expect(of(fixture, 'answered')).toMatchObject([{ op: 'write', result: count, by: 'hold' }]);
  });

  test('the position moves with what was written, and the next write is whole again', async () => {
    await using fixture = await act('twice /state/a hello world', ['arm id=x op=write path=/state/a']);
    await held(fixture);
    fixture.send('shorten id=x bytes=2');
    await fixture.ended();
    expect(fixture.logs()).toContain('twice=7');
    expect((await fixture.state()).get('a')).toBe('heworld');
  });
});

describe('a sync that fails', { timeout: 60_000 }, () => {
  const acts = 'write /state/a old , sync /state/a , sync-again /state/a NEW';

  test('what was not synced is gone, and the next sync succeeds', async () => {
    await using fixture = await act(acts, ['track', 'arm id=x op=sync path=/state/a nth=2']);
    await held(fixture);
    fixture.send('fail id=x errno=EIO lose=unsynced');
    await fixture.ended();
    expect(fixture.logs()).toContain('sync-again=10');
    expect((await fixture.state()).get('a')).toBe('old');
    expect(of(fixture, 'answered')).toMatchObject([{ op: 'sync', error: 'EIO', lostBytes: 3 }]);
  });

  test('a sync that succeeds keeps it', async () => {
    await using fixture = await act(acts, ['track', 'arm id=x op=sync path=/state/a nth=3']);
    await held(fixture);
    fixture.send('fail id=x errno=EIO lose=unsynced');
    await fixture.ended();
    expect(fixture.logs()).toContain('sync-again=1 ');
    expect((await fixture.state()).get('a')).toBe('oldNEW');
    expect(of(fixture, 'answered')).toMatchObject([{ lostBytes: 0 }]);
  });

  test('what was written over after it had grown is as it was', async () => {
    await using fixture = await act(
      'write /state/a old , sync /state/a , append /state/a more , pwrite /state/a XY 1 , sync /state/a',
      ['track', 'arm id=x op=sync path=/state/a nth=2'],
    );
    await held(fixture);
    fixture.send('fail id=x errno=EIO lose=unsynced');
    await fixture.ended();
    expect((await fixture.state()).get('a')).toBe('old');
  });

  test('what was written over is as it was', async () => {
    await using fixture = await act('write /state/a old , sync /state/a , pwrite /state/a XYZ+ 1 , sync /state/a', [
      'track',
      'arm id=x op=sync path=/state/a nth=2',
    ]);
    await held(fixture);
    fixture.send('fail id=x errno=EIO lose=unsynced');
    await fixture.ended();
    expect((await fixture.state()).get('a')).toBe('old');
  });
});

describe('calls that fail from here on', { timeout: 60_000 }, () => {
  test('each that meets it, by either path, until it is taken away; what can not return the error goes on', async () => {
    await using fixture = await act(
      'write /state/a old , mkdir /state/go , mkdir /state/c , rename /state/a /state/b , link /state/a /state/d , ' +
        'unlink /state/a , mkdir /state/end , write /state/a new',
      ['arm id=x op=mkdir path=/state/go', 'arm id=y op=mkdir path=/state/end'],
    );
    await held(fixture);
    fixture.send('refuse id=r path=/state/a errno=ENOSPC');
    fixture.send('release id=x');
    await fixture.waitFor(ev('held', { id: 'y' }), { name: 'y is held' });
    fixture.send('allow id=r');
    fixture.send('release id=y');
    expect(await fixture.ended(), fixture.logs()).toBe(0);
    expect(fixture.logs()).toContain(`rename=-1 errno=${ENOSPC}`);
    expect(fixture.logs()).toContain(`link=-1 errno=${ENOSPC}`);
    expect(fixture.logs()).toContain('unlink=0');
    expect(fixture.logs()).toContain('write=3');
    expect(of(fixture, 'answered').map(({ op, by }) => `${op} ${by}`)).toEqual(['rename refusal', 'link refusal']);
    expect(of(fixture, 'allowed')).toMatchObject([{ id: 'r', answered: 2 }]);
  });

  test('a program that tries without end is counted, and not told without end', async () => {
    await using fixture = await startFixture({
      image: testImage(),
      command: ['sh', '-c', 'until mkdir /state/a 2> /dev/null; do :; done; exit 0'],
      commands: ['refuse id=r path=/state/a errno=EIO'],
    });
    await fixture.waitFor(ev('answered'), { name: 'it tries' });
    fixture.send('allow id=r');
    await fixture.ended();
    const [allowed] = of(fixture, 'allowed');
    expect(of(fixture, 'answered').length).toBe(allowed?.answered);
  });
});

describe('a slow disk', { timeout: 60_000 }, () => {
  test('each call in a state folder takes so much longer, and it is said how many did', async () => {
    await using fixture = await act('mkdir /state/go , mkdir /state/a , mkdir /state/b , mkdir /state/end', [
      'arm id=x op=mkdir path=/state/go',
      'arm id=y op=mkdir path=/state/end',
    ]);
    const { mono } = await held(fixture);
    fixture.send('slow ms=100');
    fixture.send('release id=x');
    const end = await fixture.waitFor(ev('held', { id: 'y' }), { name: 'y is held' });
    fixture.send('slow ms=0');
    fixture.send('release id=y');
    expect(await fixture.ended()).toBe(0);
    expect(of(fixture, 'slowed')).toMatchObject([{ calls: 3 }]);
    expect(end.mono - mono).toBeGreaterThanOrEqual(300e6);
  });
});
