import * as fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf, Failure } from './failure.ts';

/** What fills the disk; not a name that a gateway has. */
const BALLAST = '.ballast-of-the-lab';
const CHUNK_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
/** A disk that is larger was not made to be filled. */
const DISK_MAX_BYTES = 1024 * 1024 * 1024;

/** Writes ballast until there is no space left on the folder's disk, then gives so many bytes back. Whole pages: a file system has no smaller ones. */
export function fillDisk(root: string, leaveBytes: number): { ballastBytes: number; freeBytes: number } {
  if (leaveBytes % PAGE_BYTES !== 0)
    throw new Failure('bad-request', `leaveBytes must be whole pages of ${PAGE_BYTES} bytes`);
  const { bsize, blocks } = fs.statfsSync(root);
  if (bsize * blocks > DISK_MAX_BYTES)
    throw new Failure(
      'too-large',
      `the disk of ${root} has ${bsize * blocks} bytes: only one of up to ${DISK_MAX_BYTES} is filled`,
    );
  const fd = fs.openSync(
    join(root, BALLAST),
    fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
    0o600,
  );
  try {
    let bytes = 0;
    for (
      let chunk = Buffer.alloc(CHUNK_BYTES);
      chunk.length >= PAGE_BYTES;
      chunk = chunk.subarray(0, chunk.length / 2)
    ) {
      bytes += writeUntilFull(fd, chunk, bytes);
    }
    const ballastBytes = Math.max(0, Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES - leaveBytes);
    fs.ftruncateSync(fd, ballastBytes);
    return { ballastBytes, freeBytes: freeBytes(root) };
  } finally {
    fs.closeSync(fd);
  }
}

/** Says what was free until now, and removes the ballast. */
export function freeDisk(root: string): { freeBytes: number } {
  const before = freeBytes(root);
  fs.unlinkSync(join(root, BALLAST));
  return { freeBytes: before };
}

function freeBytes(root: string): number {
  const { bavail, bsize } = fs.statfsSync(root);
  return bavail * bsize;
}

function writeUntilFull(fd: number, chunk: Buffer, at: number): number {
  let bytes = 0;
  try {
    for (;;) bytes += fs.writeSync(fd, chunk, 0, chunk.length, at + bytes);
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
    return bytes;
  }
}
