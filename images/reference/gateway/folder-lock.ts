import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Defect } from './defects.ts';
import { parseStat } from './process-identity.ts';
import { StateError } from './state-error.ts';

const LOCK_NAME = 'gateway.lock';

/** Of the defect `lock-runs-out`. */
const LEASE_MS = 5 * 60_000;

/** SQLite's result codes. */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;

/** A database that nothing refers to is closed by the garbage collector, and its lock is gone. */
const heldDatabases = new Set<DatabaseSync>();

/** Held as long as the process lives, or until it is released. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the folder for this process alone, or throws a `StateError`.
 *
 * The lock is the kernel's, on an empty file: it is gone the moment its holder dies, however it dies. A file with a PID in it
 * would outlive a SIGKILL, and a PID proves nothing: in a container the next process gets the same one, and two containers on
 * one volume do not see each other's processes. Node has no call for such locks, but its SQLite takes one.
 */
export function lockFolder(folder: string, defects: ReadonlySet<Defect>): FolderLock {
  if (defects.has('lock-by-pid-only')) return lockByPid(folder);
  if (defects.has('lock-of-another-host')) return lockByHost(folder);
  if (defects.has('lock-runs-out')) return lockByTime(folder);
  if (defects.has('take-over-guard-stays')) return lockUnderGuard(folder);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, LOCK_NAME));
    // A transaction that is never ended and writes nothing. MEMORY: no -journal file beside it (OFF is refused by a defensive SQLite).
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw lockError(folder, error);
  }
  const held = database;
  heldDatabases.add(held);
  return {
    release: () => {
      heldDatabases.delete(held);
      held.close();
    },
  };
}

function lockError(folder: string, error: unknown): StateError {
  const cause = error instanceof Error ? error : new Error(String(error));
  switch ('errcode' in cause ? cause.errcode : undefined) {
    case SQLITE_BUSY:
      return lockedError(folder);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: {
      const advice = `let the user that the gateway runs as (uid ${process.getuid?.()}) write to it`;
      return new StateError('no-permission', `${join(folder, LOCK_NAME)} can't be written: ${advice}`, { cause });
    }
    default: {
      const advice = 'it should be an empty file: if no gateway uses the folder, remove it';
      return new StateError('broken', `${join(folder, LOCK_NAME)} can't be locked: ${cause.message}; ${advice}`, {
        cause,
      });
    }
  }
}

function lockedError(folder: string): StateError {
  const advice = 'stop that one first, or give this one another folder';
  return new StateError('locked', `another gateway is using ${folder}: ${advice}; nothing was changed`);
}

/** The defect `lock-by-pid-only`: what many programs do. */
function lockByPid(folder: string): FolderLock {
  const path = join(folder, 'gateway.pid');
  if (existsSync(path) && existsSync(`/proc/${readFileSync(path, 'utf8').trim()}`)) throw lockedError(folder);
  writeFileSync(path, `${process.pid}\n`);
  return { release: () => rmSync(path, { force: true }) };
}

/** The defect `lock-of-another-host`: the way around a PID that comes again, which believes a host that is gone. */
function lockByHost(folder: string): FolderLock {
  const path = join(folder, 'gateway.host');
  const [host, pid] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ') : [];
  const isAlive = pid !== undefined && pid !== String(process.pid) && existsSync(`/proc/${pid}`);
  if (host !== undefined && (host !== hostname() || isAlive)) throw lockedError(folder);
  writeFileSync(path, `${hostname()} ${process.pid}\n`);
  return { release: () => rmSync(path, { force: true }) };
}

/** The defect `lock-runs-out`: a lease, which is right only where it is given back at every end that a process lives to see. */
function lockByTime(folder: string): FolderLock {
  const path = join(folder, LOCK_NAME);
  if (existsSync(path) && Date.now() < Number(readFileSync(path, 'utf8'))) throw lockedError(folder);
  writeFileSync(path, String(Date.now() + LEASE_MS));
  return { release: () => undefined };
}

/** The defect `take-over-guard-stays`: a dead owner is told from a living one, and whoever dies while he takes over is not. */
function lockUnderGuard(folder: string): FolderLock {
  const path = join(folder, 'gateway.owner');
  const guard = `${path}.reclaim`;
  const self = `${process.pid} ${startOf(process.pid)}`;
  if (existsSync(path)) {
    const owner = readFileSync(path, 'utf8');
    const [pid] = owner.split(' ');
    if (pid !== '' && existsSync(`/proc/${pid}`) && owner === `${pid} ${startOf(Number(pid))}`)
      throw lockedError(folder);
    if (existsSync(guard)) throw lockedError(folder);
    mkdirSync(guard);
    rmSync(path);
    writeFileSync(path, self);
    rmdirSync(guard);
  } else writeFileSync(path, self);
  return { release: () => rmSync(path, { force: true }) };
}

const startOf = (pid: number): string => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startTicks;
