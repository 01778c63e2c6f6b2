import { hash } from 'node:crypto';
import { Content } from './content.ts';

/** A file, folder or link, whatever it is called. It never changes: a call gives another one. */
export interface Inode {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  /** Of a file; empty of anything else. */
  readonly content: Content;
  /** Of a link. */
  readonly target?: string;
}

/** Names an inode for good: the kernel's numbers come again. */
export type InodeId = number;

/** A state folder at one moment: which names there are, and what they stand for. Paths are absolute; the folder itself is not among them. */
export interface FolderImage {
  readonly names: ReadonlyMap<string, InodeId>;
  readonly inodes: ReadonlyMap<InodeId, Inode>;
}

export const emptyInode = (type: Inode['type'], mode: number): Inode => ({ type, mode, content: Content.empty });

/** What stands under a name. */
export function inodeAt(image: FolderImage, file: string): Inode | undefined {
  const id = image.names.get(file);
  return id === undefined ? undefined : image.inodes.get(id);
}

export const isBelow = (file: string, folder: string): boolean => file.startsWith(`${folder}/`);

/** Moves a name, and with a folder all that is in it. Changes `names`. */
export function moveName(names: Map<string, InodeId>, from: string, to: string, id: InodeId): void {
  const inside = [...names].filter(([file]) => isBelow(file, from));
  for (const [file] of [...names]) if (file === to || isBelow(file, to)) names.delete(file);
  names.delete(from);
  names.set(to, id);
  for (const [file, inode] of inside) {
    names.delete(file);
    names.set(to + file.slice(from.length), inode);
  }
}

/** Takes a name away, and with a folder all that is in it. Changes `names`. */
export function removeName(names: Map<string, InodeId>, file: string): void {
  if (!names.delete(file)) return;
  for (const inside of [...names.keys()]) if (isBelow(inside, file)) names.delete(inside);
}

/** What a file, folder or link is, whatever it is called: most of them are the same in every state. */
const descriptions = new WeakMap<Inode, string>();

export function descriptionOf(inode: Inode): string {
  let text = descriptions.get(inode);
  if (text === undefined) {
    const { type, mode, content, target } = inode;
    text = JSON.stringify([type, mode, type === 'file' ? content.digest : (target ?? '')]);
    descriptions.set(inode, text);
  }
  return text;
}

/** Names in their order: many states have the same. */
const inOrder = new WeakMap<FolderImage['names'], [string, InodeId][]>();

function sorted(names: FolderImage['names']): [string, InodeId][] {
  let order = inOrder.get(names);
  if (order === undefined) {
    order = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
    inOrder.set(names, order);
  }
  return order;
}

/** The entries of an image as lines, sorted: what makes two states the same. Times, owners and inode numbers are not in it. */
export function linesOf({ names, inodes }: FolderImage): string[] {
  const lines: string[] = [];
  for (const [file, id] of sorted(names)) {
    const inode = inodes.get(id);
    // No path has a NUL in it.
    if (inode !== undefined) lines.push(`${file}\0${descriptionOf(inode)}`);
  }
  return lines;
}

/** Names a state: content, names and modes. */
export const digestOf = (image: FolderImage): string => hash('sha256', linesOf(image).join('\n'), 'base64url');
