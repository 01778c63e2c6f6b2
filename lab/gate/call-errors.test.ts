import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CALL_ERRORS, whyNot } from './call-errors.ts';
import { ALL_BYTES } from './protocol.ts';

const source = (name: string) =>
  readFileSync(new URL(`../../images/writegate/src/${name}`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');

/** The operations that a bit mask of errors.c has. */
function opsOf(mask: string, text: string, all: readonly string[]): string[] {
  const value = new RegExp(`${mask} = ([^,]*?),`).exec(text)?.[1] ?? '';
  if (value.includes('BIT(OP_COUNT)')) return all.filter((op) => !value.includes(`~BIT(OP_${op.toUpperCase()})`));
  return [...value.matchAll(/BIT\(OP_(\w+)\)/g)].map((match) => (match[1] ?? '').toLowerCase());
}

test('the lab and writegate agree which call can return which error', () => {
  const text = source('errors.c');
  const all = [...source('syscalls.c').matchAll(/\[OP_\w+\] = "(\w+)"/g)].map((match) => match[1] ?? '');
  const table = [...text.matchAll(/\{"(\w+)", \w+, (\w+)\}/g)].map(([, error, mask]) => [
    error,
    opsOf(mask ?? '', text, all).toSorted(),
  ]);
  expect(all).toHaveLength(17);
  expect(Object.fromEntries(table)).toEqual(
    Object.fromEntries(Object.entries(CALL_ERRORS).map(([error, ops]) => [error, ops.toSorted()])),
  );
});

test('a write that has taken all its bytes can’t fail any more', () => {
  expect(whyNot('ENOSPC', { op: 'write', at: 'torn', bytes: ALL_BYTES })).toMatch(/all its bytes/);
});

test.each([
  ['EIO', 'sync', 'before', undefined],
  ['EIO', 'write', 'torn', undefined],
  ['EIO', 'rename', 'after', /has done it/],
  ['EMFILE', 'write', 'before', /write can’t return EMFILE/],
  ['ENOSPC', 'unlink', 'before', /unlink can’t return ENOSPC/],
] as const)('%s of a %s, held %s', (error, op, at, why) => {
  if (why === undefined) expect(whyNot(error, { op, at })).toBeUndefined();
  else expect(whyNot(error, { op, at })).toMatch(why);
});
