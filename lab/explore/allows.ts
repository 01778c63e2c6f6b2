import type { Content } from './content.ts';
import type { PendingData } from './data-fate.ts';
import type { FolderImage, Inode } from './folder-image.ts';
import { PAGE_BYTES } from './pages.ts';
import { applyChange, type Book } from './power-loss.ts';

/** Of more changes of names not every subset is tried. */
const CHANGES_MOST = 16;

/**
 * Whether a power loss at this moment may leave that folder, by what the model promises: any subset of the changes of names that no sync made durable,
 * and of each file with data that none made durable, each page as it ever was since, or zeros. The states that the explorer tries are some of those.
 * @returns undefined: it may; else what in the folder can't be
 */
export function whyNot(book: Book, real: FolderImage): string | undefined {
  if (book.changes.length > CHANGES_MOST) return `there are ${book.changes.length} changes of names to choose from`;
  let why = 'the names are those of no choice';
  for (let bits = 0; bits < 2 ** book.changes.length; bits += 1) {
    const tree = book.durable.copy();
    for (const [index, change] of book.changes.entries()) if (((bits >> index) & 1) === 1) applyChange(tree, change);
    const there = tree.names();
    if (there.size !== real.names.size || [...there.keys()].some((name) => !real.names.has(name))) continue;
    const wrong = [...there].find(([name, id]) => {
      const [own, other] = [book.inodes.get(id), inodeIn(real, name)];
      return own === undefined || other === undefined || !mayBe(own, other, book.data.get(id));
    });
    if (wrong === undefined) return undefined;
    why = `${wrong[0]} holds what it never held`;
  }
  return why;
}

const inodeIn = (image: FolderImage, name: string): Inode | undefined => image.inodes.get(image.names.get(name) ?? -1);

function mayBe(own: Inode, real: Inode, pending: PendingData | undefined): boolean {
  if (own.type !== real.type || own.mode !== real.mode || own.target !== real.target) return false;
  if (own.type !== 'file' || own.content.digest === real.content.digest) return true;
  return pending !== undefined && mayHold(pending, own.content, real.content);
}

/** No longer than it ever was, and each page one that it had; a page that it had less of ends in zeros. */
function mayHold({ durable, earlier }: PendingData, current: Content, real: Content): boolean {
  const versions = [durable, ...earlier, current];
  if (real.size > Math.max(...versions.map((one) => one.size))) return false;
  for (let from = 0; from < real.size; from += PAGE_BYTES) {
    const page = real.slice(from, from + PAGE_BYTES);
    if (!page.some((byte) => byte !== 0)) continue;
    if (!versions.some((version) => isOfPage(page, version.slice(from, from + PAGE_BYTES)))) return false;
  }
  return true;
}

/** A page is as it was, cut off at the file's length, or zeros from where a version of it ended. */
function isOfPage(page: Buffer, version: Buffer): boolean {
  const common = Math.min(page.length, version.length);
  return (
    page.subarray(0, common).equals(version.subarray(0, common)) && page.subarray(common).every((byte) => byte === 0)
  );
}
