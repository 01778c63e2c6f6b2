import path from 'node:path';
import type { InodeId } from './folder-image.ts';

/** The state folder itself, which has no name in an image. */
const ROOT: InodeId = 0;

/** A name in the directory that has it: whatever the directory is called by then. */
export interface DirectoryEntry {
  readonly directory: InodeId;
  readonly name: string;
}

/**
 * The names below a folder, each an entry of its directory. A directory that is renamed takes its entries along, and which of them are there is another
 * question than what it is called: names that are kept as paths get that wrong.
 */
export class Directories {
  readonly #root: string;
  readonly #entries: Map<InodeId, Map<string, InodeId>>;
  /** Those that no copy shares. */
  readonly #own = new Set<InodeId>();

  private constructor(root: string, entries: Map<InodeId, Map<string, InodeId>>) {
    this.#root = root;
    this.#entries = entries;
  }

  /** @param names absolute paths below the root, all of whose folders are among them */
  static of(names: ReadonlyMap<string, InodeId>, root: string): Directories {
    const made = new Directories(root, new Map());
    for (const [file, id] of names) {
      const entry = entryOf(names, root, file);
      if (entry !== undefined) made.set(entry, id);
    }
    return made;
  }

  copy(): Directories {
    this.#own.clear();
    return new Directories(this.#root, new Map(this.#entries));
  }

  set({ directory, name }: DirectoryEntry, id: InodeId): void {
    this.#writable(directory).set(name, id);
  }

  delete({ directory, name }: DirectoryEntry): void {
    if (this.#entries.get(directory)?.has(name) === true) this.#writable(directory).delete(name);
  }

  /** What has a name, in whichever directory. */
  ids(): Set<InodeId> {
    return new Set([...this.#entries.values()].flatMap((entries) => [...entries.values()]));
  }

  /** Absolute paths. What is in a directory that has no name can't be reached: a file system that has lost a folder has lost that too. */
  names(): Map<string, InodeId> {
    const found = new Map<string, InodeId>();
    const walk = (directory: InodeId, at: string, above: readonly InodeId[]) => {
      for (const [name, id] of this.#entries.get(directory) ?? []) {
        const file = `${at}/${name}`;
        found.set(file, id);
        if (this.#entries.has(id) && !above.includes(id)) walk(id, file, [...above, id]);
      }
    };
    walk(ROOT, this.#root === '/' ? '' : this.#root, [ROOT]);
    return found;
  }

  #writable(directory: InodeId): Map<string, InodeId> {
    const known = this.#entries.get(directory);
    if (known !== undefined && this.#own.has(directory)) return known;
    const own = new Map(known);
    this.#entries.set(directory, own);
    this.#own.add(directory);
    return own;
  }
}

/** Which directory a path names; undefined: none that is known. */
export const directoryAt = (names: ReadonlyMap<string, InodeId>, root: string, file: string): InodeId | undefined =>
  file === root ? ROOT : names.get(file);

/** Where a path is an entry; undefined: its folder is not known. */
export function entryOf(names: ReadonlyMap<string, InodeId>, root: string, file: string): DirectoryEntry | undefined {
  const directory = directoryAt(names, root, path.posix.dirname(file));
  return directory === undefined ? undefined : { directory, name: path.posix.basename(file) };
}
