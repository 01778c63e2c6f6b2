import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Archive } from './archive.ts';
import type { Defect } from './defects.ts';
import { Disk, type FileCalls, REAL_CALLS } from './disk.ts';
import { clearAfter, type FoldPlan, fold } from './fold.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { Journals, type Replayed } from './journals.ts';
import { errnoOf, errorFields, type Log } from './log.ts';
import { identify } from './process-identity.ts';
import { loadStore, type StoreParts } from './recovery.ts';
import { excessOver, type Prune, type Retention, type Retirement, retire } from './retention.ts';
import type { Turn } from './rows.ts';
import { Sessions, type Summary, vouchedBytes } from './sessions.ts';
import { stateErrorOf } from './state-error.ts';
import { type Store, StoreFile } from './store-file.ts';
import { sweep } from './sweep.ts';
import { Transcripts } from './transcripts.ts';

export type { KindRetention, Prune, Retention, Retirement, RetireReason } from './retention.ts';
export type { Kind, Turn } from './rows.ts';
export type { Summary } from './sessions.ts';
export { StateError, type StateErrorCode } from './state-error.ts';

export interface StateOptions {
  readonly folder: string;
  /** A temp that is not older is never swept. */
  readonly graceMs: number;
  /** A journal that has grown to this is folded into the store. */
  readonly foldBytes: number;
  readonly retention: Retention;
  readonly defects: ReadonlySet<Defect>;
}

interface WaitingTurn {
  readonly key: string;
  readonly turn: Turn;
  readonly resolve: (kept: { sessionId: string; turns: number }) => void;
  readonly reject: (error: unknown) => void;
}

/** What `open` has found. */
interface Opened {
  readonly lock: FolderLock;
  readonly disk: Disk;
  readonly parts: StoreParts;
  readonly store: Store;
  readonly keep: ReadonlySet<string>;
  readonly sessions: Sessions;
  readonly journals: Journals;
}

/**
 * The sessions and their histories, in a folder that this process holds alone. A turn is one append to a journal; now and then a
 * fold brings what the journals hold to its place, while turns go on.
 */
export class State {
  readonly #options: StateOptions;
  readonly #log: Log;
  readonly #lock: FolderLock;
  readonly #disk: Disk;
  readonly #parts: StoreParts;
  readonly #keep: ReadonlySet<string>;
  readonly #sessions: Sessions;
  readonly #journals: Journals;
  #store: Store;
  /** Turns that no append has taken yet. */
  #waiting: WaitingTurn[] = [];
  /** Sessions that a fold is about to retire: their turns wait for how it ends. */
  #retiring: ReadonlySet<string> = new Set();
  /** Ends when nobody uses the journal. */
  #journalUse: Promise<unknown> = Promise.resolve();
  /** Ends when no fold runs. */
  #folds: Promise<unknown> = Promise.resolve();
  #isAppendDue = false;
  #isFoldDue = false;
  #hasFoldFailed = false;
  #closing: Promise<void> | undefined;
  /** Stays empty but for a defect. */
  readonly #histories: (readonly Turn[])[] = [];

  private constructor(options: StateOptions, log: Log, opened: Opened) {
    this.#options = options;
    this.#log = log;
    this.#lock = opened.lock;
    this.#disk = opened.disk;
    this.#parts = opened.parts;
    this.#store = opened.store;
    this.#keep = opened.keep;
    this.#sessions = opened.sessions;
    this.#journals = opened.journals;
  }

  /** Locks, loads, recovers, replays; rejects with a `StateError`. Does not sweep. Where nothing is amiss it writes nothing. */
  static async open(options: StateOptions, log: Log, calls: FileCalls = REAL_CALLS): Promise<State> {
    const { folder, defects } = options;
    const disk = new Disk(defects, calls);
    let lock: FolderLock | undefined;
    try {
      await disk.makeFolder(folder);
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      lock = lockFolder(folder, defects);
      // The process before may have been killed before it synced what it made here, and all that follows builds on that.
      await disk.syncFolder(folder);
      const file = new StoreFile(folder, await identify(), disk);
      const transcripts = new Transcripts(folder, disk, log);
      const parts = { file, transcripts, archive: new Archive(folder, disk), disk };
      const { store, keep, archivedBytesOf } = await loadStore(parts, log);
      const { journals, replayed, isDamaged } = await Journals.open(file, store.journal, disk, log);
      const sessions = new Sessions(store.rows);
      replay(sessions, replayed, archivedBytesOf, log);
      const state = new State(options, log, { lock, disk, parts, store, keep, sessions, journals });
      await state.#finishOpening(isDamaged);
      return state;
    } catch (error) {
      lock?.release();
      throw stateErrorOf(folder, error);
    }
  }

