import { expect, test } from 'vitest';
import type { Mapping } from '../gate/protocol.ts';
import { classOf, mappingsOfAbout, spaceOf } from './address-space.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;

const mapping = (fields: Partial<Mapping>): Mapping => ({
  start: '7f0000000000',
  bytes: 4096,
  perms: 'rw-p',
  rssBytes: 0,
  pssBytes: 0,
  anonymousBytes: 0,
  ...fields,
});

test.each([
  ['a library, also where nobody may touch it', { name: '/usr/lib/libc.so.6', perms: '---p' }, 'file'],
  ['a file with copied pages', { name: '/usr/bin/node', rssBytes: 4096, anonymousBytes: 4096 }, 'file'],
  ['the heap', { name: '[heap]', rssBytes: 4096 }, 'used'],
  ['a stack that nobody has used', { name: '[stack]' }, 'untouched'],
  ['a guard', { perms: '---p' }, 'reserved'],
  ['a guard over pages that are still there', { perms: '---p', rssBytes: 4096 }, 'used'],
  ['code space', { perms: 'rwxp', rssBytes: 8192 }, 'used'],
] as const)('%s', (_, fields, expected) => {
  expect(classOf(mapping(fields))).toBe(expected);
});

test('a sum of mappings', () => {
  expect(spaceOf([])).toEqual({ mappings: 0, bytes: 0, residentBytes: 0 });
  expect(spaceOf([mapping({ bytes: 10, rssBytes: 3 }), mapping({ bytes: 20, rssBytes: 4 })])).toEqual({
    mappings: 2,
    bytes: 30,
    residentBytes: 7,
  });
});

test('reservations are told by their size, give or take a quarter', () => {
  const reserved = (bytes: number) => mapping({ bytes, perms: '---p' });
  const all = [
    reserved(8 * GiB - 64 * 1024),
    // 8 GiB and the 2 GiB before the next one, as one mapping.
    reserved(10 * GiB - 64 * 1024),
    reserved(2 * GiB),
    reserved(64 * MiB - 132 * 1024),
    reserved(56 * MiB),
    reserved(128 * MiB),
    mapping({ bytes: 64 * MiB, rssBytes: 4096 }),
  ];
  const sizes = (bytes: number) => mappingsOfAbout(bytes, all).length;
  expect([sizes(8 * GiB), sizes(2 * GiB), sizes(64 * MiB)]).toEqual([2, 1, 2]);
});
