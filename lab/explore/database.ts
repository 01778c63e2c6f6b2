import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dumpOwn } from '../../images/sidecar/database.ts';
import type { Content } from './content.ts';
import { type FolderImage, inodeAt } from './folder-image.ts';
import { countedPart } from './wal.ts';

/** What belongs to a database beside its file (https://sqlite.org/tempfiles.html); without them it is another one. */
const SUFFIXES = ['', '-wal', '-journal'];

/** A database as it stands in a state. */
export interface DatabaseFiles {
  /** Equal where all of its files are, but for what a log has behind its last commit. */
  readonly digest: string;
  readonly bytes: number;
  readonly contents: readonly (Content | undefined)[];
}

/** Undefined: the database's own file is not there, or is no file. */
export function databaseIn(image: FolderImage, file: string): DatabaseFiles | undefined {
  const inodes = SUFFIXES.map((suffix) => inodeAt(image, file + suffix));
  if (inodes[0]?.type !== 'file') return undefined;
  const contents = inodes.map((inode) => (inode?.type === 'file' ? inode.content : undefined));
  return {
    digest: contents
      .map((content, index) => (content === undefined ? '' : countedPart(file + SUFFIXES[index], content).digest))
      .join(' '),
    bytes: inodes[0].content.size,
    contents,
  };
}

/** What a process reads there that opens it after the crash: the same text as of the sidecar's reading. On a copy, which SQLite recovers. */
export function readDatabase({ contents }: DatabaseFiles): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'midwrite-database-'));
  try {
    const file = path.join(folder, 'database');
    for (const [index, content] of contents.entries())
      if (content !== undefined) writeFileSync(file + SUFFIXES[index], content.slice(0, content.size));
    return JSON.stringify(dumpOwn(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
