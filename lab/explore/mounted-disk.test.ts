import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { BlockLog } from '../machine/block-log.ts';
import { MountedDisks } from './mounted-disk.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const children = () => execFileSync('ps', ['--ppid', String(process.pid), '-o', 'comm='], { encoding: 'utf8' });

test.runIf(isRoot)('a disk that is not there is told, and nothing is left that would mount it', async () => {
  const opened = MountedDisks.open('/nonexistent/base.img', {} as BlockLog, { type: 'ext4', options: 'noatime' });
  await expect(opened).rejects.toThrow(/copying a disk: .*base\.img|can't be mounted here/s);
  expect(children()).not.toMatch(/unshare|bash/);
});
