import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Archive } from './archive.ts';
import { Disk, REAL_CALLS } from './disk.ts';

const ROW = { sessionId: '1', kind: 'other', createdAt: 1, updatedAt: 2, turns: 1, bytes: 3 } as const;
const ROWS = [{ archivedAt: 3, reason: 'over-cap', key: 'a', row: ROW }] as never;

test('a sync that failed does not leave the name of the archive unsynced for ever', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'archive-'));
  try {
    const synced: string[] = [];
    let isFailing = true;
    const watched = async (path: string, flags: number, mode?: number): Promise<FileHandle> => {
      const handle = await open(path, flags, mode);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        if (isFailing && path.endsWith('.jsonl')) throw new Error('EIO');
        synced.push(path);
        return sync();
      };
      return handle;
    };
    const archive = new Archive(folder, new Disk(new Set(), { ...REAL_CALLS, open: watched }));
    await expect(archive.add(ROWS, undefined)).rejects.toThrow('EIO');
    isFailing = false;
    synced.length = 0;
    await archive.add(ROWS, undefined);
    expect(synced).toEqual([join(folder, 'archive', 'sessions.jsonl'), join(folder, 'archive')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
