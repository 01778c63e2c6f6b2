import { expect, test } from 'vitest';
import { formatRows, parseRows, type Row } from './rows.ts';

const row: Row = { sessionId: 's', createdAt: 1, updatedAt: 2, turns: [{ at: 1, user: 'ü', assistant: 'a' }] };

test('rows come back as they were, odd keys and unknown fields too', () => {
  const rows = new Map<string, Row>([
    ['agent:main', Object.assign({ later: { x: 1 } }, row)],
    ['__proto__', row],
  ]);
  expect(parseRows(formatRows(rows))).toEqual(rows);
});

test.each([
  ['', 'empty'],
  ['{"a":', 'not JSON'],
  ['null', 'not a JSON object'],
  ['[]', 'not a JSON object'],
  ['"text"', 'not a JSON object'],
  ['{"a":1}', '"a"'],
  ['{"a":{}}', '"a"'],
  [JSON.stringify({ a: { ...row, turns: [{ at: 1, user: 'x' }] } }), '"a"'],
  [JSON.stringify({ a: { ...row, createdAt: '1' } }), '"a"'],
])('%s is no store', (text, says) => {
  expect(parseRows(Buffer.from(text))).toContain(says);
});

test('bytes that are not UTF-8 are not replaced in silence', () => {
  const bytes = Buffer.from(formatRows(new Map([['a', row]])));
  bytes[bytes.indexOf(0xc3) + 1] = 0x20;
  expect(parseRows(bytes)).toContain('not JSON');
});
