import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The file system calls of an atomic replace; tests put failing ones in their place. */
export interface FileCalls {
  open(path: string, flags: number, mode?: number): Promise<FileHandle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

const REAL_CALLS: FileCalls = { open, rename, unlink };

/**
 * Replaces a file so that at every moment it is the old one or the new one, whatever is killed, and so that the new one is
 * still there after a power loss once this returns. On failure the temp is gone and the file is the old one, or, where only the
 * folder's sync failed, the new one that may not be durable.
 */
export async function replaceFile(
  folder: string,
  name: string,
  tempName: string,
  content: Uint8Array,
  calls: FileCalls = REAL_CALLS,
): Promise<void> {
  const temp = join(folder, tempName);
  // O_EXCL: a file that is there already is not ours, whatever its name says.
  const handle = await calls.open(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await fill(handle, content);
    await calls.rename(temp, join(folder, name));
  } catch (error) {
    await calls.unlink(temp).catch((second: unknown) => {
      throw new AggregateError([error, second], `${String(error)}; and its temp ${tempName} could not be removed`);
    });
    throw error;
  }
  await syncFolder(folder, calls);
}

/** The content is on the disk before a name points to it: else a power loss may leave the new name on an empty file. */
async function fill(handle: FileHandle, content: Uint8Array): Promise<void> {
  try {
    await writeAll(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A write may take only a part of the bytes, and says so by its result alone. */
export async function writeAll(handle: FileHandle, content: Uint8Array): Promise<void> {
  for (let done = 0; done < content.length; ) {
    const { bytesWritten } = await handle.write(content, done, content.length - done, done);
    if (bytesWritten === 0) throw new Error(`the write stopped after ${done} of ${content.length} bytes`);
    done += bytesWritten;
  }
}

/** Makes renames in the folder durable. */
export async function syncFolder(folder: string, calls: FileCalls = REAL_CALLS): Promise<void> {
  const handle = await calls.open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
