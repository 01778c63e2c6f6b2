import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { Disk } from './disk.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { formatStore, NEW_STORE, StoreFile } from './store-file.ts';
import { type SpareReason, sweep } from './sweep.ts';
import { formatTempName } from './temp-name.ts';

const GRACE_MS = 300_000;
const OLD_MS = GRACE_MS + 60_000;

let self: ProcessIdentity;
let folder: string;
beforeAll(async () => {
  self = await identify();
});
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'midwrite-sweep-'));
  put('sessions.json', formatStore(NEW_STORE), 0);
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A writer that ran on this boot and no longer does: this PID, and a start time that it does not have. */
const deadName = (serial: number) =>
  formatTempName({ writer: { ...self, startTicks: `${Number(self.startTicks) - 1}` }, serial });
const aliveName = (serial: number) => formatTempName({ writer: self, serial });
const names = () => fs.readdirSync(folder).sort();

function put(name: string, content: string | Buffer, ageMs: number): void {
  fs.writeFileSync(join(folder, name), content);
  age(name, ageMs);
}

function age(name: string, ageMs: number): void {
  const at = (Date.now() - ageMs) / 1000;
  fs.lutimesSync(join(folder, name), at, at);
}

async function swept(keep: readonly string[] = [], ...defects: Defect[]): Promise<Record<string, SpareReason>> {
  const disk = new Disk(new Set(defects));
  const file = new StoreFile(folder, self, disk);
  const { removed, spared } = await sweep(file, { graceMs: GRACE_MS, keep: new Set(keep) }, disk, () => undefined);
  for (const name of removed) expect(names()).not.toContain(name);
  for (const { name } of spared) expect(names()).toContain(name);
  return Object.fromEntries(spared.map(({ name, reason }) => [name, reason]));
}

test('it takes the old temps of dead writers, on this boot and on others, and nothing else', async () => {
  const otherBoot = { ...self, boot: self.boot === '00000000' ? '11111111' : '00000000' };
  const gone = [deadName(1), formatTempName({ writer: otherBoot, serial: 1 })];
  for (const name of [...gone, aliveName(2)]) put(name, 'x', OLD_MS);
  put(deadName(3), 'x', GRACE_MS - 60_000);
  put(deadName(4), 'x', OLD_MS);
  for (const name of ['sessions.json.123.0b0e.tmp', 'other.json.tmp', 'sessions.journal.1']) put(name, 'x', OLD_MS);
  fs.symlinkSync(join(folder, 'other.json.tmp'), join(folder, deadName(5)));
  fs.mkdirSync(join(folder, deadName(6)));
  for (const serial of [5, 6]) age(deadName(serial), OLD_MS);
  const before = names();

  expect(await swept([deadName(4)])).toEqual({
    [aliveName(2)]: 'writer-alive',
    [deadName(3)]: 'young',
    [deadName(4)]: 'kept-after-recovery',
    [deadName(5)]: 'not-a-regular-file',
    [deadName(6)]: 'not-a-regular-file',
    'sessions.json.123.0b0e.tmp': 'foreign-name',
  });
  expect(names()).toEqual(before.filter((name) => !gone.includes(name)));
});

test.each([
  ['store-missing', () => fs.unlinkSync(join(folder, 'sessions.json'))],
  ['store-unreadable', () => put('sessions.json', '{"torn":', 0)],
  ['store-newer', () => put('sessions.json', '{"schemaVersion":2,"minReaderVersion":2}', 0)],
  ['beside-a-corrupt-store', () => put(`sessions.json.corrupt-${Date.now()}`, 'x', 0)],
])('it takes nothing: %s', async (reason, spoil) => {
  spoil();
  put(deadName(1), 'x', OLD_MS);
  expect(await swept()).toEqual({ [deadName(1)]: reason });
});

/** Ten thousand files are made and removed, on any disk and beside anything else that runs. */
const MANY_FILES_LIMIT_MS = 180_000;

test('ten thousand temps', { timeout: MANY_FILES_LIMIT_MS }, async () => {
  for (let serial = 1; serial <= 10_000; serial += 1) put(deadName(serial), '', OLD_MS);
  expect(await swept()).toEqual({});
  expect(names()).toEqual(['sessions.json']);
});

test('a temp of 1 GB is removed without being read', async () => {
  put(deadName(1), '', OLD_MS);
  fs.truncateSync(join(folder, deadName(1)), 2 ** 30);
  age(deadName(1), OLD_MS);
  const before = process.memoryUsage().rss;
  expect(await swept()).toEqual({});
  expect(names()).toEqual(['sessions.json']);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27);
});

test('the defect sweep-by-age-only takes the temp of a living writer', async () => {
  put(aliveName(1), 'x', OLD_MS);
  put(deadName(2), 'x', 0);
  expect(await swept([], 'sweep-by-age-only')).toEqual({ [deadName(2)]: 'young' });
});

test("the defect sweep-everything takes other programs' files, and no living writer's", async () => {
  for (const name of ['other.json.tmp', 'sessions.json.123.0b0e.tmp', aliveName(1)]) put(name, 'x', OLD_MS);
  put('young.tmp', 'x', 0);
  expect(await swept([], 'sweep-everything')).toEqual({ [aliveName(1)]: 'writer-alive', 'young.tmp': 'young' });
});

test('the defect sweep-when-store-is-corrupt takes what may be the only copy', async () => {
  put('sessions.json', '', 0);
  put(deadName(1), 'x', OLD_MS);
  expect(await swept([deadName(1)], 'sweep-when-store-is-corrupt')).toEqual({});
  expect(names()).toEqual(['sessions.json']);
});
