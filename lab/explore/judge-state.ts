import { missingFrom } from '../checks/acked-durable.ts';
import { readStore, readStoreByRows, type StoreState } from '../checks/store.ts';
import { type Promises, storeEntryPath } from '../system.ts';
import type { Content } from './content.ts';
import { type DatabaseFiles, databaseIn, readDatabase } from './database.ts';
import { type FolderImage, inodeAt } from './folder-image.ts';
import type { Turn, WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

/** Larger stores are read row by row. */
const LARGE_BYTES = 4 * 1024 * 1024;

/** What a check says of a state that no system was booted on. */
export interface StateVerdict {
  readonly check: 'store-valid' | 'all-or-nothing' | 'acked-durable';
  readonly verdict: 'held' | 'violated' | 'inconclusive' | 'not-applicable';
  readonly detail: string;
}

const ASKED = 'the system is asked what it holds when it runs on it';

/** Larger files are not read as text: no store of that size was ever seen, and it would not fit into a string. */
const READ_LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * The whole versions of the store in a record, by their digests: what it was at the beginning, each file that was renamed over it, and what it was when
 * all was over.
 */
export function wholeVersions(record: WriteRecord, store: string): Set<string> {
  const replay = new Replay(record, 'when-asked');
  const versions = new Set<string>();
  const add = () => {
    const inode = inodeAt(replay.image, store);
    if (inode?.type === 'file') versions.add(inode.content.digest);
  };
  add();
  for (const step of record.steps) {
    replay.step();
    if (step.op === 'rename' && step.to === store) add();
  }
  add();
  return versions;
}

const NOT_MADE_YET = 'the release before had no such store, and this one has not made it yet';

/** Judges states by what lies there. Content that many states share is read once. */
export class StateJudge {
  readonly #promises: Promises;
  readonly #versions: ReadonlySet<string>;
  readonly #stores = new Map<string, StoreState>();
  readonly #found = new Map<string, boolean>();
  readonly #isNew: boolean;
  #lastRows: { digest: string; text: string } | undefined;

  /** @param isNew the store was not there when the record began, so it may be missing */
  constructor(promises: Promises, versions: ReadonlySet<string>, isNew = false) {
    this.#promises = promises;
    this.#versions = versions;
    this.#isNew = isNew;
  }

  /** @param acknowledged the turns that must be there */
  judge(image: FolderImage, acknowledged: readonly Turn[]): StateVerdict[] {
    const { notPromised = {} } = this.#promises;
    return [this.#storeValid(image), this.#allOrNothing(image), this.#ackedDurable(image, acknowledged)].map((one) => {
      const reason = notPromised[one.check];
      return reason === undefined
        ? one
        : { ...one, verdict: 'not-applicable', detail: `it is not promised: ${reason}` };
    });
  }

  #storeValid(image: FolderImage): StateVerdict {
    const check = 'store-valid';
    const { store } = this.#promises;
    if (store.format === 'unnamed' || store.format === 'checked')
      return { check, verdict: 'not-applicable', detail: 'the system itself says what it holds' };
    const inode = inodeAt(image, store.path);
    if (inode === undefined) return this.#withoutStore(check, 'the store is missing');
    if (inode.type !== 'file')
      return { check, verdict: 'violated', detail: `the store is a ${inode.type} and not a file` };
    const database = store.format === 'sqlite' ? databaseIn(image, store.path) : undefined;
    const state = database === undefined ? this.#read(inode.content) : this.#readDatabase(database);
    switch (state.state) {
      case 'valid':
        return { check, verdict: 'held', detail: `${state.rows} rows in ${state.bytes} bytes` };
      case 'invalid':
        return { check, verdict: 'violated', detail: state.why };
      case 'missing':
        return { check, verdict: 'violated', detail: 'the store is missing' };
      case 'unknown':
        return { check, verdict: 'inconclusive', detail: state.why };
    }
  }

  #withoutStore(check: StateVerdict['check'], detail: string): StateVerdict {
    if (this.#isNew) return { check, verdict: 'not-applicable', detail: NOT_MADE_YET };
    return { check, verdict: 'violated', detail };
  }

  #read(content: Content): StoreState {
    const known = this.#stores.get(content.digest);
    if (known !== undefined) return known;
    const state = this.#readAnew(content);
    this.#stores.set(content.digest, state);
    return state;
  }

  #readAnew(content: Content): StoreState {
    const { store } = this.#promises;
    if (content.size > READ_LIMIT_BYTES)
      return { state: 'unknown', why: `it has ${content.size} bytes, and ${READ_LIMIT_BYTES} are read` };
    if (content.size <= LARGE_BYTES) return readStore(store, content.text(), content.size);
    return readStoreByRows(store, content.pieces, content.size);
  }

  #allOrNothing(image: FolderImage): StateVerdict {
    const check = 'all-or-nothing';
    const { store, answers } = this.#promises;
    if (answers !== undefined) return { check, verdict: 'not-applicable', detail: ASKED };
    if (store.format === 'sqlite')
      return { check, verdict: 'not-applicable', detail: 'which of its versions a database holds is not judged' };
    const inode = inodeAt(image, store.path);
    if (inode === undefined) return this.#withoutStore(check, 'the store is gone: neither the old one nor a new one');
    if (this.#versions.has(inode.content.digest))
      return { check, verdict: 'held', detail: `a whole version of ${inode.content.size} bytes` };
    return {
      check,
      verdict: 'violated',
      detail: `the store has ${inode.content.size} bytes that are none of its ${this.#versions.size} whole versions`,
    };
  }

  #ackedDurable(image: FolderImage, acknowledged: readonly Turn[]): StateVerdict {
    const check = 'acked-durable';
    if (this.#promises.answers !== undefined) return { check, verdict: 'not-applicable', detail: ASKED };
    if (acknowledged.length === 0)
      return { check, verdict: 'not-applicable', detail: 'no turn was acknowledged before this place' };
    const files = [...image.names].flatMap(([path, id]) => {
      const inode = image.inodes.get(id);
      if (inode?.type !== 'file') return [];
      return [{ path, contains: (text: string) => this.#contains(inode.content, text) }];
    });
    const { store } = this.#promises;
    const database = store.format === 'sqlite' ? databaseIn(image, store.path) : undefined;
    if (database !== undefined)
      files.push({ path: storeEntryPath(store), contains: (text) => this.#hasRow(database, text) });
    for (const turn of acknowledged) {
      const { missing } = missingFrom(turn.durable, files);
      if (missing.length > 0)
        return {
          check,
          verdict: 'violated',
          detail: `the acknowledged turn "${turn.name}" is not in ${missing.join(', ')}`,
        };
    }
    return { check, verdict: 'held', detail: `${acknowledged.map((turn) => `"${turn.name}"`).join(', ')} found` };
  }

  #readDatabase(database: DatabaseFiles): StoreState {
    const known = this.#stores.get(database.digest);
    if (known !== undefined) return known;
    const state = readStore(this.#promises.store, this.#rowsOf(database), database.bytes);
    this.#stores.set(database.digest, state);
    return state;
  }

  #hasRow(database: DatabaseFiles, text: string): boolean {
    const key = `${database.digest} ${text}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#rowsOf(database).includes(text);
      this.#found.set(key, found);
    }
    return found;
  }

  /** Of the last one only: all of them would be too much to keep. */
  #rowsOf(database: DatabaseFiles): string {
    if (this.#lastRows?.digest !== database.digest)
      this.#lastRows = { digest: database.digest, text: readDatabase(database) };
    return this.#lastRows.text;
  }

  #contains(content: Content, text: string): boolean {
    const key = `${content.digest} ${text}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = content.includes(text);
      this.#found.set(key, found);
    }
    return found;
  }
}
