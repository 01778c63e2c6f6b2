import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { quoted } from './database.ts';

/** How a SQLite database begins (https://sqlite.org/fileformat.html, section 1.3). */
const MAGIC = Buffer.from('SQLite format 3\0');
/** Columns, and fields of JSON texts in columns, that hold a time in ms since 1970 go by such names in the databases that the lab knows. */
const TIME_COLUMN = /(_at|At)$/;
const TIME_FIELD = /("\w*(?:_at|At)"\s*:\s*)(\d{13})\b/g;
/** 2001 to 2286. What is smaller is a duration or a count. */
const FIRST_TIME_MS = 1e12;
const LAST_TIME_MS = 1e13;

/**
 * So much time passes for all SQLite databases below `root`, which nobody has open: their times are so much earlier. Their triggers do not run, since no
 * program has written anything.
 * @returns how many databases there are
 */
export function passTimeInDatabases(root: string, byMs: number): { databases: number } {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(isDatabase);
  for (const file of files) passTime(file, byMs);
  return { databases: files.length };
}

function isDatabase(file: string): boolean {
  const begins = Buffer.alloc(MAGIC.length);
  const descriptor = openSync(file, 'r');
  try {
    return readSync(descriptor, begins) === MAGIC.length && begins.equals(MAGIC);
  } finally {
    closeSync(descriptor);
  }
}

function passTime(file: string, byMs: number): void {
  const database = new DatabaseSync(file);
  try {
    database.function('earlier', { deterministic: true }, (text) => earlier(String(text), byMs));
    database.exec('BEGIN IMMEDIATE');
    const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${quoted(String(name))}`);
    for (const table of tablesOf(database)) setBack(database, table, byMs);
    for (const { sql } of triggers) database.exec(String(sql));
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

/** Not those that keep the contents of a virtual one (https://sqlite.org/pragma.html#pragma_table_list): they are the module's own, and may not be modified. */
const tablesOf = (database: DatabaseSync): string[] =>
  database
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map(({ name }) => String(name));

function setBack(database: DatabaseSync, table: string, byMs: number): void {
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all(table);
  for (const { name } of columns) {
    const column = quoted(String(name));
    const isJson = `typeof(${column}) = 'text' AND ltrim(${column}) LIKE '{%'`;
    database.exec(`UPDATE ${quoted(table)} SET ${column} = earlier(${column}) WHERE ${isJson}`);
    if (!TIME_COLUMN.test(String(name))) continue;
    const isTime = `typeof(${column}) IN ('integer', 'real') AND ${column} BETWEEN ${FIRST_TIME_MS} AND ${LAST_TIME_MS}`;
    database.exec(`UPDATE ${quoted(table)} SET ${column} = ${column} - ${byMs} WHERE ${isTime}`);
  }
}

const earlier = (json: string, byMs: number): string =>
  json.replaceAll(TIME_FIELD, (_, name: string, time: string) => `${name}${Number(time) - byMs}`);
