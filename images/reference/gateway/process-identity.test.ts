import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify, livenessOf, parseStat } from './process-identity.ts';

const STAT_TAIL = `${'0 '.repeat(18)}4711 99 1`;

test('state and start time are found behind a name with spaces and brackets', () => {
  expect(parseStat(`7 (a) b (c) S ${STAT_TAIL}`)).toEqual({ state: 'S', startTicks: '4711' });
});

test('another form is refused', () => {
  expect(() => parseStat('7 (a) S 1 2')).toThrow('unexpected form');
});

test('this process is alive; the same pid with another start time or boot is not', async () => {
  const self = await identify();
  expect(self.pid).toBe(process.pid);
  expect(self.boot).toMatch(/^[0-9a-f]{8}$/);
  expect(await livenessOf(self, self)).toBe('alive');
  expect(await livenessOf({ ...self, startTicks: `${Number(self.startTicks) + 1}` }, self)).toBe('dead');
  expect(await livenessOf({ ...self, boot: self.boot === '00000000' ? '11111111' : '00000000' }, self)).toBe('dead');
});

test('a process that ended is dead', async () => {
  const self = await identify();
  const child = spawn('sleep', ['100']);
  const who = await identify(child.pid);
  expect(await livenessOf(who, self)).toBe('alive');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(await livenessOf(who, self)).toBe('dead');
});
