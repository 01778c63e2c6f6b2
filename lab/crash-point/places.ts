import path from 'node:path';
import { ALL_BYTES, type ArmSpec, type GateEventOf } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import { FileStates } from './file-states.ts';
import { canTear, tearOf } from './tear.ts';
import { Walk } from './walk.ts';
import { patternOf } from './write-shape.ts';

export type Op = GateEventOf<'op'>;

/** What a crash at a place leaves of a file, in the order in which a write passes it. */
export const PLACE_KINDS = {
  before: 'nothing of the write is done',
  empty: 'the file is made and has no byte',
  truncated: 'what the file held is gone, and nothing new is in it',
  torn: 'a part of the bytes is written',
  full: 'the new copy is whole, and not yet renamed over the file',
  replaced: 'the new copy has the name of the file',
  appended: 'a part of what is appended is there',
  overwritten: 'a part of the file has new bytes',
  moved: 'a file has another name',
  removed: 'a file is gone',
  made: 'a folder or a link is made',
  between: 'one of several calls is done',
  answered: 'all is done, and nobody has heard of it',
  unsynced: 'what is written is not synced yet',
} as const;
export type PlaceKind = keyof typeof PLACE_KINDS;

/** Where in a write a fault lands, learned from the record of one write. Plain data: it stands in a run's files. */
export interface Place {
  /** Short and fit for a cell's id: `package.json.truncated`. */
  id: string;
  kind: PlaceKind;
  /** The file that it is about, below the state folder, with `*` where its name changes from write to write. */
  file: string;
  /** For somebody who has never read about crash points: `package.json, truncated and not yet written`. */
  words: string;
  arm: ArmSpec;
}

/** Files that were there before a write; with their sizes where they are known. */
export type Existing = ReadonlySet<string> | ReadonlyMap<string, number>;

/** A place, as it comes out of the record: named, but not yet told apart from others of its name. */
export type Found = Omit<Place, 'id'> & {
  /** Of every call: which one, from 1. Its id says so, since the same name is another place where there is one of each kind. */
  call?: number;
};

/** Attributes and syncs: a process that dies there leaves what it leaves before the next call. */
const NO_PLACE: ReadonlySet<string> = new Set(['sync', 'chmod', 'chown', 'utime', 'xattr', 'map', 'mknod']);

/** What a file or folder is called, with what changes from write to write as `*`. */
export type Roles = (file: string, isFolder?: boolean) => string;

/** The path of every component with what changes from write to write as `*`. */
export function roleOf(file: string, isFolder = false): string {
  return file
    .split('/')
    .map((name, index, names) => {
      const isLast = index === names.length - 1;
      if (name === '' || (!isLast && FIRST_BYTE.test(name) && !isOfHashes(names, index))) return name;
      return roleOfName(name, isFolder || !isLast);
    })
    .join('/');
}

/** A folder of a store that is addressed by content: the first byte of a hash. */
const FIRST_BYTE = /^[0-9a-f]{2}$/;
/** What is in such a folder, if not another one: the rest of the hash, or a temp. */
const OF_HASH = /^(?:[0-9a-f]{16}|te?mp_)/;

/** Two letters may be a word, such as `db`: such a folder is one of hashes by what is in it. */
const isOfHashes = (names: readonly string[], index: number): boolean => {
  const [name = '', next = ''] = names.slice(index);
  return FIRST_BYTE.test(name) && (/\d/.test(name) || OF_HASH.test(next) || isOfHashes(names, index + 1));
};

/** Six characters of mkstemp(3), or as many of another library's: small and capital letters mixed as no word has them. */
const RANDOM = /(?<=^|[._-])(?=\w*[a-z])(?=\w*[A-Z])(?![A-Z]?[a-z]+(?:[._-]|$))[A-Za-z0-9]{6,}(?=$|[._-])/g;

/** Is all of a part of a name such characters? */
export const isRandom = (part: string): boolean => part.replaceAll(RANDOM, '*') === '*';

/** Eight characters of Python's tempfile, behind its own prefix or a program's: with a digit and a `_`, which no word has within it. */
const OF_PYTHON = /(?<=^|[.~-])(?:(tmp)\w{8}|(?=[a-z0-9_]*\d)(?=[a-z0-9_]*_)[a-z0-9_]{8})(?=$|[.~-])/g;

