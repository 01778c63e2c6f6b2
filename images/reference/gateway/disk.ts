import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Defect } from './defects.ts';
import { errnoOf } from './log.ts';

/** The calls that change the file system; tests put recording and failing ones in their place. */
export interface FileCalls {
  open(path: string, flags: number, mode?: number): Promise<FileHandle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<string | undefined>;
}

export const REAL_CALLS: FileCalls = { open, rename, unlink, mkdir };

/** What everything that writes goes through. */
export class Disk {
  readonly calls: FileCalls;
  readonly defects: ReadonlySet<Defect>;

  constructor(defects: ReadonlySet<Defect> = new Set(), calls: FileCalls = REAL_CALLS) {
    this.calls = calls;
    this.defects = defects;
  }

  /** Makes the names in a folder durable: what was created, renamed and removed there. A file's own sync does not do that. */
  async syncFolder(folder: string): Promise<void> {
    if (this.defects.has('no-directory-sync')) return;
    const handle = await this.calls.open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Makes a folder where it is missing, and makes what was made durable. True: it made one. */
  async makeFolder(folder: string): Promise<boolean> {
    const first = await this.calls.mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return false;
    for (let made = folder; made.length >= first.length; made = dirname(made)) await this.syncFolder(dirname(made));
    return true;
  }

  /** False: it was not there. */
  async remove(path: string): Promise<boolean> {
    try {
      await this.calls.unlink(path);
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return false;
    }
  }
}

/** A write may take only a part of the bytes, and says so by its result alone. */
export async function writeAll(handle: FileHandle, content: Uint8Array, atBytes = 0): Promise<void> {
  for (let done = 0; done < content.length; ) {
    const { bytesWritten } = await handle.write(content, done, content.length - done, atBytes + done);
    if (bytesWritten === 0) throw new Error(`the write stopped after ${done} of ${content.length} bytes`);
    done += bytesWritten;
  }
}
