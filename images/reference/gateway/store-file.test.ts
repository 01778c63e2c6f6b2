import { expect, test } from 'vitest';
import type { Row } from './rows.ts';
import { formatStore, NEW_STORE, parseStore, type Store } from './store-file.ts';

const row: Row = { sessionId: 's', kind: 'other', createdAt: 1, updatedAt: 2, turns: 3, bytes: 4 };
const json = (more: Record<string, unknown>) =>
  Buffer.from(JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 3, sessions: { a: row }, ...more }));
const storeIn = (bytes: Buffer): Store => {
  const content = parseStore(bytes);
  if (content.kind !== 'store') throw new Error(`not a store: ${JSON.stringify(content)}`);
  return content.store;
};

test('a store comes back as it was, odd keys too, one row a line', () => {
  const rows = new Map<string, Row>([
    ['agent:main', Object.assign({ later: { x: 1 } }, row)],
    ['__proto__', row],
    ['"\n', row],
  ]);
  const store = { ...NEW_STORE, rows, journal: 7, archiveBytes: 12, removing: ['gone'] };
  expect(storeIn(formatStore(store))).toEqual(store);
  expect(formatStore(store).toString().split('\n')).toHaveLength(6);
  expect(storeIn(formatStore(NEW_STORE))).toEqual(NEW_STORE);
});

test('the fields of a newer version that can be read are kept, at both places, and so is its number', () => {
  const bytes = json({ schemaVersion: 4, topLevel: ['kept'], sessions: { a: { ...row, label: 'kept' } } });
  const again = JSON.parse(formatStore(storeIn(bytes)).toString());
  expect(again).toMatchObject({ schemaVersion: 4, minReaderVersion: 1, topLevel: ['kept'] });
  expect(again.sessions.a).toEqual({ ...row, label: 'kept' });
});

test('a newer version that can not be read is told from a corrupt one, whatever its other fields are', () => {
  const bytes = Buffer.from('{"schemaVersion":9,"minReaderVersion":2,"rows":[]}');
  expect(parseStore(bytes)).toEqual({ kind: 'newer', schemaVersion: 9, minReaderVersion: 2 });
});

test.each([
  [Buffer.from(''), 'empty'],
  [Buffer.from('{"schemaVersion":1,'), 'not JSON'],
  [Buffer.from('[]'), 'not a JSON object'],
  [Buffer.from('{}'), 'schema version'],
  [json({ journal: -1 }), 'journal'],
  [json({ archiveBytes: 'x' }), 'archiveBytes'],
  [json({ removing: ['../x'] }), 'removing'],
  [json({ sessions: [] }), 'sessions'],
  [json({ sessions: { b: { ...row, turns: [] } } }), '"b"'],
  [Buffer.concat([json({}).subarray(0, -1), Buffer.from([0xc3])]), 'not JSON'],
])('%s is unreadable', (bytes, says) => {
  expect(parseStore(bytes)).toMatchObject({ kind: 'unreadable', reason: expect.stringContaining(says) });
});
