import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './atomic-write.ts';
import type { Defect } from './defects.ts';
import { Disk, type FileCalls, REAL_CALLS } from './disk.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'midwrite-atomic-'));
  fs.writeFileSync(join(folder, 'store'), 'old');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The real calls, written down; the one that is named fails, or writes only three bytes at a time. */
function recorded(spoiled?: string): { calls: FileCalls; done: string[] } {
  const done: string[] = [];
  const note = (what: string) => {
    done.push(what);
    if (what === spoiled) throw Object.assign(new Error(`spoiled ${what}`), { code: 'EIO' });
  };
  const calls: FileCalls = {
    ...REAL_CALLS,
    open: async (path, flags, mode) => {
      const what = path === folder ? 'folder' : 'temp';
      note(`open ${what}`);
      return spy(await open(path, flags, mode), what);
    },
    rename: async (from, to) => {
      note('rename');
      await REAL_CALLS.rename(from, to);
    },
    unlink: async (path) => {
      note('unlink');
      await REAL_CALLS.unlink(path);
    },
  };
  return { calls, done };

  function spy(handle: FileHandle, what: string): FileHandle {
    const { sync, close } = handle;
    const realWrite = handle.write.bind(handle);
    const shortWrite = async (buffer: Uint8Array, offset: number, length: number, position: number) => {
      note(`write ${what}`);
      return realWrite(buffer, offset, spoiled === 'short' ? Math.min(3, length) : length, position);
    };
    return Object.assign(handle, {
      write: shortWrite,
      sync: async () => {
        note(`sync ${what}`);
        await sync.call(handle);
      },
      close: async () => {
        done.push(`close ${what}`);
        await close.call(handle);
      },
    });
  }
}

const replace = (calls?: FileCalls, ...defects: Defect[]) =>
  replaceFile(new Disk(new Set(defects), calls), folder, 'store', 'store.tmp', Buffer.from('new content'));
const store = () => fs.readFileSync(join(folder, 'store'), 'utf8');

test.each([
  [[], ['open temp', 'write temp', 'sync temp', 'rename', 'open folder', 'sync folder']],
  [['no-file-sync'], ['open temp', 'write temp', 'rename', 'open folder', 'sync folder']],
  [['rename-before-sync'], ['open temp', 'write temp', 'rename', 'sync temp', 'open folder', 'sync folder']],
  [['no-directory-sync'], ['open temp', 'write temp', 'sync temp', 'rename']],
] as [Defect[], string[]][])('the calls with the defects %j', async (defects, expected) => {
  const { calls, done } = recorded();
  await replace(calls, ...defects);
  expect(done.filter((call) => !call.startsWith('close'))).toEqual(expected);
  expect(store()).toBe('new content');
  expect(fs.readdirSync(folder)).toEqual(['store']);
  expect(fs.statSync(join(folder, 'store')).mode & 0o777).toBe(0o600);
});

test('short writes are gone on with; with the defect short-write-ignored the store is torn', async () => {
  const { calls, done } = recorded('short');
  await replace(calls);
  expect(done.filter((call) => call === 'write temp')).toHaveLength(4);
  expect(store()).toBe('new content');
  await replace(calls, 'short-write-ignored');
  expect(store()).toBe('new');
});

test.each(['write temp', 'sync temp', 'rename'])('a failing %s leaves the old content and no temp', async (call) => {
  const { calls, done } = recorded(call);
  await expect(replace(calls)).rejects.toThrow(`spoiled ${call}`);
  expect(done).toContain('close temp');
  expect(store()).toBe('old');
  expect(fs.readdirSync(folder)).toEqual(['store']);
});

test('a failing sync of the folder is told', async () => {
  await expect(replace(recorded('sync folder').calls)).rejects.toThrow('spoiled sync folder');
});

test("a file that is there already is not this writer's: it stays", async () => {
  fs.writeFileSync(join(folder, 'store.tmp'), 'of another');
  await expect(replace()).rejects.toThrow('EEXIST');
  expect(fs.readFileSync(join(folder, 'store.tmp'), 'utf8')).toBe('of another');
  expect(store()).toBe('old');
});

test('a temp that is a symlink is not followed', async () => {
  fs.symlinkSync(join(folder, 'victim'), join(folder, 'store.tmp'));
  await expect(replace()).rejects.toThrow('EEXIST');
  expect(fs.existsSync(join(folder, 'victim'))).toBe(false);
});