/** What mkstemp(3) puts behind the name of a temp: of random letters some look like a word. */
const AFTER_TMP = /(?<=(?:^|[._-])te?mp[._-](?:[A-Za-z]+[._-])*)[A-Za-z0-9]{6}$/;

/** What a write says may be in the name of its file. */
const TEXT = /midwrite-(?:warm|struck|after|again|early|crowd|restarted)(?:-\d+)?x*/g;

const roleOfName = (name: string, isFolder: boolean): string =>
  isFolder && FIRST_BYTE.test(name)
    ? '*'
    : path.posix.basename(patternOf(`/${withoutRandom(name.replaceAll(TEXT, '*'))}`));

const withoutRandom = (name: string): string =>
  name.replaceAll(OF_PYTHON, '$1*').replace(AFTER_TMP, '*').replaceAll(RANDOM, '*');

/** A pattern for the file of a call, by whatever name its kind has; a rename's is the file that it is to be. */
export const patternOfCall = (call: { op: string; path: string; to?: string | undefined }): string =>
  globOfPath(call.to ?? call.path, call.op === 'mkdir');

/** A pattern that fits a path's role; signs that mean something in a pattern stand for any one sign. */
export const globOf = ({ op, path: file }: { op: string; path: string }, roles: Roles = roleOf): string =>
  globOfPath(file, op === 'mkdir', roles);
const globOfPath = (file: string, isFolder: boolean, roles: Roles = roleOf): string =>
  roles(file, isFolder).replaceAll(/[?[\]{}()!+@|\\]/g, '?');

/** One call of a write, with what is needed to hold the same call in another write. */
export class Calls {
  readonly #ops: readonly Op[];
  readonly #roles: Roles;

  constructor(ops: readonly Op[], roles: Roles = roleOf) {
    this.#ops = ops;
    this.#roles = roles;
  }

