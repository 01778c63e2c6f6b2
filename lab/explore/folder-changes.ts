import { structuredPatch } from 'diff';
import type { Content } from './content.ts';
import { descriptionOf, type FolderImage, type Inode, inodeAt, isBelow } from './folder-image.ts';

/** A name that is otherwise in one state than in another. */
export interface FolderChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly type: Inode['type'];
  /** Of files, in bytes. */
  readonly before?: number;
  readonly after?: number;
  /** Of texts, as in a unified diff: the first character of each is ` `, `+`, `-` or `@`. */
  readonly lines: readonly string[];
  /** How many lines more differ. */
  readonly moreLines: number;
}

/** The changes that are listed, and how many more there are. */
export interface FolderChanges {
  readonly changes: readonly FolderChange[];
  readonly more: number;
}

const MOST_CHANGES = 12;
const MOST_TEXT_BYTES = 64 * 1024;
const MOST_LINES = 12;
const MOST_LINE_CHARS = 160;
const MOST_EDITS = 400;

/** What is otherwise in a folder than it was, in the order of the names. What lies in a folder that came or went is not listed by itself. */
export function folderChanges(before: FolderImage, after: FolderImage): FolderChanges {
  const names = [...new Set([...before.names.keys(), ...after.names.keys()])].sort();
  const changed = names.filter((name) => descriptionAt(before, name) !== descriptionAt(after, name));
  const whole = changed.filter((name) => !before.names.has(name) || !after.names.has(name));
  const told = changed.filter(
    (name) => !whole.some((folder) => isBelow(name, folder) && isAlike(before, after, name, folder)),
  );
  return {
    changes: told.slice(0, MOST_CHANGES).map((name) => changeAt(name, inodeAt(before, name), inodeAt(after, name))),
    more: Math.max(0, told.length - MOST_CHANGES),
  };
}

/** Both came, or both went. */
const isAlike = (before: FolderImage, after: FolderImage, name: string, folder: string): boolean =>
  before.names.has(name) === before.names.has(folder) && after.names.has(name) === after.names.has(folder);

function descriptionAt(image: FolderImage, name: string): string {
  const found = inodeAt(image, name);
  return found === undefined ? '' : descriptionOf(found);
}

function changeAt(path: string, before: Inode | undefined, after: Inode | undefined): FolderChange {
  const type = after?.type ?? before?.type ?? 'other';
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const sizes = {
    ...(before?.type === 'file' && { before: before.content.size }),
    ...(after?.type === 'file' && { after: after.content.size }),
  };
  return { path, change, type, ...sizes, ...linesOf(before?.content, after?.content) };
}

function linesOf(before: Content | undefined, after: Content | undefined): Pick<FolderChange, 'lines' | 'moreLines'> {
  const none = { lines: [], moreLines: 0 };
  const [was, is] = [textOf(before), textOf(after)];
  if (was === undefined || is === undefined) return none;
  const patch = structuredPatch('', '', was, is, '', '', { context: 0, maxEditLength: MOST_EDITS });
  if (patch === undefined) return none;
  const lines = patch.hunks.flatMap((hunk) => hunk.lines.filter((line) => !line.startsWith('\\')));
  return {
    lines: lines.slice(0, MOST_LINES).map(cut),
    moreLines: Math.max(0, lines.length - MOST_LINES),
  };
}

const cut = (line: string): string =>
  line.length <= MOST_LINE_CHARS
    ? line
    : `${line.slice(0, MOST_LINE_CHARS)}… (${line.length - MOST_LINE_CHARS} characters more)`;

/** Undefined: it is no text, or too large to be compared. A store is one long line as a rule: a field a line can be compared. */
function textOf(content: Content | undefined): string | undefined {
  if (content === undefined) return '';
  if (content.size > MOST_TEXT_BYTES) return undefined;
  const text = content.text();
  if (text.includes('\0') || text.includes('\ufffd')) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}
