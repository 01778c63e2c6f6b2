import { expect, test } from 'vitest';
import { FOREIGN, killed, STORE, slept, storeOf, TEMP, YOUNG } from '../../test/healthy-cell.ts';
import { orphaned } from '../../test/judged-run.ts';
import { folderDiff, storeDiffs } from './folder-diff.ts';

const changes = (build: ReturnType<typeof killed>) =>
  Object.fromEntries(
    (folderDiff(build.done())?.rows ?? []).map((row) => [row.path, row.boxes.map((box) => box?.change ?? '')]),
  );
const name = (file: string) => file.slice('/state/'.length);

test('the folder before, after the fault, after the boot and at the end', () => {
  const diff = folderDiff(killed().done());
  expect(diff?.moments.map(({ moment }) => moment)).toEqual(['before', 'struck', 'booted', 'rebooted']);
  expect(diff?.below).toBe('/state/');
  expect(changes(killed())).toEqual({
    [name(FOREIGN)]: ['', '', 'added', 'same'],
    [name(STORE)]: ['there', 'same', 'same', 'changed'],
    [name(TEMP)]: ['', 'added', 'removed', ''],
    [name(YOUNG)]: ['', '', 'added', 'same'],
  });
  expect(diff?.rows.map((row) => row.role)).toEqual(['planted: foreign-file', 'store', 'temp', 'planted: young-temp']);
});

test('a temp that stays is seen to stay', () => {
  expect(changes(orphaned())[name(TEMP)]).toEqual(['', 'added', 'same', 'same']);
});

test('another file of the same name is replaced', () => {
  const build = killed();
  build.events = build.events.map((event) =>
    event.type === 'snapshot' && event.moment === 'rebooted'
      ? { ...event, entries: event.entries.map((entry) => ({ ...entry, ino: 99 })) }
      : event,
  );
  expect(changes(build)[name(STORE)]?.at(-1)).toBe('replaced');
});

test('a system that lives through it is looked at when it woke', () => {
  expect(folderDiff(slept().done())?.moments.map(({ moment }) => moment)).toEqual(['before', 'woken', 'served']);
});

test('no look, no table', () => {
  const build = killed();
  build.events = build.events.filter((event) => event.type !== 'snapshot');
  expect(folderDiff(build.done())).toBeUndefined();
});

test('what changed within the store, a field a line', () => {
  const evidence = killed().done();
  const [only, ...others] = storeDiffs(evidence, folderDiff(evidence)?.moments ?? []);
  expect(others).toEqual([]);
  expect([only?.from, only?.to]).toEqual(['after the boot', 'at the end']);
  expect(only?.lines.filter((line) => line.startsWith('+'))).toContain('+ "midwrite-after": {');
});

test('a store that is no JSON is compared as it is, and a long diff is cut', () => {
  const build = killed();
  const many = Array.from({ length: 150 }, (_, index) => `row-${index}`);
  const at = build.events.findIndex((event) => event.type === 'snapshot' && event.moment === 'rebooted');
  const [torn, big] = [killed(), killed()].map((one, index) =>
    one.snapshot('rebooted', { [STORE]: { text: index === 0 ? '{"cut' : storeOf(...many) } }),
  );
  const last = torn?.events.at(-1);
  if (last === undefined || big === undefined) throw new Error('no look was made');
  for (const one of [torn, big]) for (const [sha, bytes] of one?.contents ?? []) build.contents.set(sha, bytes);
  build.events[at] = last;
  const diffs = storeDiffs(build.done(), folderDiff(build.done())?.moments ?? []);
  expect(diffs[0]?.lines).toContain('+{"cut');
  const long = big.events.at(-1);
  if (long !== undefined) build.events[at] = long;
  const [cut] = storeDiffs(build.done(), folderDiff(build.done())?.moments ?? []);
  expect(cut?.lines.length).toBe(80);
  expect(cut?.leftOut).toBeGreaterThan(1_000);
});
