import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disk, writeAll } from './disk.ts';

/**
 * Replaces a file so that at every moment it is the old one or the new one, whatever is killed, and so that the new one is
 * still there after a power loss once this returns. On failure the temp is gone and the file is the old one, or, where only the
 * folder's sync failed, the new one that may not be durable.
 */
export async function replaceFile(
  disk: Disk,
  folder: string,
  name: string,
  tempName: string,
  content: Uint8Array,
): Promise<void> {
  const temp = join(folder, tempName);
  // O_EXCL: a file that is there already is not ours, whatever its name says.
  const handle = await disk.calls.open(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  const put = () => disk.calls.rename(temp, join(folder, name));
  const isBelieved = disk.defects.has('success-before-the-rename-is-checked');
  try {
    await fillAndRename(disk, handle, content, () => (isBelieved ? put().catch(() => undefined) : put()));
  } catch (error) {
    if (disk.defects.has('temp-stays-after-an-error')) throw error;
    await disk.remove(temp).catch((second: unknown) => {
      throw new AggregateError([error, second], `${String(error)}; and its temp ${tempName} could not be removed`);
    });
    throw error;
  }
  await disk.syncFolder(folder);
}

/** The content is on the disk before the name points to it: else a power loss may leave the name on an empty file. */
async function fillAndRename(
  disk: Disk,
  handle: FileHandle,
  content: Uint8Array,
  rename: () => Promise<void>,
): Promise<void> {
  try {
    if (disk.defects.has('short-write-ignored')) await handle.write(content, 0, content.length, 0);
    else await writeAll(handle, content);
    const sync = async () => (disk.defects.has('no-file-sync') ? undefined : syncOf(disk, handle));
    const steps = [sync, rename];
    if (disk.defects.has('rename-before-sync')) steps.reverse();
    for (const step of steps) await step();
  } finally {
    await handle.close();
  }
}

/** After a failed sync the next one says nothing: the kernel takes what it lost for written. */
async function syncOf(disk: Disk, handle: FileHandle): Promise<void> {
  const synced = handle.sync();
  if (disk.defects.has('retries-a-failed-sync')) return synced.catch(() => handle.sync());
  if (disk.defects.has('ignores-a-failed-sync')) return synced.catch(() => undefined);
  return synced;
}
