import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Gate } from './gate.ts';
import type { GateEvent, GateEventOf } from './protocol.ts';

const LIMIT_MS = 30_000;
const CALLS = 2_000;
const nobody = { event: () => undefined, log: () => undefined, garbage: () => undefined };

const streams = () => ({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() });
const mark = (seq: number): string => `${JSON.stringify({ ev: 'mark', seq, t: seq, mono: seq, text: String(seq) })}\n`;

test('a wait looks at each event once, however many calls a system makes before the one that is waited for', async () => {
  const { stdin, stdout, stderr } = streams();
  const gate = new Gate({ stdin, stdout, stderr }, nobody);
  let looks = 0;
  const isLast = (event: GateEvent): event is GateEventOf<'mark'> => {
    looks += 1;
    return event.ev === 'mark' && event.text === String(CALLS);
  };
  const found = gate.waitFor({ name: 'the last mark', limitMs: LIMIT_MS }, isLast, 1);
  for (let seq = 1; seq <= CALLS; seq += 1) stdout.write(mark(seq));
  expect(await found).toMatchObject({ seq: CALLS });
  expect(looks).toBe(CALLS - 1);
  // One that has come already is found too.
  expect(await gate.waitForKind({ name: 'a mark', limitMs: LIMIT_MS }, 'mark')).toMatchObject({ seq: 1 });
  stdout.end();
  stderr.end();
  await gate.ended;
});

test('a wait for a line of the log ends with the gate, and says what was said last', async () => {
  const { stdin, stdout, stderr } = streams();
  const gate = new Gate({ stdin, stdout, stderr }, nobody);
  const wait = { name: 'a line', limitMs: LIMIT_MS };
  stderr.write('one\ntwo\n');
  expect(await gate.waitForLog(wait, 'tw')).toBe('two');
  const never = gate.waitForLog(wait, 'three');
  stdout.end();
  stderr.end();
  await expect(never).rejects.toThrow(/the system was gone.*\n {2}one\n {2}two/);
});
