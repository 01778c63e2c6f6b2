import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { passTimeInDatabases } from './pass-time.ts';

const NOW = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'midwrite-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('times are earlier in columns and in JSON texts; durations, other columns, triggers and other files are as they were', () => {
  const file = join(folder, 'store.sqlite');
  const made = new DatabaseSync(file);
  made.exec(`
    CREATE TABLE node (key TEXT PRIMARY KEY, updated_at INTEGER, sizes INTEGER, entry TEXT, valid INTEGER) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(entry);
    CREATE TRIGGER node_changed AFTER UPDATE ON node BEGIN UPDATE node SET valid = 0 WHERE key = NEW.key; END;
  `);
  const entry = JSON.stringify({ updatedAt: NOW, limitAt: 5, text: 'at noon', inner: { createdAt: NOW - HOUR_MS } });
  made.prepare('INSERT INTO node VALUES (?, ?, ?, ?, 1)').run('a', NOW, NOW, entry);
  made.prepare('INSERT INTO node VALUES (?, ?, ?, ?, 1)').run('b', 5, 1, 'no JSON "updatedAt": 1790000000000');
  const schema = made.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
  made.close();
  writeFileSync(join(folder, 'other'), 'SQLite');

  expect(passTimeInDatabases(folder, HOUR_MS)).toEqual({ databases: 1 });
  using database = new DatabaseSync(file);
  const [a, b] = database.prepare('SELECT * FROM node ORDER BY key').all();
  expect(a).toMatchObject({ updated_at: NOW - HOUR_MS, sizes: NOW, valid: 1 });
  expect(JSON.parse(String(a?.entry))).toEqual({
    updatedAt: NOW - HOUR_MS,
    limitAt: 5,
    text: 'at noon',
    inner: { createdAt: NOW - 2 * HOUR_MS },
  });
  expect(b).toMatchObject({ updated_at: 5, entry: 'no JSON "updatedAt": 1790000000000', valid: 1 });
  expect(database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()).toEqual(schema);
});
