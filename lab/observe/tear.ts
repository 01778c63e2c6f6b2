/** Of the page cache, in bytes, on x64 and on most arm64 kernels. */
const PAGE_BYTES = 4096;

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