  /** The hold of the call with this index: its kind, its file's role, and the how-manieth of those it is. */
  arm(index: number, at: ArmSpec['at'], bytes?: number): ArmSpec {
    const op = this.#ops[index];
    if (op === undefined) throw new Error(`the write has no call ${index}`);
    const glob = globOf(op, this.#roles);
    const nth = this.#ops.slice(0, index + 1).filter((one) => one.op === op.op && fitsPattern(one.path, glob)).length;
    return { op: op.op, path: glob, at, nth, ...(bytes === undefined ? {} : { bytes }) };
  }
}

/** The hold of one call of a write, a boot or a command: its kind, its file's role, and the how-manieth of those it is. */
export const armOf = (ops: readonly Op[], index: number, at: ArmSpec['at']): ArmSpec => new Calls(ops).arm(index, at);

/**
 * The places of one write.
 * @param ops the calls that it made in the state folder, in their order
 * @param root the state folder
 * @param existing files that were there before the write, with their sizes in bytes where those are known
 * @param every each call, and not one place of each kind
 * @param roles what its files are called. Absent: by the form of their names
 */
export function placesOf(
  ops: readonly Op[],
  root: string,
  existing: Existing,
  every = false,
  roles: Roles = roleOf,
): Place[] {
  const named = { ops, existing, calls: new Calls(ops, roles), below: belowOf(root, roles) };
  return withIds(every ? everyCall(named) : ofEachKind(named));
}

/** A write, and what its files are called. */
interface Named {
  ops: readonly Op[];
  existing: Existing;
  calls: Calls;
  /** A file's role below the state folder. */
  below: Roles;
}

const belowOf =
  (root: string, roles: Roles): Roles =>
  (file, isFolder = false) =>
    path.posix.relative(root, roles(file, isFolder)) || '.';

const spoken = (file: string): string => (file === '.' ? 'the state folder' : file);

/** What a file was made to be: the file that it is renamed over, if it is one's new copy. */
function targetsOf(ops: readonly Op[]): Map<string, string> {
  const made = new Set<string>();
  const targets = new Map<string, string>();
  for (const { op, path: file, to } of ops) {
    if (op === 'create') made.add(file);
    // A file that was there before is moved away; what is made under its name later is no new copy of the other.
    if (op === 'rename' && to !== undefined && made.delete(file)) targets.set(file, to);
  }
  return targets;
}

const AT_REMOVEDIR = 0x200;
const removesFolder = ({ syscall, flags = 0 }: Op): boolean =>
  syscall === 'rmdir' || (syscall === 'unlinkat' && (flags & AT_REMOVEDIR) !== 0);

/**
 * The calls that change something: a folder that is there is not made again, and what is not there is not removed. Both fail, and so does the removal of a
 * file as a folder, of a folder as a file, or of a folder that is not empty: who does not know which it is tries one after the other.
 */
export function changing(ops: readonly Op[], existing: Existing): Set<Op> {
  const there = new Set(existing.keys());
  const files = new Set<string>();
  const entries = new Map<string, number>();
  const count = (file: string, by: number) =>
    entries.set(path.posix.dirname(file), (entries.get(path.posix.dirname(file)) ?? 0) + by);
  for (const file of there) count(file, 1);
  const isFolder = (file: string) => (entries.get(file) ?? 0) > 0;
  const changes = new Set<Op>();
  for (const op of ops) {
    const made = op.to ?? op.path;
    if ((op.op === 'mkdir' || op.op === 'link' || op.op === 'symlink') && there.has(made)) continue;
    if ((op.op === 'unlink' || op.op === 'rename') && !there.has(op.path)) continue;
    if (op.op === 'unlink' && (isFolder(op.path) || (removesFolder(op) && files.has(op.path)))) continue;
    if (op.op === 'create') files.add(op.path);
    if (op.op === 'mkdir') files.delete(op.path);
    if ((op.op === 'unlink' || op.op === 'rename') && there.delete(op.path)) count(op.path, -1);
    if (op.op !== 'unlink' && !there.has(made)) {
      there.add(made);
      count(made, 1);
    }
    changes.add(op);
  }
  return changes;
}

function ofEachKind(named: Named): Found[] {
  const { ops, existing, calls, below } = named;
  const changes = changing(ops, existing);
  const targets = targetsOf(ops);
  const walk = new Walk(below, existing, targets, calls);
  for (const [index, op] of ops.entries()) if (!NO_PLACE.has(op.op) && changes.has(op)) walk.pass(op, index);
  const last = answered(named, changes);
  // What a rename or a removal leaves as the last call is a place already.
  const isThere = last === undefined || walk.found.some((place) => sameArm(place.arm, last.arm));
  const found = isThere ? walk.found : [...walk.found, last];
  return [...found, ...syncs(named, targets)];
}

/** The first sync of each file. */
function syncs({ ops, calls, below }: Named, targets: ReadonlyMap<string, string>): Found[] {
  const seen = new Set<string>();
  return ops.flatMap((op, index): Found[] => {
    const target = targets.get(op.path);
    const file = below(target ?? op.path);
    const copy = target === undefined ? spoken(file) : `the new copy of ${file}`;
    if (op.op !== 'sync' || seen.has(copy)) return [];
    seen.add(copy);
    return [{ kind: 'unsynced', file, words: `${copy}, written and not yet synced`, arm: calls.arm(index, 'before') }];
  });
}

const sameArm = (a: ArmSpec, b: ArmSpec): boolean =>
  a.op === b.op && a.path === b.path && a.at === b.at && a.nth === b.nth && a.bytes === b.bytes;

/** The hold of the last call that changes what another process would read; undefined: the write makes none. */
export function lastChange(ops: readonly Op[], existing: Existing): ArmSpec | undefined {
  const changes = changing(ops, existing);
  const index = ops.findLastIndex((op) => changes.has(op) && !NO_PLACE.has(op.op));
  return index === -1 ? undefined : new Calls(ops).arm(index, 'before');
}

/** All of the write is on disk as far as the process can tell, and its answer is not out, if it waits for the write. */
function answered({ ops, calls, below }: Named, changes: ReadonlySet<Op>): Found | undefined {
  const index = ops.findLastIndex((op) => changes.has(op) && (!NO_PLACE.has(op.op) || op.op === 'sync'));
  const last = ops[index];
  if (last === undefined) return undefined;
  const file = below(last.to ?? last.path);
  const arm = afterCall(last, index, calls);
  return arm === undefined
    ? undefined
    : { kind: 'answered', file, words: `all written, ${spoken(file)} last, and not yet answered`, arm };
}

/** A hold in which a call's effect is in the folder. A sync changes nothing that another process sees: before it is as good. */
function afterCall(op: Op, index: number, calls: Calls): ArmSpec | undefined {
  switch (op.op) {
    case 'rename':
    case 'unlink':
    case 'mkdir':
    case 'link':
      return calls.arm(index, 'after');
    case 'write':
      return op.bytes === undefined || op.bytes === 0 ? undefined : calls.arm(index, 'torn', ALL_BYTES);
    case 'sync':
      return calls.arm(index, 'before');
    default:
      return undefined;
  }
}

function everyCall(named: Named): Found[] {
  const { ops, existing, calls, below } = named;
  const files = new FileStates(existing);
  const found: Found[] = [];
  for (const [index, op] of ops.entries()) {
    const file = below(op.path);
    const what = `call ${index + 1} of ${ops.length}, ${op.op} ${file}${op.to === undefined ? '' : ` to ${below(op.to)}`}`;
    found.push({
      call: index + 1,
      kind: index === 0 ? 'before' : 'between',
      file,
      words: `before ${what}`,
      arm: calls.arm(index, 'before'),
    });
    const { bytes = 0 } = op;
    const offset = files.offsetOf(op);
    if (op.op === 'write' && canTear(offset, bytes, files.of(op.path).size)) {
      const arm = calls.arm(index, 'torn', tearOf(offset, bytes));
      found.push({ call: index + 1, kind: 'torn', file, words: `in the middle of ${what}`, arm });
    }
    files.note(op);
  }
  const last = answered(named, new Set(ops));
  return last === undefined ? found : [...found, last];
}

/** writegate takes no longer id of a hold. */
const ID_LENGTH = 64;
const SLUG_LENGTH = 60;

/** `passwd-` and `notes.txt~` are not `passwd` and `notes.txt`; an id has neither sign at its end. */
const BACKUP = /(?<=\w)[-~]$/;

/** The end of a long one says more than its beginning. */
const shortened = (id: string): string => id.slice(-ID_LENGTH).replace(/^[-.]+/, '');

function withIds(found: readonly Found[]): Place[] {
  const taken = new Map<string, number>();
  return found.map(({ call, ...place }) => {
    const slug = place.file
      .replaceAll('*', 'x')
      .replace(BACKUP, '-old')
      .replaceAll(/[^A-Za-z0-9.-]+/g, '-')
      .replaceAll(/^[-.]+|-+$/g, '');
    const kind = call === undefined ? place.kind : `call-${call}${place.kind === 'torn' ? '-torn' : ''}`;
    const id = shortened(`${slug.slice(-SLUG_LENGTH) || 'state'}.${kind}`);
    const count = (taken.get(id) ?? 0) + 1;
    taken.set(id, count);
    return { id: count === 1 ? id : shortened(`${id}-${count}`), ...place };
  });
}

/** Of how many files the default plan has places of one kind. */
const FILES_OF_A_KIND = 4;

/**
 * The places of a default plan: one of each kind for each file, and of a write that changes many files alike, those of the first few. A file that was there
 * before the write comes first: what it held can be lost.
 * @param wasThere whether a file of this role below the state folder was there before the write. Absent: of none that is known
 * @returns what stays, and the others, which can be asked for by their names
 */
export function fewOfEachKind(
  places: readonly Place[],
  wasThere: (file: string) => boolean = () => false,
): { kept: Place[]; others: Place[] } {
  const counts = new Map<PlaceKind, number>();
  const isKept = ({ kind }: Place) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= FILES_OF_A_KIND;
  };
  const [first, second] = [true, false].map((is) => places.filter(({ file }) => wasThere(file) === is));
  const chosen = new Set([...(first ?? []), ...(second ?? [])].filter(isKept));
  const [kept, rest] = [true, false].map((is) => places.filter((place) => chosen.has(place) === is));
  return { kept: kept ?? [], others: rest ?? [] };
}
