/** Of the page cache, in bytes, on x64 and on most arm64 kernels. */
const PAGE_BYTES = 4096;

/**
 * Whether a kill can tear this very write, or the same one at another length of its file. Bytes that stand in the file already have a place of their own,
 * and programs that overwrite them (a log in preallocated space, the pages of a database) often keep within a page on purpose: such a write is there as a
 * whole or not at all.
 * @param offset in the file, in bytes; undefined: not known
 * @param size of the file before the write, in bytes; undefined: not known
 */
export function canTear(offset: number | undefined, bytes: number, size: number | undefined): boolean {
  if (bytes <= 1) return false;
  if (offset === undefined || size === undefined || offset + bytes > size) return true;
  return tearOf(offset, bytes) !== undefined;
}

/**
 * After how many of its bytes a write is torn. The kernel copies a write page by page and looks for a fatal signal, or for room on the disk, between two
 * pages (mm/filemap.c, generic_perform_write): where a write crosses the end of a page, that is where a kill tears it. One that stays within a page is
 * torn in its middle: the same write crosses a page when the file is longer.
 * @param offset in the file, in bytes; undefined: not known
 * @param bytes of the write
 * @returns undefined: half of them
 */
export function tearOf(offset: number | undefined, bytes: number): number | undefined {
  if (offset === undefined) return undefined;
  const middle = offset + bytes / 2;
  const ends = [Math.floor(middle / PAGE_BYTES), Math.ceil(middle / PAGE_BYTES)].map((page) => page * PAGE_BYTES);
  const inside = ends.filter((end) => end > offset && end < offset + bytes);
  const nearest = inside.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  return nearest === undefined ? undefined : nearest - offset;
}
