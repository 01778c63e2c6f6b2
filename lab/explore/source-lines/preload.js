// Runs in the container of a Node program, before the program: `node --import data:…` by NODE_OPTIONS (preload.ts). Each call that changes a file below the
// state folder is noted with where it was called from, as one line of the container's standard error when the call is over. The call itself goes to Node's own function.
// Nothing here may throw into the program.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Given in the hash of this module's own URL. */
const { mark, root } = JSON.parse(decodeURIComponent(new URL(import.meta.url).hash.slice(1)));

/** A write to a pipe of up to PIPE_BUF (4096) bytes is not mixed with others. */
const LINE_BYTES = 4000;
const MOST_NOTES = 100_000;
const MOST_FRAMES = 6;
const LOOKED_AT_FRAMES = 60;
const MOST_WAITING = 10_000;
const STDERR = 2;
const AGAIN_MS = 20;

const { openSync, readFileSync, readlinkSync, writeSync } = fs;
const { defineProperties, getOwnPropertyDescriptors, getPrototypeOf } = Object;
const now = () => Number(process.hrtime.bigint());

/** @param {number} fd */
function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** The processes of a program tell each other where their notes go. */
const VARIABLE = 'MIDWRITE_SOURCE_LINES';

/** @param {number} pid @returns {number} 0 where it can't be told */
function parentOf(pid) {
  // The name may hold anything, a ")" too: proc_pid_stat(5).
  const [, parent] = /\) \S (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  return Number(parent ?? 0);
}

/**
 * Notes go to the standard error of the process that the container was started for, which the lab reads. That of this process may be its parent's to read,
 * or a file.
 * @returns {number | undefined}
 */
function whereNotesGo() {
  try {
    let first = process.pid;
    for (let parent = parentOf(first); parent > 1; parent = parentOf(first)) first = parent;
    const file = `/proc/${first}/fd/${STDERR}`;
    const goesTo = readlinkSync(file);
    if (!goesTo.startsWith('pipe:') || ![undefined, goesTo].includes(process.env[VARIABLE])) return undefined;
    process.env[VARIABLE] = goesTo;
    return goesTo === linkOf(STDERR) ? STDERR : openSync(file, 'a');
  } catch {
    return undefined;
  }
}

const notesTo = whereNotesGo();

/** What waits for a pipe that was full. @type {string[]} */
let waiting = [];
let count = 0;

function flush() {
  while (waiting.length > 0) {
    try {
      writeSync(/** @type {number} */ (notesTo), /** @type {string} */ (waiting[0]));
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EAGAIN') setTimeout(flush, AGAIN_MS).unref();
      else waiting = [];
      return;
    }
    waiting.shift();
  }
}

