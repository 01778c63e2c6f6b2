import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a SQLite database says when it is opened as a process after a crash would open it. */
export interface DatabaseDump {
  /** `ok`, or what `PRAGMA integrity_check` or the opening said. */
  integrity: string;
  /** All rows of all ordinary tables, in the order of their row ids; a blob as its length and its first bytes in hex. */
  tables: Record<string, unknown[]>;
}

const BLOB_BYTES_SHOWN = 32;
const SUFFIXES = ['', '-wal', '-journal'];

/**
 * Reads a database from a copy of its file and of its journal or write-ahead log: opening it in place would recover it, and so change what the
 * crash left. The shared-memory file (-shm) is left out: SQLite makes it anew from the log (https://sqlite.org/wal.html, section 2.2).
 */
export function dumpDatabase(file: string): DatabaseDump {
  const folder = mkdtempSync(join(tmpdir(), 'dump-'));
  try {
    const copy = join(folder, 'database');
    for (const suffix of SUFFIXES) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    return readOwn(copy);
  } catch (error) {
    return unreadable(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a database in place, of which nobody else knows: it is recovered, and its log may be gone afterwards. */
export function dumpOwn(file: string): DatabaseDump {
  try {
    return readOwn(file);
  } catch (error) {
    return unreadable(error);
  }
}

const unreadable = (error: unknown): DatabaseDump => ({
  integrity: `can't be read: ${error instanceof Error ? error.message : String(error)}`,
  tables: {},
});

function readOwn(file: string): DatabaseDump {
  const database = new DatabaseSync(file);
  try {
    // It is thrown away: nothing of what recovers it needs to reach a disk.
    database.exec('PRAGMA synchronous = OFF');
    const findings = database
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => String(row.integrity_check));
    const names = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
      )
      .all()
      .map((row) => String(row.name));
    const tables: Record<string, unknown[]> = {};
    for (const name of names) tables[name] = rowsOf(database, name);
    return { integrity: findings.join('; '), tables };
  } finally {
    database.close();
  }
}

function rowsOf(database: DatabaseSync, table: string): unknown[] {
  const select = database.prepare(`SELECT * FROM ${quoted(table)}`);
  select.setReadBigInts(true);
  return select
    .all()
    .map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plainValue(value)])));
}

/** The name of a table or a column in a statement, whatever is in it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array)
    return { bytes: value.length, starts: Buffer.from(value.subarray(0, BLOB_BYTES_SHOWN)).toString('hex') };
  return value;
}
