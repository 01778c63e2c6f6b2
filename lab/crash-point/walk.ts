import { FileStates } from './file-states.ts';
import type { Calls, Existing, Found, Op, PlaceKind } from './places.ts';
import { canTear, tearOf } from './tear.ts';

/** What can be held when it has taken place and nobody has heard of it. */
const HAS_AFTER: ReadonlySet<string> = new Set(['rename', 'unlink', 'mkdir', 'link']);

/** Goes through the changes of one write and finds one place of each kind for each file. */
export class Walk {
  readonly found: Found[] = [];
  readonly #seen = new Set<string>();
  readonly #files: FileStates;
  readonly #nameOf: (file: string, isFolder?: boolean) => string;
  readonly #targets: ReadonlyMap<string, string>;
  readonly #calls: Calls;
  /** What was changed last, unless a place after that call stands for the one before the next. */
  #done: string | undefined;

  /**
   * @param nameOf what a file is called in a report
   * @param targets what a new copy is to replace
   */
  constructor(
    nameOf: (file: string, isFolder?: boolean) => string,
    existing: Existing,
    targets: ReadonlyMap<string, string>,
    calls: Calls,
  ) {
    this.#nameOf = nameOf;
    this.#files = new FileStates(existing);
    this.#targets = targets;
    this.#calls = calls;
  }

  /** The places of the next change. @param index of the call in the write */
  pass(op: Op, index: number): void {
    const target = this.#targets.get(op.path);
    const file = this.#nameOf(target ?? op.path, op.op === 'mkdir');
    const copy = target === undefined ? file : `the new copy of ${file}`;
    this.#placesOf(op, index, file, copy);
    this.#files.note(op);
    this.#done = HAS_AFTER.has(op.op) ? undefined : file;
  }

  #placesOf(op: Op, index: number, file: string, copy: string): void {
    switch (op.op) {
      case 'create':
      case 'truncate':
        this.#between(index, file);
        break;
      case 'write':
        this.#write(op, index, file, copy);
        break;
      case 'rename':
        this.#rename(op, index);
        break;
      case 'unlink':
        this.#add('removed', file, `${file}, removed`, index, 'after');
        break;
      case 'mkdir':
        this.#add('made', file, `the folder ${file}, made`, index, 'after');
        break;
      case 'link':
        this.#link(op, index);
        break;
    }
  }

  #add(kind: PlaceKind, file: string, words: string, index: number, at: Found['arm']['at'], bytes?: number): void {
    const key = `${kind} ${file}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.found.push({ kind, file, words, arm: this.#calls.arm(index, at, bytes) });
  }

  /** Another file was changed before this one. */
  #between(index: number, file: string): void {
    if (this.#done === undefined || this.#done === file) return;
    this.#add('between', file, `${this.#done} changed, ${file} not yet`, index, 'before');
  }

  #write(op: Op, index: number, file: string, copy: string): void {
    const { fresh, size } = this.#files.of(op.path);
    if (fresh === 'truncated') this.#add('truncated', file, `${copy}, truncated and not yet written`, index, 'before');
    else if (fresh === 'made') this.#add('empty', file, `${copy}, made and still empty`, index, 'before');
    else if (this.#done !== file) this.#between(index, file);
    else this.#add('between', file, `${copy}, one of its writes done and the next not yet`, index, 'before');
    const { bytes = 0 } = op;
    const offset = this.#files.offsetOf(op);
    if (!canTear(offset, bytes, size)) {
      if (this.#done === undefined) this.#add('before', file, `${file}, not yet overwritten`, index, 'before');
      return;
    }
    const tear = tearOf(offset, bytes);
    const isAppended = op.append === true || (offset !== undefined && size !== undefined && offset >= size);
    const [kind, words] = fresh !== undefined ? TORN : isAppended ? APPENDED : OVERWRITTEN;
    this.#add(kind, file, `${copy}, ${words}`, index, 'torn', tear);
  }

  #link(op: Op, index: number): void {
    const made = this.#nameOf(op.to ?? op.path);
    this.#add('made', made, `the link ${made}, made`, index, 'after');
  }

  #rename(op: Op, index: number): void {
    const to = this.#nameOf(op.to ?? op.path);
    if (this.#targets.has(op.path)) {
      this.#add('full', to, `the new copy of ${to}, whole and not yet renamed over it`, index, 'before');
      this.#add('replaced', to, `${to}, replaced by its new copy`, index, 'after');
    } else this.#add('moved', to, `${this.#nameOf(op.path)} renamed to ${to}`, index, 'after');
  }
}

const TORN = ['torn', 'half written'] as const;
const APPENDED = ['appended', 'appended in part'] as const;
const OVERWRITTEN = ['overwritten', 'overwritten in part'] as const;