/** @param {unknown} what */
function lineOf(what) {
  const json = JSON.stringify(what).replaceAll(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // The program may be in the middle of a line of its own.
  return `\n${mark} ${json}\n`;
}

/** @param {unknown} what */
function say(what) {
  const line = lineOf(what);
  if (line.length > LINE_BYTES || waiting.length >= MOST_WAITING) return;
  waiting.push(line);
  flush();
}

/** @typedef {{ file: string, line: number, column: number, function?: string }} Frame */
/** @typedef {{ path: string, to?: string }} Place */

/** @param {NodeJS.CallSite} site @returns {Frame | undefined} */
function frameOf(site) {
  const file = site.getFileName();
  if (typeof file !== 'string' || file === import.meta.url || /^(node:|internal\/)/.test(file)) return undefined;
  const name = site.getFunctionName();
  return {
    file: file.startsWith('file:') ? fileURLToPath(file) : file.slice(0, 1000),
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
    ...(name && { function: name.slice(0, 200) }),
  };
}

/** The program's own frames, the innermost first; what awaits a promise is among them. */
function framesHere() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = LOOKED_AT_FRAMES;
    Error.prepareStackTrace = (_, sites) => sites;
    /** @type {{ stack?: NodeJS.CallSite[] }} */
    const holder = {};
    Error.captureStackTrace(holder, framesHere);
    const sites = Array.isArray(holder.stack) ? holder.stack : [];
    return sites.flatMap((site) => frameOf(site) ?? []).slice(0, MOST_FRAMES);
  } catch {
    return [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * @param {string} call @param {string} kind @param {Place} place @param {Frame[]} frames
 * @param {number} from @param {number | null} until by CLOCK_MONOTONIC, as writegate's events
 */
function tell(call, kind, place, frames, from, until) {
  try {
    if (count === MOST_NOTES) say({ note: 'full' });
    count += 1;
    if (count > MOST_NOTES) return;
    const note = { note: 'call', call, kind, ...place, from, until, frames };
    if (lineOf(note).length > LINE_BYTES) note.frames = frames.slice(0, 1);
    say(note);
  } catch {}
}

/** @param {string} file */
const isBelow = (file) => file === root || file.startsWith(`${root}/`);

/** A path, a descriptor or a FileHandle as an absolute path. @param {unknown} what @returns {string | undefined} */
function pathOf(what) {
  if (typeof what === 'number') return linkOf(what);
  if (typeof what === 'string') return path.resolve(what);
  if (what instanceof URL) return fileURLToPath(what);
  if (Buffer.isBuffer(what)) return path.resolve(what.toString());
  const fd = /** @type {{ fd?: unknown } | null | undefined} */ (what)?.fd;
  return typeof fd === 'number' ? linkOf(fd) : undefined;
}

/** @typedef {(args: unknown[]) => Place | undefined} Where */

/** @param {number} at @param {number} [to] @returns {Where} */
const argument = (at, to) => (args) => {
  const one = pathOf(args[at]);
  const other = to === undefined ? undefined : pathOf(args[to]);
  if (one === undefined || !(isBelow(one) || (other !== undefined && isBelow(other)))) return undefined;
  return other === undefined ? { path: one } : { path: one, to: other };
};

const { O_CREAT, O_TRUNC } = fs.constants;

/** An open that may make or empty a file. @type {Where} */
const opened = (args) => {
  const flags = args[1] ?? 'r';
  const isChange = typeof flags === 'number' ? (flags & (O_CREAT | O_TRUNC)) !== 0 : /[wax]/.test(String(flags));
  return isChange ? argument(0)(args) : undefined;
};

/** @type {Where} */
const streamed = (args) => {
  const fd = /** @type {{ fd?: unknown } | undefined} */ (args[1])?.fd;
  return fd === undefined || fd === null ? argument(0)(args) : argument(0)([fd]);
};

/** The kind says which of the kernel's calls it can make (match.ts). @type {Readonly<Record<string, [kind: string, where: Where]>>} */
const CALLS = {
  open: ['open', opened],
  write: ['write', argument(0)],
  writev: ['write', argument(0)],
  writeFile: ['file', argument(0)],
  appendFile: ['file', argument(0)],
  copyFile: ['copy', argument(1)],
  cp: ['tree', argument(1)],
  rename: ['rename', argument(0, 1)],
  link: ['link', argument(0, 1)],
  symlink: ['link', argument(1)],
  unlink: ['remove', argument(0)],
  rmdir: ['remove-tree', argument(0)],
  rm: ['remove-tree', argument(0)],
  mkdir: ['mkdir', argument(0)],
  mkdtemp: ['mkdtemp', argument(0)],
  truncate: ['truncate', argument(0)],
  ftruncate: ['truncate', argument(0)],
  chmod: ['mode', argument(0)],
  fchmod: ['mode', argument(0)],
  chown: ['owner', argument(0)],
  lchown: ['owner', argument(0)],
  fchown: ['owner', argument(0)],
  utimes: ['times', argument(0)],
  lutimes: ['times', argument(0)],
  futimes: ['times', argument(0)],
  fsync: ['sync', argument(0)],
  fdatasync: ['sync', argument(0)],
};

/** Of a FileHandle, whose file is its own. @type {Readonly<Record<string, string>>} */
const OF_HANDLE = {
  write: 'write',
  writev: 'write',
  writeFile: 'file',
  appendFile: 'file',
  truncate: 'truncate',
  chmod: 'mode',
  chown: 'owner',
  utimes: 'times',
  sync: 'sync',
  datasync: 'sync',
};

/** Node's own functions call each other: only what the program calls is noted. */
let depth = 0;

/** @typedef {(this: unknown, ...args: unknown[]) => unknown} Callable */
/** @typedef {'sync' | 'callback' | 'promise' | 'stream'} Style */

/**
 * The same function, which notes where it was called from.
 * @param {string} call @param {string} kind @param {Style} style @param {Callable} own
 * @param {(self: unknown, args: unknown[]) => Place | undefined} where
 */
function noted(call, kind, style, own, where) {
  /** @type {Callable} */
  function wrapper(...args) {
    const last = args.length - 1;
    const callback = args[last];
    /** @type {Place | undefined} */
    let place;
    /** @type {Frame[]} */
    let frames = [];
    if (depth === 0 && (style !== 'callback' || typeof callback === 'function')) {
      try {
        place = where(this, args);
        if (place !== undefined) frames = framesHere();
      } catch {}
    }
    const at = place;
    if (at === undefined || frames.length === 0) return Reflect.apply(own, this, args);
    const from = now();
    const over = () => tell(call, kind, at, frames, from, now());
    if (style === 'callback')
      args[last] = /** @this {unknown} @param {unknown[]} results */ function (...results) {
        over();
        return Reflect.apply(/** @type {Callable} */ (callback), this, results);
      };
    depth += 1;
    /** @type {unknown} */
    let result;
    try {
      result = Reflect.apply(own, this, args);
    } finally {
      depth -= 1;
      if (style === 'sync') over();
      if (style === 'stream') tell(call, kind, at, frames, from, null);
    }
    if (style !== 'promise') return result;
    return /** @type {Promise<unknown>} */ (result).then(
      (value) => {
        over();
        return value;
      },
      (error) => {
        over();
        throw error;
      },
    );
  }
  // Its name, its length, and what util.promisify looks for.
  return defineProperties(wrapper, getOwnPropertyDescriptors(own));
}

/** @param {Record<string, unknown>} target @param {string} name @param {string} shown @param {string} kind @param {Style} style @param {(self: unknown, args: unknown[]) => Place | undefined} where */
function replace(target, name, shown, kind, style, where) {
  const own = target[name];
  if (typeof own !== 'function') return;
  try {
    target[name] = noted(shown, kind, style, /** @type {Callable} */ (own), where);
  } catch {}
}

async function noteFiles() {
  const callbacks = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fs));
  const promises = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fs.promises));
  const handle = await fs.promises.open('/dev/null');
  const methods = getPrototypeOf(handle);
  await handle.close();
  for (const [name, [kind, where]] of Object.entries(CALLS)) {
    const ofArgs = (/** @type {unknown} */ _, /** @type {unknown[]} */ args) => where(args);
    replace(callbacks, name, `fs.${name}`, kind, 'callback', ofArgs);
    replace(callbacks, `${name}Sync`, `fs.${name}Sync`, kind, 'sync', ofArgs);
    replace(promises, name, `fs.promises.${name}`, kind, 'promise', ofArgs);
  }
  const ofSelf = (/** @type {unknown} */ self) => argument(0)([self]);
  for (const [name, kind] of Object.entries(OF_HANDLE))
    replace(methods, name, `FileHandle.${name}`, kind, 'promise', ofSelf);
  replace(callbacks, 'createWriteStream', 'fs.createWriteStream', 'stream', 'stream', (_, args) => streamed(args));
  replace(methods, 'createWriteStream', 'FileHandle.createWriteStream', 'stream', 'stream', ofSelf);
}

