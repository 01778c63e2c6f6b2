import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { GateEvent } from '../gate/protocol.ts';
import { folder } from '../test/midwrite.ts';
import { unfaithful } from './judged.ts';
import { DATA_FILE, openRecord, RECORD_FILE, RecordWriter } from './record-file.ts';
import { answeredAt } from './record-workload.ts';

const HEADER = { system: 'small', version: '1.0.0', workload: 'turn', root: '/state' };
const FILE = { ino: 2, type: 'file', mode: 0o600, mtimeMs: 0 } as const;
const SHA256_ABCDE = '36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c';

const entry = (size: number, sha256: string) =>
  ({
    path: '/state/x',
    type: 'file',
    size,
    mode: 0o600,
    uid: 0,
    ino: 9,
    nlink: 1,
    mtimeMs: 0,
    ctimeMs: 0,
    sha256,
  }) as const;

/** As writegate tells a file of three bytes that gets two more. */
function writeRecord(into: string, more: object[] = []): void {
  using writer = new RecordWriter(into, HEADER);
  let seq = 0;
  const say = (event: object) => {
    seq += 1;
    writer.event({ seq, t: seq, mono: seq, ...event } as GateEvent);
  };
  const data = (offset: number, text: string) =>
    say({ ev: 'data', ino: 2, offset, bytes: text.length, base64: Buffer.from(text).toString('base64') });
  const op = { op: 'write', syscall: 'write', pid: 1, tid: 1, path: '/state/x', bytes: 2 };
  say({ ev: 'op', ...op, path: '/state/before' });
  say({ ev: 'recording' });
  say({ ev: 'name', path: '/state/x', ino: 2 });
  say({ ev: 'inode', ...FILE, size: 3 });
  data(0, 'abc');
  say({ ev: 'base' });
  say({ ev: 'op', ...op });
  say({ ev: 'inode', ...FILE, size: 5 });
  data(3, 'de');
  say({ ev: 'done', op: 'write', bytes: 2, offset: 3, synchronous: false, over: true });
  for (const event of more) say(event);
  say({ ev: 'recorded', calls: 1 });
  writer.add({ kind: 'end', entries: [entry(5, SHA256_ABCDE)] });
}

test('a record comes back as it was written, and its replay is the folder', async () => {
  await using at = await folder();
  writeRecord(path.join(at.path, 'r'));
  using open = openRecord(path.join(at.path, 'r'));
  const { record } = open;
  expect(record.seen).toHaveLength(1);
  expect(record.steps).toMatchObject([{ op: 'write', path: '/state/x', t: 10, bytes: 2, offset: 3 }]);
  expect(unfaithful(record)).toEqual([]);
});

test('a folder that was changed from outside is not what the record says', async () => {
  await using at = await folder();
  writeRecord(path.join(at.path, 'r'));
  using open = openRecord(path.join(at.path, 'r'));
  const changed = { ...open.record, end: [entry(5, '00'), { ...entry(0, '00'), path: '/state/alien' }] };
  expect(unfaithful(changed)).toEqual([
    'the replay is not the real folder: /state/x has other bytes',
    'the replay is not the real folder: /state/alien is only in the real folder',
  ]);
});

test('what an upgrade began with is told', async () => {
  await using at = await folder();
  const upgrade = { version: '0.9.0', made: ['a cron job'], hadStore: true };
  {
    using writer = new RecordWriter(path.join(at.path, 'r'), { ...HEADER, workload: 'upgrade' });
    writer.add({ kind: 'upgrade', ...upgrade });
    writer.event({ ev: 'recording', seq: 1, t: 1, mono: 1 } as GateEvent);
    writer.event({ ev: 'base', seq: 2, t: 2, mono: 2 } as GateEvent);
    writer.add({ kind: 'end', entries: [] });
  }
  using open = openRecord(path.join(at.path, 'r'));
  expect(open.record.upgrade).toMatchObject(upgrade);
});

test('what was not recorded is told', async () => {
  await using at = await folder();
  writeRecord(path.join(at.path, 'r'), [{ ev: 'unrecorded', path: '/state/m', why: 'too large', errno: 27 }]);
  using open = openRecord(path.join(at.path, 'r'));
  expect(unfaithful(open.record)).toEqual(['the record does not have all: /state/m: too large']);
});

test('what was written through a mapping is a step of its own, before the call', async () => {
  await using at = await folder();
  const mapped = [
    { ev: 'op', op: 'sync', syscall: 'fsync', pid: 1, tid: 1, path: '/state/x' },
    { ev: 'inode', ...FILE, size: 5 },
    { ev: 'data', ino: 2, offset: 0, bytes: 1, base64: 'QQ==' },
    { ev: 'done', op: 'mapped', over: true },
    { ev: 'inode', ...FILE, size: 5 },
    { ev: 'done', op: 'sync', over: true },
  ];
  writeRecord(path.join(at.path, 'r'), mapped);
  using open = openRecord(path.join(at.path, 'r'));
  expect(open.record.steps.map((step) => [step.op, step.effects.length])).toEqual([
    ['write', 2],
    ['mapped', 2],
    ['sync', 1],
  ]);
});

test.each([
  [
    'without its end',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(/.*"kind":"end".*\n/, '')),
    /cut short: it has no end/,
  ],
  [
    'in the middle of a line',
    (file: string) => truncateSync(file, readFileSync(file).length - 5),
    /cut short: its last line/,
  ],
  [
    'of another version',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"schemaVersion":3', '"schemaVersion":7')),
    /version 7, and this midwrite reads 3/,
  ],
  [
    'with a line that is none',
    (file: string) => appendFileSync(file, '{"kind":"step"}\n'),
    /is not a line of a record/,
  ],
])('a record %s is refused', async (_, spoil, says) => {
  await using at = await folder();
  writeRecord(path.join(at.path, 'r'));
  spoil(path.join(at.path, 'r', RECORD_FILE));
  expect(() => openRecord(path.join(at.path, 'r'))).toThrow(says);
});

test('data that is cut short is told when it is read', async () => {
  await using at = await folder();
  writeRecord(path.join(at.path, 'r'));
  truncateSync(path.join(at.path, 'r', DATA_FILE), 4);
  using open = openRecord(path.join(at.path, 'r'));
  expect(() => unfaithful(open.record)).toThrow(/cut short: it has 4 bytes, and 5 are told of/);
});

test('an answer goes out with the last thing that its connection sent before it was heard', () => {
  const sent = [
    { t: 1, fd: 7, starts: 'POST /v1/cha' },
    { t: 5, fd: 9, starts: 'HTTP/1.1 200' },
    { t: 6, fd: 9, starts: '{"choices"' },
    { t: 6.5, fd: 7, starts: 'x' },
    { t: 20, fd: 9, starts: 'HTTP/1.1 200' },
  ];
  expect(answeredAt(sent, 0, 8)).toBe(6);
  expect(answeredAt(sent.slice(0, 1), 0, 8)).toBe(8);
});
