import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { lockFolder } from './folder-lock.ts';

let folder: string;
/** Whatever a test does, none outlives it. */
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'midwrite-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

const lock = (...defects: Defect[]) => lockFolder(folder, new Set(defects));

/** Another process that has the lock until it dies. */
async function holder() {
  const module = JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href);
  const program = `import { lockFolder } from ${module};
    lockFolder(${JSON.stringify(folder)}, new Set());
    globalThis.gc(); // the lock must not hang on the variable that nobody keeps
    console.log('held');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  await Promise.race([once(child.stdout, 'data'), exited]);
  return { kill, [Symbol.asyncDispose]: kill };
}

test('one process has it, and after its SIGKILL the next one gets it', async () => {
  await using first = await holder();
  expect(() => lock()).toThrow(expect.objectContaining({ code: 'locked', message: expect.stringContaining(folder) }));
  await first.kill();
  lock().release();
});

test('it is exclusive inside a process too, until it is released', () => {
  const held = lock();
  expect(() => lock()).toThrow(expect.objectContaining({ code: 'locked' }));
  held.release();
  lock().release();
});

test('all it leaves is an empty file', () => {
  const held = lock();
  expect(fs.readdirSync(folder)).toEqual(['gateway.lock']);
  expect(fs.statSync(join(folder, 'gateway.lock')).size).toBe(0);
  held.release();
  expect(fs.readdirSync(folder)).toEqual(['gateway.lock']);
});

test('something else under its name is told apart', () => {
  fs.writeFileSync(
    join(folder, 'gateway.lock'),
    'notes of somebody, long enough to be told from a database header\n'.repeat(20),
  );
  expect(() => lock()).toThrow(
    expect.objectContaining({ code: 'broken', message: expect.stringContaining('gateway.lock') }),
  );
});

test('the defect lock-by-pid-only: the PID of a killed gateway, which this one has now, locks it out', () => {
  fs.writeFileSync(join(folder, 'gateway.pid'), `${process.pid}\n`);
  lock().release();
  expect(() => lock('lock-by-pid-only')).toThrow(expect.objectContaining({ code: 'locked' }));
});

test('the defect lock-of-another-host: a host that is gone locks it out, a process of this one that is gone does not', () => {
  fs.writeFileSync(join(folder, 'gateway.host'), `${hostname()} ${process.pid}\n`);
  lock('lock-of-another-host').release();
  fs.writeFileSync(join(folder, 'gateway.host'), `another-host ${process.pid}\n`);
  expect(() => lock('lock-of-another-host')).toThrow(expect.objectContaining({ code: 'locked' }));
});

test('the defect lock-runs-out: a time that is not over locks it out, and no release ends it', () => {
  lock('lock-runs-out').release();
  expect(() => lock('lock-runs-out')).toThrow(expect.objectContaining({ code: 'locked' }));
  fs.writeFileSync(join(folder, 'gateway.lock'), String(Date.now() - 1));
  lock('lock-runs-out').release();
});

test('the defect take-over-guard-stays: a dead owner does not lock it out, a living one and a guard that was left do', () => {
  const owner = join(folder, 'gateway.owner');
  fs.writeFileSync(owner, `${process.pid} 1`);
  const held = lock('take-over-guard-stays');
  expect(fs.readdirSync(folder)).toEqual(['gateway.owner']);
  expect(() => lock('take-over-guard-stays')).toThrow(expect.objectContaining({ code: 'locked' }));
  held.release();
  fs.writeFileSync(owner, `${process.pid} 1`);
  fs.mkdirSync(`${owner}.reclaim`);
  expect(() => lock('take-over-guard-stays')).toThrow(expect.objectContaining({ code: 'locked' }));
});
