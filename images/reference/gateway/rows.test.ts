import { expect, test } from 'vitest';
import { isRow, kindOf, parseJson, type Row } from './rows.ts';

const row: Row = { sessionId: 'a-1', kind: 'other', createdAt: 1, updatedAt: 2, turns: 3, bytes: 4 };

test.each([
  ['agent:main:explicit:model-run-0b0e', 'model-run'],
  ['agent:main:explicit:other', 'other'],
  ['x:agent:main:explicit:model-run-0b0e', 'other'],
  ['agent:main:cron:daily', 'cron'],
  ['agent:main:telegram:group:1', 'group'],
  ['agent:main:slack:channel:1', 'group'],
  ['agent:main:direct:1', 'direct'],
  ['agent:main:dm:1', 'direct'],
  ['agent:main', 'other'],
  ['directly', 'other'],
])('%s is of the kind %s', (key, kind) => {
  expect(kindOf(key)).toBe(kind);
});

test('a row may have fields and a kind that this version does not know', () => {
  expect(isRow({ ...row, kind: 'thread', later: [] })).toBe(true);
});

test.each([
  [null],
  [[]],
  [{ ...row, sessionId: '../../etc/passwd' }],
  [{ ...row, sessionId: '' }],
  [{ ...row, kind: 1 }],
  [{ ...row, createdAt: '1' }],
  [{ ...row, updatedAt: undefined }],
  [{ ...row, turns: [] }],
  [{ ...row, turns: 1.5 }],
  [{ ...row, bytes: -1 }],
])('%j is no row', (value) => {
  expect(isRow(value)).toBe(false);
});

test('bytes that are not UTF-8 are not replaced in silence', () => {
  expect(parseJson(Buffer.from('"ü"'))).toBe('ü');
  expect(parseJson(Buffer.from([0x22, 0xc3, 0x22]))).toBeUndefined();
});
