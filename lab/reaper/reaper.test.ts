import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { lock } from '../owner/lock.ts';
import { decodeOwner, encodeOwner, liveness, self } from '../owner/owner.ts';
import { scratch, sweepScratch } from '../owner/scratch.ts';
import { childrenFirst } from './reaper.ts';

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('an owner is the same process, not the same number', async () => {
  expect(liveness(self())).toBe('alive');
  expect(liveness({ ...self(), startedAt: '1' })).toBe('dead');
  expect(liveness({ ...self(), pid: await deadPid() })).toBe('dead');
  expect(liveness({ ...self(), host: '0123456789abcdef' })).toBe('elsewhere');
});

test('an owner survives a label', () => {
  expect(decodeOwner(encodeOwner(self()))).toEqual(self());
  expect(decodeOwner('')).toBeUndefined();
  expect(decodeOwner('someone else')).toBeUndefined();
});

test('scratch folders go with their user, and with a dead one at the next start', async () => {
  let kept = '';
  {
    await using mine = await scratch('test');
    kept = mine.path;
    expect(existsSync(kept)).toBe(true);
    await sweepScratch();
    expect(existsSync(kept)).toBe(true);
  }
  expect(existsSync(kept)).toBe(false);
  const left = kept.replace(encodeOwner(self()), encodeOwner({ ...self(), startedAt: '1' }));
  writeFileSync(left, '');
  await sweepScratch();
  expect(existsSync(left)).toBe(false);
});

test('a lock keeps the living out and the dead not', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'midwrite-test-'));
  const file = path.join(folder, 'lock');
  try {
    {
      await using _ = await lock(file, 1_000);
      await expect(lock(file, 300)).rejects.toThrow(/held by process \d+/);
    }
    writeFileSync(file, encodeOwner({ ...self(), startedAt: '1' }));
    await using _ = await lock(file, 1_000);
    expect(existsSync(file)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an image goes before what it is made of', () => {
  const of = (Id: string, ParentId: string) => ({ Id, ParentId });
  const list = [of('a', 'not the lab’s'), of('b', 'a'), of('d', 'c'), of('c', 'b'), of('other', '')];
  expect(childrenFirst(list).map((one) => one.Id)).toEqual(['d', 'c', 'b', 'a', 'other']);
});