/** What a database writes, it writes inside the calls of its connection. */
function noteDatabases() {
  const { emitWarning } = process;
  // Loading it warns that it is experimental, which is for the program to do.
  process.emitWarning = () => undefined;
  const sqlite = process.getBuiltinModule?.('node:sqlite');
  process.emitWarning = emitWarning;
  if (sqlite === undefined) return;
  const exports = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (sqlite));
  /** Where a connection, or what was prepared on it, has its file. @type {WeakMap<object, string>} */
  const files = new WeakMap();
  const placeOf = (/** @type {unknown} */ self) => {
    const file = files.get(/** @type {object} */ (self));
    return file === undefined ? undefined : { path: file };
  };
  const { DatabaseSync, StatementSync } = sqlite;
  const connection = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (DatabaseSync.prototype));
  const statement = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (StatementSync.prototype));
  for (const name of ['exec', 'open', 'close'])
    replace(connection, name, `DatabaseSync.${name}`, 'database', 'sync', placeOf);
  for (const name of ['run', 'get', 'all'])
    replace(statement, name, `StatementSync.${name}`, 'database', 'sync', placeOf);
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = defineProperties(
    /** @this {import('node:sqlite').DatabaseSync} @param {Parameters<typeof prepare>} args */ function (...args) {
      const made = Reflect.apply(prepare, this, args);
      const file = files.get(this);
      if (file !== undefined) files.set(made, file);
      return made;
    },
    getOwnPropertyDescriptors(prepare),
  );
  exports.DatabaseSync = new Proxy(DatabaseSync, {
    construct(target, args, newTarget) {
      const file = pathOf(args[0]);
      const isNoted = depth === 0 && file !== undefined && isBelow(file);
      const frames = isNoted ? framesHere() : [];
      const from = now();
      const made = Reflect.construct(target, args, newTarget);
      if (isNoted) {
        files.set(made, file);
        if (frames.length > 0) tell('new DatabaseSync', 'database', { path: file }, frames, from, now());
      }
      return made;
    },
  });
}

if (notesTo !== undefined) {
  try {
    await noteFiles();
    noteDatabases();
    syncBuiltinESMExports();
    process.on('exit', flush);
    say({ note: 'begins', node: process.version });
  } catch {}
}
