import { expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { TRANSCRIPT_KEYS_LIMIT, TranscriptKeys } from './transcript-keys.ts';

function counted(...defects: Defect[]) {
  const found: string[] = [];
  const keys = new TranscriptKeys((sessionId) => {
    found.push(sessionId);
    return sessionId.startsWith('no') ? undefined : `key of ${sessionId}`;
  }, new Set(defects));
  return { keys, found };
}

test('a key is looked for once', () => {
  const { keys, found } = counted();
  expect([keys.keyOf('a'), keys.keyOf('a')]).toEqual(['key of a', 'key of a']);
  expect(found).toEqual(['a']);
});

test('what is not there is not remembered', () => {
  const { keys, found } = counted();
  expect([keys.keyOf('none'), keys.keyOf('none')]).toEqual([undefined, undefined]);
  expect(found).toEqual(['none', 'none']);
  expect(keys.size).toBe(0);
});

test('the least recently used one goes', () => {
  const { keys, found } = counted();
  for (let n = 0; n < TRANSCRIPT_KEYS_LIMIT; n += 1) keys.keyOf(`${n}`);
  keys.keyOf('0');
  keys.keyOf('one more');
  expect(keys.size).toBe(TRANSCRIPT_KEYS_LIMIT);
  found.length = 0;
  for (const sessionId of ['0', 'one more', '1']) keys.keyOf(sessionId);
  expect(found).toEqual(['1']);
});

test('a session that is no more is forgotten', () => {
  const { keys, found } = counted();
  keys.keyOf('a');
  keys.forget(['a', 'b']);
  keys.keyOf('a');
  expect(found).toEqual(['a', 'a']);
});

test('the defect transcript-cache-leak keeps every one', () => {
  const { keys } = counted('transcript-cache-leak');
  for (let n = 0; n < 1000; n += 1) keys.keyOf(`${n}`);
  expect(keys.size).toBe(1000);
});
