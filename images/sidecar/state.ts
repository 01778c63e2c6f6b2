import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { errnoOf, Failure } from './failure.ts';
import { globToRegExp } from './glob.ts';

/*
 * Synchronous calls on purpose: a snapshot of some hundred small files takes a few ms this way and many times that
 * through the thread pool. `Breather` gives the event loop its turn, so that acknowledgements are not timed late.
 */

const BREATH_MS = 5;
const CHUNK_BYTES = 262_144;
const ENTRIES_LIMIT = 200_000;

/** All contents of one snapshot together. */
const KEPT_LIMIT_BYTES = 64 * 1024 * 1024;

/** What a path that was listed a moment ago fails with when it has gone, or has become something else. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE', 'ENXIO']);

/** One thing under the root. Of what went away before it could be looked at (`gone`), every number is 0. */
export interface Entry {
  path: string;
  type: 'file' | 'directory' | 'symlink' | 'other';
  /** Of a regular file: exactly the bytes that `sha256` covers. */
  size: number;
  /** Permission bits. */
  mode: number;
  uid: number;
  ino: number;
  nlink: number;
  mtimeMs: number;
  ctimeMs: number;
  sha256?: string;
  target?: string;
  contentBase64?: string;
  gone?: true;
  /** The errno that kept the content, or a directory's entries, from being read. */
  unreadable?: string;
}

export interface SnapshotRequest {
  readonly root: string;
  readonly keep: readonly string[];
  readonly keepBytes: number;
}

export interface PlantFile {
  readonly path: string;
  readonly content: Buffer;
  readonly ageMs: number;
  readonly mode: number;
  /** The content goes behind what is there: a file too large for one request is planted in parts. */
  readonly append: boolean;
}

export interface Planted {
  readonly path: string;
  readonly sha256: string;
  readonly mtimeMs: number;
}

/** Lists everything under the root (not the root itself), sorted by path, with the content's hash of each regular file. */
export async function snapshot(request: SnapshotRequest): Promise<Entry[]> {
  const reader = new ContentReader(request.keep.map(globToRegExp), request.keepBytes);
  const entries: Entry[] = [];
  for await (const found of walk(request.root)) {
    const entry = found.entry;
    entries.push(entry);
    if (entry.gone) continue;
    if (entry.type === 'symlink') readTarget(found.raw, entry);
    if (entry.type === 'file') await reader.read(found.raw, entry);
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Sets the access and modification times of every regular file and directory under the root back by `byMs`. */
export async function age(root: string, byMs: number): Promise<{ files: number; directories: number }> {
  const counts = { files: 0, directories: 0 };
  const linked = new Set<string>();
  for await (const { raw, entry, stat } of walk(root)) {
    if (stat === undefined || (entry.type !== 'file' && entry.type !== 'directory')) continue;
    const inode = `${stat.dev}:${stat.ino}`;
    if (linked.has(inode)) continue; // a second name of a file that was done already
    if (entry.type === 'file' && stat.nlink > 1n) linked.add(inode);
    const back = (ns: bigint) => (Number(ns) / 1e6 - byMs) / 1000;
    // lutimes: never through a link that has taken the file's place meanwhile.
    if (!unlessGone(() => fs.lutimesSync(raw, back(stat.atimeNs), back(stat.mtimeNs)))) continue;
    counts[entry.type === 'file' ? 'files' : 'directories'] += 1;
  }
  return counts;
}

/** Writes files with a given age; one that exists is rewritten in place and keeps its inode. */
export function plant(files: readonly PlantFile[]): Planted[] {
  const planted: Planted[] = [];
  for (const file of files) {
    try {
      planted.push(plantOne(file));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure(
        'file-system',
        `can't plant ${file.path}: ${reason}`,
        { errno: errnoOf(error), planted },
        error,
      );
    }
  }
  return planted;
}

function plantOne(file: PlantFile): Planted {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const way = file.append ? O_APPEND : O_TRUNC;
  fs.mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
  const fd = fs.openSync(file.path, O_WRONLY | O_CREAT | way | O_NOFOLLOW | O_NONBLOCK, file.mode);
  try {
    for (let done = 0; done < file.content.length; ) done += fs.writeSync(fd, file.content, done);
    fs.fchmodSync(fd, file.mode); // open's mode goes through the umask, and does nothing to a file that exists
    const at = (Date.now() - file.ageMs) / 1000;
    fs.futimesSync(fd, at, at);
    const sha256 = createHash('sha256').update(file.content).digest('hex');
    return { path: file.path, sha256, mtimeMs: milliseconds(fs.fstatSync(fd, { bigint: true }).mtimeNs) };
  } finally {
    fs.closeSync(fd);
  }
}

interface Found {
  /** The path as bytes: a name need not be UTF-8. */
  readonly raw: Buffer;
  readonly entry: Entry;
  readonly stat: fs.BigIntStats | undefined;
}

async function* walk(root: string): AsyncGenerator<Found> {
  const breather = new Breather();
  const folders: { raw: Buffer; entry?: Entry }[] = [
    { raw: Buffer.from(root === '/' ? '' : root.replace(/\/+$/, '')) },
  ];
  let count = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const item of list(folder.raw, folder.entry)) {
      count += 1;
      if (count > ENTRIES_LIMIT) throw new Failure('too-large', `more than ${ENTRIES_LIMIT} entries under ${root}`);
      const raw = Buffer.concat([folder.raw, Buffer.from('/'), item.name]);
      const found = look(raw, item);
      yield found;
      if (found.entry.type === 'directory' && !found.entry.gone) folders.push({ raw, entry: found.entry });
      await breather.breathe();
    }
  }
}

