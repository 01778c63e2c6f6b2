import { expect, test } from 'vitest';
import { type CellSpec, cellId, formatSize, parseCellId, parseSize } from './cell-id.ts';

const cell: CellSpec = {
  system: 'openclaw',
  version: '2026.5.28',
  crashPoint: 'full-temp',
  fault: 'sigkill',
  memoryBytes: 768 * 1024 * 1024,
  aftermath: 'aged',
  attempt: 1,
};

test.each([
  [cell, 'openclaw@2026.5.28_full-temp_sigkill_768m'],
  [
    { ...cell, aftermath: 'corrupt-store' as const, attempt: 3 },
    'openclaw@2026.5.28_full-temp_sigkill_768m_corrupt-store_r3',
  ],
  [
    { ...cell, version: '2026.8.1-beta.2', memoryBytes: 1_000_001 },
    'openclaw@2026.8.1-beta.2_full-temp_sigkill_1000001',
  ],
])('an id says all of a cell: %#', (spec, id) => {
  expect(cellId(spec)).toBe(id);
  expect(parseCellId(id)).toEqual(spec);
});

test.each([
  '',
  'openclaw',
  'openclaw@1',
  'a@1_b_c',
  'a@1_b_c_x',
  '../a@1_b_c_1m',
  'a@../../x_b_c_1m',
  'a@1_b_c_1m_nothing',
])('"%s" is refused', (id) => {
  expect(() => parseCellId(id)).toThrow(/is no (cell|size)/);
});

test.each([
  ['640m', 640 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['1.5G', 1.5 * 1024 ** 3],
  ['512k', 512 * 1024],
  ['800000000', 800_000_000],
  ['768MiB', 768 * 1024 ** 2],
])('%s is a size', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
  expect(parseSize(formatSize(bytes))).toBe(bytes);
});

test.each(['', 'much', '-1m', '0', '1t', '1e3m', '0x10', 'm'])('"%s" is no size', (text) => {
  expect(() => parseSize(text)).toThrow(/is not a memory size/);
});
