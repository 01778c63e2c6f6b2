import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { folder } from '../test/midwrite.ts';
import { Content } from './content.ts';
import { readDatabase } from './database.ts';
import { committedPart } from './wal.ts';

const PAGE = 4096;
const FRAME = 24 + PAGE;

/** A database, its log after each of its transactions, and the log with an older one behind it. */
async function logsOf(): Promise<{ database: Buffer; logs: Buffer[]; restarted: Buffer }> {
  await using at = await folder();
  const file = path.join(at.path, 'notes.db');
  using live = new DatabaseSync(file);
  live.exec(`pragma page_size = ${PAGE}; pragma journal_mode = wal; create table said (text)`);
  live.exec('pragma wal_checkpoint(truncate)');
  const database = readFileSync(file);
  const logs: Buffer[] = [];
  const say = (text: string) => {
    live.exec(`insert into said values ('${text}')`);
    logs.push(readFileSync(`${file}-wal`));
  };
  say('short');
  say('long '.repeat(PAGE));
  say('last');
  live.exec("pragma wal_checkpoint(restart); insert into said values ('anew')");
  return { database, logs, restarted: readFileSync(`${file}-wal`) };
}

/** What a reader finds there. */
const readWith = (database: Buffer, log: Content): string => {
  const contents = [Content.of(database), log, undefined];
  return readDatabase({ digest: '', bytes: database.length, contents });
};

test('the part that counts ends with the last whole commit, and says the same as the whole log', async () => {
  const { database, logs } = await logsOf();
  const [one, two, three] = logs.map((log) => Content.of(log));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three transactions');
  for (const log of [one, two, three]) expect(committedPart(log).digest).toBe(log.digest);
  // Torn at each page, and in a frame's header: what was committed before is there, and nothing else.
  for (let cut = one.size + 1; cut < two.size; cut += 1_000) {
    const torn = two.truncate(cut);
    expect(committedPart(torn).digest).toBe(one.digest);
    expect(readWith(database, torn)).toBe(readWith(database, one));
  }
  expect(committedPart(one.truncate(one.size - 1)).size).toBe(32);
  expect(readWith(database, two)).not.toBe(readWith(database, one));
  expect(three.size).toBe(two.size + FRAME * Math.round((three.size - two.size) / FRAME));
});

test('frames of an earlier log, which have other salts, do not count', async () => {
  const { logs, restarted } = await logsOf();
  const log = Content.of(restarted);
  expect(log.size).toBe(logs.at(-1)?.length);
  expect(committedPart(log).size).toBeLessThan(log.size);
});

test('what is no log counts whole', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('short'), Buffer.alloc(9_000, 7)])
    expect(committedPart(Content.of(bytes)).size).toBe(bytes.length);
});
