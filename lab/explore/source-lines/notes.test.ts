import { expect, test } from 'vitest';
import { Notes } from './notes.ts';
import { nodeOptions } from './preload.ts';
import { lineInWords, reasonsOf, sourceLinesInWords } from './words.ts';

const MARK = 'midwrite-note-1';
const note = (more: object = {}) =>
  JSON.stringify({
    note: 'call',
    call: 'fs.rename',
    kind: 'rename',
    path: '/state/a',
    to: '/state/b',
    from: 1,
    until: 2,
    frames: [{ file: '/opt/app/a.js', line: 3, column: 4, function: 'put' }],
    ...more,
  });

test('notes are taken out of the log; what is none, or is too long, is counted and not kept', () => {
  const notes = new Notes(MARK);
  notes.line('listening on 8080');
  notes.line(`${MARK} {"note":"begins","node":"v24.0.0"}`);
  // The program had not ended its own line.
  notes.line(`half a line${MARK} ${note()}`);
  notes.line(`midwrite-note-2 ${note()}`);
  for (const wrong of ['{', 'null', note({ kind: 'reboot' }), note({ frames: [] }), note({ path: 'x'.repeat(5_000) })])
    notes.line(`${MARK} ${wrong}`);
  expect(notes.processes).toBe(1);
  expect(notes.calls).toHaveLength(1);
  expect(notes.calls[0]).toMatchObject({ call: 'fs.rename', path: '/state/a', to: '/state/b' });
  expect(notes.garbled).toBe(5);
  expect(notes.isFull).toBe(false);
});

test('a program that never ends its notes fills no memory', () => {
  const notes = new Notes(MARK);
  const long = `${MARK} ${'x'.repeat(1024 * 1024)}`;
  for (let count = 0; count < 70; count += 1) notes.line(long);
  expect(notes.isFull).toBe(true);
  expect(notes.garbled).toBeLessThan(70);
});

test('what a program has in NODE_OPTIONS stays, and nothing in the value needs quotes', () => {
  const given = { mark: MARK, root: '/state/with space' };
  expect(nodeOptions(undefined, given)).toMatch(/^--import=data:text\/javascript;base64,[\w+/=]+#[\w%.-]+$/);
  expect(nodeOptions('--max-old-space-size=512', given)).toMatch(/^--max-old-space-size=512 --import=\S+$/);
});

test('a line in words: the innermost, and who called it from another file', () => {
  const frames = [
    { file: '/opt/app/disk.ts', line: 61, column: 1, function: 'writeAll' },
    { file: '/opt/app/disk.ts', line: 80, column: 1 },
    { file: '/opt/app/store.ts', line: 4, column: 1, function: 'save' },
  ];
  expect(lineInWords({ frames })).toBe('/opt/app/disk.ts:61 (writeAll), called from store.ts:4 (save)');
  expect(lineInWords({ frames: frames.slice(0, 2) })).toBe('/opt/app/disk.ts:61 (writeAll), called from disk.ts:80');
  expect(lineInWords({ frames: frames.slice(2) })).toBe('/opt/app/store.ts:4 (save)');
});

test('what it cost, and why calls have no line', () => {
  const calls = [{ call: 1, through: 'fs.rename', frames: [{ file: '/a', line: 1, column: 1 }] }];
  const all = { calls, without: 2, reasons: [], tookMs: 5_500, turnsMs: { record: 100, withNotes: 154 } };
  expect(sourceLinesInWords(all)).toBe(
    'Source lines: of 1 of 3 calls, from a second recording of 5.5 s; its turns took 1.54 × as long.',
  );
  expect(reasonsOf(['differs', 'not-noted', 'differs'])).toEqual([
    expect.stringMatching(/^1 call has no line: made by no function/),
    expect.stringMatching(/^2 calls have no line: not alike/),
  ]);
});
