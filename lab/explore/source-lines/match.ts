import path from 'node:path';
import { roleOf } from '../../crash-point/places.ts';
import { unreachable } from '../../problem.ts';
import type { Step } from '../record.ts';
import type { CallNote } from './notes.ts';
import type { SourceFrame } from './source-lines.ts';

/** Where a call was made; or why that is not known. */
export type Site = { readonly through: string; readonly frames: readonly SourceFrame[] } | WhyNone;
/** No noted function was under way that makes such a call; several were, from different lines; or the other recording did something else there. */
export type WhyNone = 'not-noted' | 'several' | 'differs';

const COMES_OF_OPEN = ['create', 'truncate'];
const COMES_OF_WRITE = ['write', 'allocate'];
const COMES_OF_FILE = [...COMES_OF_OPEN, ...COMES_OF_WRITE, 'sync'];
/** SQLite's files beside a database. */
const BESIDE_DATABASE = ['', '-wal', '-shm', '-journal'];

/** Can this function make that call of the kernel's? The time of both is looked at by another. */
export function canMake({ kind, path: file, to }: Pick<CallNote, 'kind' | 'path' | 'to'>, step: Step): boolean {
  const { op, path: at } = step;
  switch (kind) {
    case 'open':
      return at === file && COMES_OF_OPEN.includes(op);
    case 'write':
      return at === file && COMES_OF_WRITE.includes(op);
    case 'file':
    case 'stream':
      return at === file && COMES_OF_FILE.includes(op);
    case 'copy':
      return [at, step.to].includes(file) && [...COMES_OF_FILE, 'copy', 'chmod'].includes(op);
    case 'tree':
      return isAtOrBelow(step.to ?? at, file) && op !== 'unlink' && op !== 'rename';
    case 'rename':
      return op === 'rename' && at === file && step.to === to;
    case 'link':
      return (op === 'link' || op === 'symlink') && [at, step.to].includes(to ?? file);
    case 'remove':
      return op === 'unlink' && at === file;
    case 'remove-tree':
      return op === 'unlink' && isAtOrBelow(at, file);
    case 'mkdir':
      return op === 'mkdir' && isAtOrBelow(file, at);
    case 'mkdtemp':
      return op === 'mkdir' && at.startsWith(file);
    case 'truncate':
      return at === file && (op === 'truncate' || op === 'allocate');
    case 'mode':
      return at === file && op === 'chmod';
    case 'owner':
      return at === file && op === 'chown';
    case 'times':
      return at === file && op === 'utime';
    case 'sync':
      return at === file && op === 'sync';
    case 'database':
      return BESIDE_DATABASE.some((end) => at === file + end);
    default:
      return unreachable(kind);
  }
}

const isAtOrBelow = (file: string, folder: string) => file === folder || file.startsWith(`${folder}/`);

/** Functions whose calls may be of another path than the one that they were given. */
const REACHES_FURTHER: ReadonlySet<CallNote['kind']> = new Set(['tree', 'link', 'remove-tree', 'mkdir', 'mkdtemp']);

/** The notes that may be of a call of a path. */
class NotesByPath {
  readonly #exact = new Map<string, CallNote[]>();
  readonly #wide: CallNote[] = [];

  constructor(notes: readonly CallNote[]) {
    for (const note of notes) {
      if (REACHES_FURTHER.has(note.kind)) this.#wide.push(note);
      else {
        const ends = note.kind === 'database' ? BESIDE_DATABASE : [''];
        for (const end of ends) {
          const there = this.#exact.get(note.path + end);
          if (there === undefined) this.#exact.set(note.path + end, [note]);
          else there.push(note);
        }
      }
    }
  }

  of({ path: file, to }: Step): CallNote[] {
    const ofTarget = to === undefined ? [] : (this.#exact.get(to) ?? []);
    return [...(this.#exact.get(file) ?? []), ...ofTarget, ...this.#wide];
  }
}

/**
 * Where each call of a record was made, by the notes of the same recording: a function whose call was under way when the kernel's was made, that was given
 * this path, and that makes such calls. Where several were, what they have in common: nothing is guessed.
 */
export function sitesOf(steps: readonly Step[], notes: readonly CallNote[]): Site[] {
  const byPath = new NotesByPath(notes);
  return steps.map((step): Site => {
    const at = step.event?.mono;
    if (at === undefined) return 'not-noted';
    const fitting = byPath
      .of(step)
      .filter((note) => note.from <= at && (note.until === null || at <= note.until) && canMake(note, step));
    // A stream is under way for long: a function that was called for this very call says more.
    const ended = fitting.filter(({ until }) => until !== null);
    return inCommon(ended.length > 0 ? ended : fitting);
  });
}

/** What several say alike: the frames from the innermost on, as far as they are the same. */
function inCommon(said: readonly { through?: string; call?: string; frames: readonly SourceFrame[] }[]): Site {
  const [first, ...others] = said;
  if (first === undefined) return 'not-noted';
  let count = first.frames.length;
  for (const { frames } of others) {
    const differs = frames.findIndex((frame, index) => !isSame(frame, first.frames[index]));
    count = Math.min(count, differs === -1 ? frames.length : differs);
  }
  if (count === 0) return 'several';
  return { through: first.through ?? first.call ?? '', frames: first.frames.slice(0, count) };
}

const isSame = (a: SourceFrame, b: SourceFrame | undefined) =>
  a.file === b?.file && a.line === b.line && a.column === b.column;

/**
 * The sites of the calls of one record, from those of another recording of the same workload. Where both do the same in the same order, call by call; else a
 * call has the line that all calls of its kind have, which do the same to a file in the same role.
 */
export function carriedOver(first: readonly Step[], second: readonly Step[], sites: readonly Site[]): Site[] {
  const keys = second.map(keyOf);
  const isSameOrder = first.length === second.length && first.every((step, index) => keyOf(step) === keys[index]);
  if (isSameOrder) return [...sites];
  const ofKind = new Map<string, Site[]>();
  for (const [index, key] of keys.entries()) ofKind.set(key, [...(ofKind.get(key) ?? []), sites[index] ?? 'not-noted']);
  const told = new Map([...ofKind].map(([key, some]) => [key, ofAll(some)]));
  return first.map((step) => told.get(keyOf(step)) ?? 'differs');
}

/** What is said of each call of a kind. */
function ofAll(sites: readonly Site[]): Site {
  const known = sites.filter((site) => typeof site !== 'string');
  if (known.length < sites.length) return sites.find((site) => typeof site === 'string') ?? 'differs';
  const common = inCommon(known);
  return common === 'several' ? 'differs' : common;
}

/** The same call of another recording: ids and numbers in names do not count, nor do the numbers of a thread's name. */
function keyOf({ op, syscall, comm = '', path: file, to }: Step): string {
  const target = to === undefined ? '' : roleOf(to);
  return [op, syscall, comm.replaceAll(/\d+/g, '#'), roleOf(path.posix.normalize(file)), target].join('\0');
}
