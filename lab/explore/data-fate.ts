import type { Content } from './content.ts';
import type { InodeId } from './folder-image.ts';
import { PAGE_BYTES } from './pages.ts';

/** What of a file's unsynced data is there: all, nothing, the first half, its length full of zeros, all but the last page. */
export type DataFate = 'kept' | 'lost' | 'half' | 'zeros' | 'last-page-zeros';
export const FATES: readonly DataFate[] = ['kept', 'lost', 'half', 'zeros', 'last-page-zeros'];
/** ext4 writes no length before its data. */
export const EXT4_FATES: ReadonlySet<DataFate> = new Set(['kept', 'lost', 'half']);

/** Data of a file that no sync made durable. */
export interface PendingData {
  readonly id: InodeId;
  /** The step that wrote it last. */
  readonly step: number;
  /** What it was called there. */
  readonly path: string;
  readonly durable: Content;
  /** What it held after each change since then, but for the last; empty where nobody asks for it: a version of a large file is large. */
  readonly earlier: readonly Content[];
  readonly ranges: readonly { from: number; to: number }[];
}

/** What a file holds when its unsynced data had that fate. */
export function contentAfter(fate: DataFate, { durable, ranges }: PendingData, current: Content): Content {
  switch (fate) {
    case 'kept':
      return current;
    case 'lost':
      return durable;
    case 'zeros':
      return durable.truncate(Math.min(durable.size, current.size)).truncate(current.size);
    case 'half': {
      const pages = pagesOf(ranges);
      const first = new Set(pages.slice(0, Math.floor(pages.length / 2)));
      // Less than a page is torn at a byte: no disk writes less than a sector, but a file system may keep a length in between.
      if (pages.length === 1) return tornInPage(durable, current, ranges);
      return mix(durable, current, first, (Math.max(-1, ...first) + 1) * PAGE_BYTES);
    }
    case 'last-page-zeros': {
      const pages = pagesOf(ranges);
      return mix(durable, current, new Set(pages.slice(0, -1)), current.size);
    }
  }
}

function pagesOf(ranges: readonly { from: number; to: number }[]): number[] {
  const pages = new Set<number>();
  for (const { from, to } of ranges)
    for (let page = Math.floor(from / PAGE_BYTES); page * PAGE_BYTES < to; page += 1) pages.add(page);
  return [...pages].sort((a, b) => a - b);
}

/** The durable content with some pages of the current one, at least `size` long but never longer than the longer of the two. */
function mix(durable: Content, current: Content, pages: ReadonlySet<number>, size: number): Content {
  const length = Math.min(Math.max(durable.size, size), Math.max(durable.size, current.size));
  let content = durable.truncate(length);
  for (const [first, last] of runsOf(pages))
    content = content.take(current, first * PAGE_BYTES, Math.min((last + 1) * PAGE_BYTES, current.size, length));
  return content.truncate(length);
}

/** Pages that follow each other, from the first to the last of each run. */
function runsOf(pages: ReadonlySet<number>): [number, number][] {
  const runs: [number, number][] = [];
  for (const page of pages) {
    const run = runs.at(-1);
    if (run?.[1] === page - 1) run[1] = page;
    else runs.push([page, page]);
  }
  return runs;
}

function tornInPage(durable: Content, current: Content, ranges: readonly { from: number; to: number }[]): Content {
  const from = Math.min(...ranges.map((range) => range.from));
  const to = Math.min(Math.max(...ranges.map((range) => range.to)), current.size);
  const half = from + Math.floor((to - from) / 2);
  if (half <= from) return durable;
  return durable.write(from, current.slice(from, half));
}
