import { expect, test } from 'vitest';
import { formatLine, type JournalRecord, journalName, parseJournal, parseJournalName } from './journal.ts';

const record = (user: string): JournalRecord => ({
  key: 'a',
  row: { sessionId: 's', kind: 'other', createdAt: 1, updatedAt: 2, turns: 1, bytes: 100 },
  turn: { at: 2, user, assistant: 'ü\n\ud800' },
});
const [one, two, three] = [record('one'), record('two'), record('three')];
const lines = [one, two, three].map(formatLine);
const textsOf = (bytes: Buffer) => parseJournal(bytes).records.map(({ turn }) => turn.user);

test('records come back as they were', () => {
  const { records, state, validBytes } = parseJournal(Buffer.from(lines.join('')));
  expect(records).toEqual([one, two, three]);
  expect({ state, validBytes }).toEqual({ state: 'whole', validBytes: Buffer.byteLength(lines.join('')) });
  expect(lines[0]).toMatch(/^[0-9a-f]{8} \{"key":"a",.*\}\n$/);
});

test('cut anywhere in its last record it is torn, and the records before it count', () => {
  const whole = Buffer.from(lines.join(''));
  const start = Buffer.byteLength(lines.slice(0, 2).join(''));
  for (let end = start + 1; end < whole.length; end += 1) {
    const content = parseJournal(whole.subarray(0, end));
    expect(content).toMatchObject({ state: 'torn', validBytes: start });
    expect(content.records).toHaveLength(2);
  }
});

test('a tail of zeros, as a power loss can leave, is torn', () => {
  expect(parseJournal(Buffer.concat([Buffer.from(lines.join('')), Buffer.alloc(50)])).state).toBe('torn');
});

test('any changed byte of a record in the middle costs that record alone, and is told', () => {
  const whole = Buffer.from(lines.join(''));
  const [from, to] = [1, 2].map((count) => Buffer.byteLength(lines.slice(0, count).join('')));
  for (let at = Number(from); at < Number(to) - 1; at += 1) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(Number(bytes[at]) ^ 1, at);
    expect(parseJournal(bytes).state).toBe('corrupt');
    expect(textsOf(bytes)).toEqual(['one', 'three']);
  }
});

test('a whole last record that is wrong was right when it was acknowledged: that is no torn end', () => {
  const bytes = Buffer.from(lines.join('').replace('three', 'thred'));
  expect(parseJournal(bytes).state).toBe('corrupt');
  expect(textsOf(bytes)).toEqual(['one', 'two']);
});

test('the first line says how far the generation before counts', () => {
  const after = { journal: 3, bytes: 77 };
  expect(parseJournal(Buffer.from(formatLine({ after }) + lines[0]))).toMatchObject({ after, state: 'whole' });
});

test('names', () => {
  expect(parseJournalName(journalName(12))).toBe(12);
  for (const name of ['sessions.journal.0', 'sessions.journal.1.corrupt-5', 'sessions.journal.', 'sessions.journal.01'])
    expect(parseJournalName(name)).toBeUndefined();
});
