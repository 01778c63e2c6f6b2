import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dumpDatabase } from './database.ts';

let folder: string;
let file: string;
let database: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'midwrite-test-'));
  file = join(folder, 'store.sqlite');
  database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)',
  );
  database.prepare('INSERT INTO t (text, bytes) VALUES (?, ?)').run('hello', new Uint8Array([1, 2]));
});
afterEach(() => {
  if (database.isOpen) database.close();
  rmSync(folder, { recursive: true });
});

test('reads what is only in the log, and changes nothing', () => {
  const wal = readFileSync(`${file}-wal`);
  expect(dumpDatabase(file)).toEqual({
    integrity: 'ok',
    tables: { t: [{ id: 1, text: 'hello', bytes: { bytes: 2, starts: '0102' } }] },
  });
  expect(readFileSync(`${file}-wal`).equals(wal)).toBe(true);
});

test('a torn last frame is not there: its transaction never was', () => {
  const { length } = readFileSync(`${file}-wal`);
  database.prepare('INSERT INTO t (text) VALUES (?)').run('torn');
  truncateSync(`${file}-wal`, length + 1_000);
  expect(dumpDatabase(file)).toMatchObject({ integrity: 'ok', tables: { t: [{ text: 'hello' }] } });
});

test('a damaged page is told', () => {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const content = readFileSync(file);
  content.fill(0xff, 4096, 4096 + 200);
  writeFileSync(file, content);
  expect(dumpDatabase(file).integrity).not.toBe('ok');
});

test('what is no database is told', () => {
  database.close();
  writeFileSync(file, 'not a database, and long enough to have a header of the right size, if only it were one');
  expect(dumpDatabase(file).integrity).toMatch(/can't be read: .*not a database/);
});
