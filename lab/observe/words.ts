import path from 'node:path';
import { changing, type Roles, roleOf } from '../crash-point/places.ts';
import type { DriveResult } from '../drive.ts';
import type { GateEventOf } from '../gate/protocol.ts';

type Op = GateEventOf<'op'>;

/** One undisturbed write. */
export interface WriteSeen {
  /** Its calls in the state folder, in their order. */
  ops: readonly Op[];
  /** What was in the folder before it, with sizes in bytes. */
  existing: ReadonlyMap<string, number>;
  result: DriveResult;
  /** Another write was answered while its last change was held. */
  isEarly: boolean;
  /** Paths outside the state folder that the system tried to change. */
  outside: readonly string[];
}

/** What was done to one file. */
interface Change {
  how: Set<string>;
  bytes: number;
  synced: boolean;
}

const FILES_SHOWN = 12;

const REWRITTEN = 'truncated and rewritten in place';

/** SQLite's index of its log. It is made anew after a crash, whatever is in it (https://sqlite.org/walformat.html, section 1.2). */
const OF_SQLITE = /-shm$/;

/** Files below the state folder that a write changes through a shared mapping. */
export const mappedBy = (ops: readonly Op[], root: string): string[] => [
  ...new Set(
    ops
      .filter(({ op, path: file }) => op === 'map' && !OF_SQLITE.test(file))
      .map((op) => path.posix.relative(root, op.path)),
  ),
];

/** What a write was seen to do, a line for each file, and one for its answer. */
export function inWords(seen: WriteSeen, root: string, roles: Roles = roleOf): string[] {
  const { ops, existing, result, outside } = seen;
  const changes = changesOf(ops, existing, roles);
  const below = (file: string) => path.posix.relative(root, file) || '.';
  const lines = [...changes].slice(0, FILES_SHOWN).map(([file, { how, bytes, synced }]) => {
    const size = bytes > 0 ? `, ${bytes} bytes` : '';
    const isWritten = bytes > 0 ? (synced ? ', synced' : ', not synced') : '';
    // A lock is often opened so, and never written.
    const isEmpty = bytes === 0 && existing.get(file) === 0;
    const done = [...how].map((one) => (isEmpty && one === REWRITTEN ? 'emptied, as it was' : one));
    return `${below(file)}: ${done.join(', ')}${size}${isWritten}`;
  });
  const more = changes.size > FILES_SHOWN ? [`and ${changes.size - FILES_SHOWN} more files`] : [];
  const mapped = mappedBy(ops, root);
  return [
    ...lines,
    ...more,
    ...(mapped.length === 0
      ? []
      : [`${mapped.join(', ')}: mapped into memory; what is written there is no call, and no place of it is known`]),
    answerInWords(seen, below),
    ...(outside.length === 0 ? [] : [`outside its state folder it tried to change ${outside.slice(0, 3).join(', ')}`]),
    ...((result.left ?? 0) > 0 ? [`it left ${result.left} processes running`] : []),
  ];
}

function changesOf(all: readonly Op[], existing: ReadonlyMap<string, number>, roles: Roles): Map<string, Change> {
  // A folder that is there, or a rename from another file system: that call fails.
  const done = changing(all, existing);
  const ops = all.filter((op) => done.has(op));
  const targets = new Map<string, string>();
  const made = new Set<string>();
  for (const op of ops) {
    if (op.op === 'create') made.add(op.path);
    if (op.op === 'rename' && op.to !== undefined && made.delete(op.path)) targets.set(op.path, op.to);
  }
  const changes = new Map<string, Change>();
  const change = (file: string) => {
    const role = roles(file);
    const found = changes.get(role) ?? { how: new Set<string>(), bytes: 0, synced: false };
    changes.set(role, found);
    return found;
  };
  const fresh = new Set<string>();
  const there = new Set(existing.keys());
  for (const op of ops) {
    const file = targets.get(op.path) ?? op.path;
    switch (op.op) {
      case 'create':
        fresh.add(op.path);
        if (!targets.has(op.path)) change(file).how.add(there.has(op.path) ? REWRITTEN : 'made');
        break;
      case 'truncate':
        fresh.add(op.path);
        change(file).how.add(REWRITTEN);
        break;
      case 'write': {
        const one = change(file);
        one.bytes += op.bytes ?? 0;
        one.synced = false;
        if (!fresh.has(op.path)) one.how.add(op.append === true ? 'appended to' : 'overwritten in place');
        break;
      }
      case 'sync':
        if (changes.has(roles(file))) change(file).synced = true;
        break;
      case 'rename':
        there.delete(op.path);
        there.add(op.to ?? op.path);
        if (targets.has(op.path)) change(file).how.add('replaced by a new copy');
        else change(op.to ?? op.path).how.add(`the former ${path.posix.basename(roles(op.path))}`);
        break;
      case 'unlink':
        if (!fresh.has(op.path) || existing.has(op.path)) change(file).how.add('removed');
        else change(file).how.add('removed again');
        there.delete(op.path);
        break;
      case 'mkdir':
        change(file).how.add('a folder, made');
        break;
      case 'link':
      case 'symlink':
        change(op.to ?? file).how.add('linked');
        break;
    }
  }
  return changes;
}

function answerInWords({ ops, result: { tEnded }, isEarly }: WriteSeen, below: (file: string) => string): string {
  const last = ops.findLast((op) => CHANGES.has(op.op));
  if (isEarly && last !== undefined)
    return `it answers BEFORE all is written: while the ${last.op} of ${below(last.to ?? last.path)} was held, the answer came`;
  // A timer's write may begin when nobody holds it any more.
  if (last !== undefined && last.t > tEnded)
    return `it answers BEFORE all is written: the ${last.op} of ${below(last.to ?? last.path)} came ${Math.ceil(last.t - tEnded)} ms after the answer`;
  const syncs = ops.filter((op) => op.op === 'sync' && op.t > tEnded).length;
  if (syncs > 0)
    return `it answers when all is written, and syncs it after that (${syncs === 1 ? 'once' : `${syncs} times`})`;
  return 'it answers when all is written';
}

/** What another process would read is another after such a call. */
const CHANGES = new Set([
  'create',
  'truncate',
  'write',
  'rename',
  'link',
  'symlink',
  'unlink',
  'mkdir',
  'copy',
  'allocate',
]);

const SAID_LINES = 3;
const SAID_CHARS = 200;

/** The first lines of what was said, in quotes; empty: nothing was. */
function quoted(said: string): string {
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== '');
  const text = lines.slice(0, SAID_LINES).join(' | ');
  return text === ''
    ? ''
    : `"${text.length > SAID_CHARS || lines.length > SAID_LINES ? `${text.slice(0, SAID_CHARS)}…` : text}"`;
}

/**
 * A `read` by which nobody can tell whether a write is there.
 * @param answer what it answered after a write
 * @param aside what it said on standard error, which is no part of its answer
 */
export function sameAnswer(answer: string, aside: string): string {
  const [answered, beside] = [quoted(answer), quoted(aside)];
  const what = answered === '' ? 'It answered nothing' : `It answered ${answered}`;
  const mend =
    beside === ''
      ? `${what}. Let it print what {text} says.`
      : `${what}; on standard error, which is no part of its answer, it said ${beside}. If that is what it holds, write sh -c '… 2>&1'; else let it print what {text} says.`;
  return `read answers the same before and after a write, so it can't tell whether the write is there. ${mend}`;
}
