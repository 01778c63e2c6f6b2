import path from 'node:path';
import { expect, test } from 'vitest';
import type { FolderImage } from '../../lab/explore/folder-image.ts';
import type { WriteRecord } from '../../lab/explore/record.ts';
import { openRecord, RecordWriter } from '../../lab/explore/record-file.ts';
import { Replay } from '../../lab/explore/replay.ts';
import { GateEvent } from '../../lab/gate/protocol.ts';
import { folder } from '../../lab/test/midwrite.ts';
import { type FixtureOptions, startFixture } from './fixtures/run.ts';

const LIMIT_MS = 60_000;

function testImage(): string {
  const image = process.env.WRITEGATE_TEST_IMAGE;
  if (!image)
    throw new Error('WRITEGATE_TEST_IMAGE is not set: it names the image of images/writegate/fixtures/Dockerfile');
  return image;
}

/** A program to its end, with all that it does recorded; what the record makes of the folder, and what is really there. */
async function recorded(
  command: readonly string[],
  look: (record: WriteRecord, rebuilt: FolderImage, real: ReadonlyMap<string, string>) => void,
  options: Partial<FixtureOptions> = {},
): Promise<void> {
  await using at = await folder();
  const into = path.join(at.path, 'record');
  await using fixture = await startFixture({ image: testImage(), command, commands: ['record'], ...options });
  expect(await fixture.ended({ limitMs: LIMIT_MS }), fixture.logs()).toBe(0);
  {
    using writer = new RecordWriter(into, { system: 'fixture', version: '1', workload: 'all', root: '/state' });
    for (const event of fixture.events) writer.event(GateEvent.parse(event));
    writer.add({ kind: 'end', entries: [] });
  }
  using open = openRecord(into);
  const replay = new Replay(open.record);
  while (replay.index < open.record.steps.length) replay.step();
  look(open.record, replay.image, await fixture.state());
}

const filesOf = ({ names, inodes }: FolderImage) =>
  new Map(
    [...names].flatMap(([file, id]): [string, string][] => {
      const inode = inodes.get(id);
      if (inode?.type !== 'file') return [];
      return [[file.replace('/state/', ''), inode.content.slice(0, inode.content.size).toString('latin1')]];
    }),
  );

/** The archive has a second name of a file, and a link, without its bytes. */
const withBytes = (files: ReadonlyMap<string, string>, like: ReadonlyMap<string, string>) =>
  new Map([...files].filter(([file]) => like.has(file)).sort());

test.each([
  ['every kind of call', ['every-op']],
  ['Node, through the thread pool', ['node', '/opt/programs/promises.mjs', '8']],
  ['Node, synchronous', ['node', '/opt/programs/sync.mjs']],
  ['many threads at once', ['threads', '8', '20']],
  ['signals in the middle of writes', ['act', 'storm', '/state/log', '100']],
  ['SQLite with a rollback journal', ['node', '/opt/programs/sqlite.mjs', 'delete']],
])('%s: the record, played again, is the folder byte for byte', { timeout: LIMIT_MS * 2 }, async (_, command) => {
  await recorded(command, (record, rebuilt, real) => {
    expect(record.steps.length).toBeGreaterThan(3);
    const files = filesOf(rebuilt);
    expect(files.size).toBeGreaterThan(0);
    expect(withBytes(real, files)).toEqual(new Map([...files].sort()));
  });
});

test('SQLite with a write-ahead log: all but its shared memory, which SQLite makes anew', {
  timeout: LIMIT_MS * 2,
}, async () => {
  await recorded(['node', '/opt/programs/sqlite.mjs', 'wal'], (record, rebuilt, real) => {
    expect(record.unrecorded).toEqual([]);
    expect(record.steps.filter((step) => step.op === 'map').length).toBeGreaterThan(0);
    const files = filesOf(rebuilt);
    for (const file of files.keys()) if (file.endsWith('-shm')) files.delete(file);
    expect(files.size).toBeGreaterThan(0);
    expect(withBytes(real, files)).toEqual(new Map([...files].sort()));
  });
});

test.each([
  ['works, in Node', ['node', '/opt/programs/early-answer.mjs']],
  ['naps, as a lock that spins does', ['early-answer', 'nap']],
  ['hands its work from thread to thread', ['early-answer', 'relay']],
  ['gets no processor for long', ['early-answer', 'starved']],
])(
  'an answer that waits for no change comes before it, if the one who answers %s',
  {
    timeout: LIMIT_MS,
  },
  async (_, command) => {
    await using fixture = await startFixture({ image: testImage(), command, commands: ['record'] });
    expect(await fixture.ended({ limitMs: LIMIT_MS }), fixture.logs()).toBe(0);
    const order = fixture.events.flatMap((event) => {
      if (event.ev === 'sent' && String(event.starts).startsWith('HTTP/1.1')) return ['answer'];
      return event.ev === 'done' && event.op === 'write' ? ['written'] : [];
    });
    expect(order).toEqual(['answer', 'written']);
  },
);

test('a record and its end are each asked for once', { timeout: LIMIT_MS }, async () => {
  await using fixture = await startFixture({
    image: testImage(),
    command: ['act', 'create=/state/a'],
    commands: ['end-record', 'record', 'record', 'record path=x'],
  });
  await fixture.ended();
  const errors = fixture.events.filter((event) => event.ev === 'error').map((event) => event.code);
  expect(errors).toEqual(['not-recording', 'already-recording', 'bad-command']);
});

test('what the folder held before is told first', { timeout: LIMIT_MS }, async () => {
  const commands = ['arm id=go op=create path=/state/go'];
  await using fixture = await startFixture({
    image: testImage(),
    command: ['sh', '-c', 'mkdir /state/d; printf before > /state/d/x; : > /state/go; printf after >> /state/d/x'],
    commands,
  });
  await fixture.waitFor((event) => event.ev === 'held', { name: 'the hold' });
  fixture.send('record');
  await fixture.waitFor((event) => event.ev === 'base', { name: 'the folder' });
  fixture.send('release id=go');
  await fixture.ended();
  const data = fixture.events.filter((event) => event.ev === 'data');
  const texts = data.map((event) => [event.offset, Buffer.from(String(event.base64), 'base64').toString()]);
  expect(texts).toEqual([
    [0, 'before'],
    [6, 'after'],
  ]);
});

test('what is opened and not changed is told where that is asked for', { timeout: LIMIT_MS }, async () => {
  const acts = [
    'mkdir d; printf a > d/a; printf b > d/b; printf c > d/c; ln -s d/c link',
    'cat d/a link nothing /etc/hostname; [ -s d/b ] && rm d/b; ls d',
    'printf x >> d/a',
    `node -e 'const fs = require("fs"); fs.promises.readFile("/state/../state/d/c")'`,
    'cat /opt/link-into-state /proc/self/cwd/d/a /opt/../state/d/a /opt/nothing',
  ];
  for (const gateArgs of [['--opens'], []]) {
    await using fixture = await startFixture({
      image: testImage(),
      command: ['sh', '-c', `${acts.join('; ')}; true`],
      gateArgs,
    });
    expect(await fixture.ended({ limitMs: LIMIT_MS }), fixture.logs()).toBe(0);
    const opened = fixture.events.filter((event) => event.ev === 'opened').map((event) => event.path);
    const last = ['/state/d/c', '/state/d/a', '/state/d/a'];
    const told = ['/state/d/a', '/state/d/c', '/state/d', '/state/d/a', '/state/d/c', ...last];
    expect(opened).toEqual(gateArgs.length === 0 ? [] : told);
  }
});
