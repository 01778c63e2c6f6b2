import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { folder } from '../test/midwrite.ts';
import { promises } from '../test/small-record.ts';
import { Content } from './content.ts';
import type { FolderImage, Inode } from './folder-image.ts';
import { StateJudge } from './judge-state.ts';
import type { Turn } from './record.ts';

const STORE = '/state/notes.db';
const turn: Turn = {
  kind: 'turn',
  name: 'first',
  session: 's',
  text: 'hello',
  durable: [{ file: `${STORE}#rows`, contains: 'hello' }],
  acknowledged: true,
  t: 0,
};

/** A database with one row, which is in its log only, as a killed process leaves it. */
async function filesOfLive(): Promise<{ database: Buffer; log: Buffer }> {
  await using at = await folder();
  const file = path.join(at.path, 'notes.db');
  using live = new DatabaseSync(file);
  live.exec(
    "pragma journal_mode = wal; create table said (text); pragma wal_checkpoint(truncate); insert into said values ('hello')",
  );
  return { database: readFileSync(file), log: readFileSync(`${file}-wal`) };
}

function stateOf(files: Readonly<Record<string, Buffer>>): FolderImage {
  const inodes = Object.values(files).map(
    (bytes): Inode => ({ type: 'file', mode: 0o600, content: Content.of(bytes) }),
  );
  return {
    names: new Map(Object.keys(files).map((file, index) => [file, index])),
    inodes: new Map(inodes.map((inode, index) => [index, inode])),
  };
}

test('a database is read with its log in every state', async () => {
  const judge = new StateJudge({ ...promises, store: { path: STORE, format: 'sqlite' } }, new Set());
  const verdicts = (files: Readonly<Record<string, Buffer>>) =>
    Object.fromEntries(judge.judge(stateOf(files), [turn]).map(({ check, verdict }) => [check, verdict]));
  const { database, log } = await filesOfLive();
  const held = { 'store-valid': 'held', 'acked-durable': 'held' };
  expect(verdicts({ [STORE]: database, [`${STORE}-wal`]: log })).toMatchObject(held);
  const lost = { 'store-valid': 'held', 'acked-durable': 'violated' };
  expect(verdicts({ [STORE]: database })).toMatchObject(lost);
  expect(verdicts({ [STORE]: database, [`${STORE}-wal`]: log.subarray(0, log.length - 100) })).toMatchObject(lost);
  expect(verdicts({ [STORE]: Buffer.concat([database.subarray(0, 50), Buffer.alloc(8_142)]) })).toMatchObject({
    'store-valid': 'violated',
  });
  expect(verdicts({ '/state/other': database })).toMatchObject({
    'store-valid': 'violated',
    'acked-durable': 'violated',
  });
});

test('a store that the release before did not have may be missing until it is made, and then it must be whole', async () => {
  const judge = new StateJudge({ ...promises, store: { path: STORE, format: 'sqlite' } }, new Set(), true);
  const storeValid = (files: Readonly<Record<string, Buffer>>) =>
    judge.judge(stateOf(files), []).find(({ check }) => check === 'store-valid')?.verdict;
  const { database } = await filesOfLive();
  expect(storeValid({ '/state/old.json': database })).toBe('not-applicable');
  expect(storeValid({ [STORE]: Buffer.alloc(0) })).toBe('held');
  expect(storeValid({ [STORE]: database })).toBe('held');
  expect(storeValid({ [STORE]: Buffer.concat([database.subarray(0, 50), Buffer.alloc(8_142)]) })).toBe('violated');
});
