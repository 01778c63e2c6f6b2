import { expect, test } from 'vitest';
import { LOG, NEW, OLD, ROOT, rightTurn, SmallRecord, STORE } from '../test/small-record.ts';
import { digestOf, inodeAt } from './folder-image.ts';
import type { WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

function whole(record: WriteRecord): Replay {
  const replay = new Replay(record);
  while (replay.index < record.steps.length) replay.step();
  return replay;
}

const textAt = (replay: Replay, path: string) => inodeAt(replay.image, path)?.content.text();

test('a replacement, call by call', () => {
  const { record } = rightTurn();
  const replay = new Replay(record);
  expect(textAt(replay, STORE)).toBe(OLD);
  expect([...replay.image.names.keys()]).toEqual([STORE, LOG]);
  while (record.steps[replay.index]?.op !== 'rename') replay.step();
  expect([textAt(replay, STORE), textAt(replay, '/state/store.json.1.tmp')]).toEqual([OLD, NEW]);
  const { applied } = replay.step();
  expect(textAt(replay, STORE)).toBe(NEW);
  expect(applied.names).toMatchObject([
    { folders: [ROOT], removed: '/state/store.json.1.tmp', added: { path: STORE } },
  ]);
});

test('a folder that moves takes along what is in it', () => {
  const { record } = new SmallRecord({})
    .mkdir('/state/d')
    .create('/state/d/x')
    .write('/state/d/x', 'text')
    .rename('/state/d', '/state/e');
  const replay = whole(record);
  expect([...replay.image.names.keys()].sort()).toEqual(['/state/e', '/state/e/x']);
  expect(textAt(replay, '/state/e/x')).toBe('text');
});

test('a call on the state folder itself adds no name', () => {
  const { record } = new SmallRecord({}).mkdir(ROOT);
  expect([...whole(record).image.names.keys()]).toEqual([]);
});

test('a number that the kernel gives again is another file', () => {
  const small = new SmallRecord({}).create('/state/a').write('/state/a', 'first').unlink('/state/a').create('/state/b');
  const { record } = small;
  const made = record.steps.at(-1);
  for (const effect of made?.effects ?? []) if (effect.kind !== 'data') effect.ino = 2;
  expect(textAt(whole(record), '/state/b')).toBe('');
});

test('what is written to a file without a name is in no folder', () => {
  const small = new SmallRecord({ '/state/a': 'old' });
  const ino = 2;
  small.unlink('/state/a').create('/state/a').write('/state/a', 'new');
  const { record } = small;
  const late = { kind: 'data', ino, offset: 0, bytes: 3, at: 0 } as const;
  const steps = [...record.steps, { ...(record.steps[2] as (typeof record.steps)[number]), effects: [late] }];
  expect(textAt(whole({ ...record, steps }), '/state/a')).toBe('new');
});

test('data that is read when somebody asks is the same, and no other is read', () => {
  const { record } = rightTurn();
  let reads = 0;
  const data: WriteRecord['data'] = (at, bytes) => {
    reads += 1;
    return record.data(at, bytes);
  };
  const [atOnce, whenAsked] = [new Replay(record), new Replay({ ...record, data }, 'when-asked')];
  for (const replay of [atOnce, whenAsked]) while (!replay.isOver) replay.step();
  expect(reads).toBe(0);
  expect(digestOf(whenAsked.image)).toBe(digestOf(atOnce.image));
  expect(textAt(whenAsked, STORE)).toBe(NEW);
  expect(reads).toBeGreaterThan(0);
});

test('a write that is cut off in its middle and one that is over have the same bytes', () => {
  const text = 'x'.repeat(5_000) + 'y'.repeat(5_000);
  const { record } = new SmallRecord({ [STORE]: OLD }).write(STORE, text);
  for (const reading of ['at-once', 'when-asked'] as const) {
    const replay = new Replay(record, reading);
    const { write } = replay;
    expect(write?.content.slice(write.offset, write.offset + write.bytes).toString()).toBe(text);
    replay.step();
    expect(textAt(replay, STORE)).toBe(textAt(whole(record), STORE));
    expect(replay.write).toBeUndefined();
  }
});