/** The names in a folder. Only the root may fail: below it, a folder that can't be read says so in its entry. */
function* list(raw: Buffer, entry: Entry | undefined): Generator<fs.Dirent<Buffer>> {
  let folder: fs.Dir;
  try {
    // @types/node has no overload for the encoding "buffer", which Node supports.
    folder = fs.opendirSync(raw.length === 0 ? '/' : raw, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  } catch (error) {
    const errno = errnoOf(error);
    if (entry === undefined || errno === undefined) throw error;
    if (GONE.has(errno)) entry.gone = true;
    else entry.unreadable = errno;
    return;
  }
  try {
    for (let item = folder.readSync(); item !== null; item = folder.readSync())
      yield item as unknown as fs.Dirent<Buffer>;
  } finally {
    folder.closeSync();
  }
}

function look(raw: Buffer, item: fs.Dirent<Buffer>): Found {
  const path = isUtf8(raw) ? raw.toString('utf8') : raw.toString('latin1'); // latin1: one character a byte, as writegate does
  const entry: Entry = { path, type: typeOf(item), ...UNKNOWN };
  let stat: fs.BigIntStats | undefined;
  const isThere = unlessGone(() => {
    stat = fs.lstatSync(raw, { bigint: true });
  });
  if (isThere && stat !== undefined) describe(entry, stat);
  else entry.gone = true;
  return { raw, entry, stat };
}

const UNKNOWN = { size: 0, mode: 0, uid: 0, ino: 0, nlink: 0, mtimeMs: 0, ctimeMs: 0 };

function typeOf(thing: fs.BigIntStats | fs.Dirent<Buffer>): Entry['type'] {
  if (thing.isFile()) return 'file';
  if (thing.isDirectory()) return 'directory';
  return thing.isSymbolicLink() ? 'symlink' : 'other';
}

function describe(entry: Entry, stat: fs.BigIntStats): void {
  entry.type = typeOf(stat);
  entry.size = Number(stat.size);
  entry.mode = Number(stat.mode & 0o7777n);
  entry.uid = Number(stat.uid);
  entry.ino = Number(stat.ino);
  entry.nlink = Number(stat.nlink);
  entry.mtimeMs = milliseconds(stat.mtimeNs);
  entry.ctimeMs = milliseconds(stat.ctimeNs);
}

function milliseconds(ns: bigint): number {
  return Number(ns) / 1e6;
}

function readTarget(raw: Buffer, entry: Entry): void {
  if (!unlessGone(() => (entry.target = fs.readlinkSync(raw)))) entry.gone = true;
}

/** Runs a call on a path; false where the path has gone. */
function unlessGone(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (GONE.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** Hashes files through one buffer, and keeps the contents that the request asks for. */
class ContentReader {
  readonly #keep: readonly RegExp[];
  readonly #keepBytes: number;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #breather = new Breather();
  #keptBytes = 0;

  constructor(keep: readonly RegExp[], keepBytes: number) {
    this.#keep = keep;
    this.#keepBytes = keepBytes;
  }

  async read(raw: Buffer, entry: Entry): Promise<void> {
    let fd: number;
    try {
      // O_NONBLOCK: a FIFO that has taken the file's place must not hold the sidecar.
      fd = fs.openSync(raw, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (GONE.has(errno)) entry.gone = true;
      else entry.unreadable = errno;
      return;
    }
    try {
      await this.#readOpen(fd, entry);
    } catch (error) {
      const errno = errnoOf(error);
      if (error instanceof Failure || errno === undefined) throw error;
      entry.unreadable = errno;
    } finally {
      fs.closeSync(fd);
    }
  }

  /** All figures come from the open file: its name may have been given to another one since it was listed. */
  async #readOpen(fd: number, entry: Entry): Promise<void> {
    const stat = fs.fstatSync(fd, { bigint: true });
    if (!stat.isFile()) {
      entry.gone = true;
      return;
    }
    describe(entry, stat);
    const limitBytes = Number(stat.size); // a file that grows while it is read must not be read for ever
    const kept: Buffer[] | undefined = this.#isKept(entry.path, limitBytes) ? [] : undefined;
    const hash = createHash('sha256');
    let done = 0;
    while (done < limitBytes) {
      const got = fs.readSync(fd, this.#chunk, 0, Math.min(CHUNK_BYTES, limitBytes - done), done);
      if (got === 0) break;
      const part = this.#chunk.subarray(0, got);
      hash.update(part);
      kept?.push(Buffer.from(part));
      done += got;
      await this.#breather.breathe();
    }
    entry.size = done;
    entry.sha256 = hash.digest('hex');
    if (kept !== undefined) entry.contentBase64 = Buffer.concat(kept).toString('base64');
  }

  #isKept(path: string, sizeBytes: number): boolean {
    if (sizeBytes > this.#keepBytes || !this.#keep.some((glob) => glob.test(path))) return false;
    this.#keptBytes += sizeBytes;
    if (this.#keptBytes <= KEPT_LIMIT_BYTES) return true;
    const advice = 'ask for fewer files, or for a smaller keepBytes';
    throw new Failure('too-large', `the contents to keep are more than ${KEPT_LIMIT_BYTES} bytes together; ${advice}`);
  }
}

/** Gives the event loop a turn when the last one is a while ago. */
class Breather {
  #lastMs = performance.now();

  async breathe(): Promise<void> {
    if (performance.now() - this.#lastMs < BREATH_MS) return;
    await turnOfLoop();
    this.#lastMs = performance.now();
  }
}
