import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fillDisk, freeDisk } from './disk.ts';

/** A small disk of its own needs a mount. */
const canMount = process.getuid?.() === 0 && process.platform === 'linux';

test.skipIf(!canMount)(
  'fills a disk but for what it is told to leave: a write is short, and the next one fails',
  () => {
    const root = mkdtempSync(join(tmpdir(), 'midwrite-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
    try {
      writeFileSync(join(root, 'mine'), 'x');
      expect(fillDisk(root, 4096).freeBytes).toBe(4096);
      const fd = openSync(join(root, 'next'), 'w');
      expect(writeSync(fd, Buffer.alloc(10_000))).toBe(4096);
      expect(() => writeSync(fd, Buffer.alloc(10))).toThrow(/ENOSPC/);
      closeSync(fd);
      expect(freeDisk(root).freeBytes).toBe(0);
      expect(readdirSync(root).sort()).toEqual(['mine', 'next']);
      const { bavail, bsize } = statfsSync(root);
      expect(bavail * bsize).toBeGreaterThan(3 * 1024 * 1024);
    } finally {
      execFileSync('umount', [root]);
      rmSync(root, { recursive: true });
    }
  },
);

test('refuses half a page, and a disk that was not made to be filled', () => {
  const root = mkdtempSync(join(tmpdir(), 'midwrite-disk-'));
  try {
    expect(() => fillDisk(root, 100)).toThrow(/whole pages/);
    const { blocks, bsize } = statfsSync(root);
    if (blocks * bsize > 1024 ** 3) expect(() => fillDisk(root, 4096)).toThrow(/only one of up to/);
    expect(readdirSync(root)).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