  async #finishOpening(isDamaged: boolean): Promise<void> {
    await this.#clear();
    const { defects } = this.#options;
    if (isDamaged || defects.has('second-boot-rewrites')) await this.#fold(Date.now());
    if (defects.has('load-all-at-boot')) await this.#loadAll();
  }

  async #loadAll(): Promise<void> {
    const { transcripts } = this.#parts;
    for (const { sessionId, bytes } of this.#sessions.rows().values())
      this.#histories.push(await transcripts.readNewest(sessionId, bytes, Number.POSITIVE_INFINITY));
    this.#log('info', 'histories-loaded', { histories: this.#histories.length });
  }

  /** Durable when it resolves: its data and its directory entry are synced. When it rejects, nothing of the turn is kept. */
  async add(key: string, turn: Turn): Promise<{ sessionId: string; turns: number }> {
    if (this.#closing) throw new Error('the state is being closed: no turn is taken any more');
    const { promise, resolve, reject } = Promise.withResolvers<{ sessionId: string; turns: number }>();
    this.#waiting.push({ key, turn, resolve, reject });
    this.#appendSoon();
    const kept = await promise;
    if (this.#options.defects.has('rewrite-whole-store-each-turn')) await this.#fold(Date.now());
    return kept;
  }

  /** One append at a time; turns that arrive meanwhile share the next one (group commit). */
  #appendSoon(): void {
    if (this.#isAppendDue) return;
    this.#isAppendDue = true;
    void this.#useJournal(() => this.#append());
  }

  #useJournal<T>(use: () => Promise<T>): Promise<T> {
    const result = this.#journalUse.then(use);
    this.#journalUse = result.catch(() => undefined);
    return result;
  }

  async #append(): Promise<void> {
    this.#isAppendDue = false;
    const group = this.#waiting.filter(({ key }) => !this.#retiring.has(key));
    this.#waiting = this.#waiting.filter(({ key }) => this.#retiring.has(key));
    if (group.length === 0) return;
    const records = this.#sessions.recordsOf(group);
    const acknowledge = () => {
      for (const [n, { row }] of records.entries()) group[n]?.resolve({ sessionId: row.sessionId, turns: row.turns });
    };
    if (this.#options.defects.has('acknowledge-before-write')) acknowledge();
    try {
      const generation = await this.#journals.append(records);
      for (const record of records) this.#sessions.add(record, generation);
      acknowledge();
    } catch (error) {
      if (this.#options.defects.has('swallows-no-space') && errnoOf(error) === 'ENOSPC') acknowledge();
      for (const { reject } of group) reject(error);
      if (this.#options.defects.has('keeps-the-lock-after-an-error')) return new Promise(() => undefined);
    }
    // After a failure it is left to the maintenance: on a full disk each turn would try again.
    if (this.#journals.currentBytes >= this.#options.foldBytes && !this.#hasFoldFailed && !this.#isFoldDue) {
      this.#isFoldDue = true;
      void this.#fold(Date.now());
    }
  }

  /** The newest `limit` turns, oldest first; undefined: no such session. */
  async history(key: string, limit: number): Promise<readonly Turn[] | undefined> {
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const pending = session.pending.map(({ turn }) => turn);
    const { sessionId } = session.row;
    const older = await this.#parts.transcripts.readNewest(sessionId, vouchedBytes(session), limit - pending.length);
    return [...older, ...pending].slice(Math.max(0, older.length + pending.length - limit));
  }

  /** Scans the rows: whoever asks often should remember it. */
  keyOf(sessionId: string): string | undefined {
    return this.#sessions.keyOf(sessionId);
  }

  list(): Summary[] {
    return this.#sessions.list();
  }

  /** Removes what crashes have left, and logs it. One call at a time. */
  async sweep(): Promise<{ removed: number; spared: number }> {
    const rules = { graceMs: this.#options.graceMs, keep: this.#keep };
    const { removed, spared } = await sweep(this.#parts.file, rules, this.#disk, this.#log);
    return { removed: removed.length, spared: spared.length };
  }

  /** What would go now, by the retention; with `prune` also what was not updated for that long. */
  due(nowMs: number, prune?: Prune): Retirement[] {
    return retire(this.#sessions.list(), this.#options, nowMs, prune);
  }

  /** Folds if something is due, the journals are large or a fold has failed; resolves with what went. */
  async maintain(nowMs: number, prune?: Prune): Promise<Retirement[]> {
    await this.#folds;
    const isLarge = this.#journals.unfoldedBytes >= this.#options.foldBytes;
    const isFoldDue = isLarge || this.#hasFoldFailed || this.due(nowMs, prune).length > 0;
    const retired = isFoldDue ? await this.#fold(nowMs, prune) : [];
    const excess = excessOver(this.#sessions.list(), this.#options.retention);
    if (excess > 0) this.#log('warn', 'over-cap', { excess, maxEntries: this.#options.retention.maxEntries });
    return retired;
  }

  /** Waits for what is in flight, folds what is in the journals, gives the lock back. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    do {
      await this.#journalUse;
      await this.#folds;
    } while (this.#waiting.length > 0);
    if (this.#journals.unfoldedBytes > 0) await this.#fold(Date.now());
    await this.#journals.close();
    this.#lock.release();
  }

  /** One fold at a time. Never rejects: a fold that fails loses nothing, and is tried again. */
  #fold(nowMs: number, prune?: Prune): Promise<Retirement[]> {
    const result = this.#folds.then(() => this.#foldNow(nowMs, prune));
    this.#folds = result;
    return result;
  }

  async #foldNow(nowMs: number, prune?: Prune): Promise<Retirement[]> {
    const startMs = performance.now();
    try {
      const plan = await this.#useJournal(() => this.#plan(nowMs, prune));
      this.#store = await fold(this.#parts, plan);
      this.#sessions.settle(plan.journal, plan.retired);
      this.#hasFoldFailed = false;
      this.#logFold(plan, startMs);
      await this.#clear();
      return [...plan.retired];
    } catch (error) {
      this.#hasFoldFailed = true;
      this.#log('error', 'fold-failed', errorFields(error));
      return [];
    } finally {
      this.#retiring = new Set();
      if (this.#waiting.length > 0) this.#appendSoon();
    }
  }

  /** Between two appends, so that the picture and the generations agree. */
  async #plan(nowMs: number, prune?: Prune): Promise<FoldPlan> {
    this.#isFoldDue = false;
    const journal = await this.#journals.rotate();
    const retired = this.due(nowMs, prune);
    this.#retiring = new Set(retired.map(({ key }) => key));
    const sessions = this.#sessions;
    return {
      before: this.#store,
      rows: sessions.rows(),
      additions: sessions.additions(),
      retired,
      journal,
      atMs: nowMs,
    };
  }

  #logFold({ additions, retired, journal, rows }: FoldPlan, startMs: number): void {
    for (const { key, ...fields } of retired)
      this.#log('info', 'session-retired', { key: key.slice(0, 64), ...fields });
    const turns = additions.reduce((sum, addition) => sum + addition.turns.length, 0);
    const ms = Math.round(performance.now() - startMs);
    this.#log('info', 'folded', { turns, sessions: rows.size - retired.length, retired: retired.length, journal, ms });
  }

  /** What can't be taken away now is taken away after the next fold, or by the next boot. */
  async #clear(): Promise<void> {
    const liveIds = new Set(this.#sessions.list().map(({ sessionId }) => sessionId));
    try {
      await clearAfter(this.#parts, this.#journals, this.#store, liveIds);
      this.#store = { ...this.#store, removing: [] };
    } catch (error) {
      this.#log('warn', 'clear-failed', errorFields(error));
    }
  }
}

/** A session that was archived before the store was lost stays so, even if a journal with its turns was left. */
function replay(
  sessions: Sessions,
  replayed: readonly Replayed[],
  archivedBytesOf: ReadonlyMap<string, number>,
  log: Log,
): void {
  for (const { generation, record } of replayed) {
    const { sessionId, bytes } = record.row;
    if ((archivedBytesOf.get(sessionId) ?? -1) >= bytes) continue;
    if (sessions.replay(record, generation) === 'displaced')
      log('warn', 'session-displaced', { generation, sessionId });
  }
}
