import { type Roles, roleOf } from '../crash-point/places.ts';
import { Content } from './content.ts';
import { contentAfter, type DataFate, EXT4_FATES, FATES, type PendingData } from './data-fate.ts';
import { Directories, type DirectoryEntry, directoryAt, entryOf } from './directories.ts';
import { type Choice, drawChoices, kindOf, type LossGroups, type Pending } from './draw-losses.ts';
import type { FolderImage, Inode, InodeId } from './folder-image.ts';
import { NO_PROTOCOL, type Protocols } from './protocol.ts';
import type { Step } from './record.ts';
import type { Applied, NameChange, Replay } from './replay.ts';

/*
 * What a power loss may leave, by what POSIX promises and no more: fsync(2) of a file makes its data durable and says nothing of its name ("an explicit
 * fsync() on a file descriptor for the directory is also needed"); everything else may have reached the disk or not, in any order. It is the abstract
 * persistence model of ALICE (Pillai et al., OSDI 2014, section 3.1) without the reordering of a single file's pages but the ones below. Where ext4 is
 * meant (Linux, Documentation/admin-guide/ext4.rst, data=ordered and auto_da_alloc): names reach the disk in the order of the calls and with the next
 * sync of anything at the latest (one journal), a file's length not before its data, and a file that is renamed over another has its data there before.
 */

/** Up to so many changes of names that no sync made durable, every subset of them is tried. */
export const ALL_SUBSETS_UP_TO = 4;

/** A change of names, and the step that made it. */
export interface PendingName extends NameChange {
  readonly step: number;
  readonly op: string;
  /** It put its file in place of another. */
  readonly replaces: boolean;
  /** The same as entries of directories, whatever those are called later. */
  readonly from?: DirectoryEntry;
  readonly into?: DirectoryEntry & { readonly id: InodeId };
}

/** One way in which a state differs from what every process saw. */
export type Loss =
  | { readonly kind: 'name'; readonly change: PendingName }
  | { readonly kind: 'data'; readonly id: InodeId; readonly fate: DataFate; readonly step: number };

/** A state after a power loss, and what was lost for it. */
export interface PowerLossState {
  readonly image: FolderImage;
  readonly losses: readonly Loss[];
  /** It can be left by ext4 too, with its care for replaced files. */
  readonly onExt4: boolean;
}

/** What a power loss at one moment chooses from. */
export interface Book {
  readonly root: string;
  /** The names that are on the disk for sure. */
  readonly durable: Directories;
  /** Changes of names that may be there or not. */
  readonly changes: readonly PendingName[];
  /** Everything as every process sees it. */
  readonly inodes: ReadonlyMap<InodeId, Inode>;
  /** Files whose data may be there or not. */
  readonly data: ReadonlyMap<InodeId, PendingData>;
}

/**
 * The book of what is durable at every moment of a replay: before its first step, and after each. It is one book, which goes on, as the replay does.
 * @param replay of the whole record, at its beginning
 * @returns the step that comes next
 */
export function* moments(replay: Replay, durability: Durability): Generator<number> {
  for (;;) {
    const { index } = replay;
    yield index;
    if (replay.isOver) return;
    const { step, applied } = replay.step();
    durability.apply(index, step, applied);
  }
}

/** The book of what is durable. What was there before the record counts as durable. */
export class Durability {
  readonly #replay: Replay;
  readonly #protocols: Protocols;
  readonly #keepsEarlier: boolean;
  readonly #roles: Roles;
  /** The names that are durable. */
  readonly #durable: Directories;
  readonly #data = new Map<InodeId, PendingData>();
  readonly #contents = new WeakMap<PendingData, Map<DataFate, Content>>();
  #changes: PendingName[] = [];
  /** Until the next step. */
  #lastNames: { choice: string; names: ReadonlyMap<string, InodeId> } | undefined;
  /** Files that were renamed over another, by the step of the rename. */
  readonly #placed = new Map<InodeId, number>();
  /** On ext4 a sync of anything commits the journal, and with it every change of a name before it. */
  #lastCommit = -1;

  /**
   * @param protocols what is safe as a whole, and is not combined with anything else
   * @param keepsEarlier also what each file held between its last sync and now
   * @param roles what its files are called. Absent: by the form of their names
   */
  constructor(replay: Replay, protocols: Protocols = NO_PROTOCOL, keepsEarlier = false, roles: Roles = roleOf) {
    this.#replay = replay;
    this.#roles = roles;
    this.#keepsEarlier = keepsEarlier;
    this.#protocols = protocols;
    this.#durable = Directories.of(replay.image.names, replay.root);
  }

  /** What there is to choose from at this moment: it stays as it is. */
  get book(): Book {
    return {
      root: this.#root,
      durable: this.#durable.copy(),
      changes: [...this.#changes],
      inodes: this.#replay.image.inodes,
      data: new Map(this.#data),
    };
  }

  get pending(): { names: readonly PendingName[]; data: readonly PendingData[] } {
    return { names: this.#changes, data: [...this.#data.values()] };
  }

  /** Takes a step into the book. */
  apply(index: number, step: Step, applied: Applied): void {
    const { before } = applied;
    this.#lastNames = undefined;
    for (const change of applied.names) {
      const replaces = step.op === 'rename' && change.added !== undefined && before.names.has(change.added.path);
      this.#changes.push({ ...this.#inDirectories(change, before), step: index, op: step.op, replaces });
      if (replaces && change.added !== undefined) this.#placed.set(change.added.id, index);
    }
    for (const [id, ranges] of applied.data) {
      const known = this.#data.get(id);
      const last = before.inodes.get(id)?.content ?? Content.empty;
      const durable = known?.durable ?? last;
      const earlier = known === undefined || !this.#keepsEarlier ? [] : [...known.earlier, last];
      this.#data.set(id, {
        id,
        step: index,
        path: step.path,
        durable,
        earlier,
        ranges: [...(known?.ranges ?? []), ...ranges],
      });
      if (step.synchronous === true) this.#data.delete(id);
    }
    if (step.op !== 'sync') return;
    this.#sync(step, applied.subject, before);
    if (step.syscall !== 'sync_file_range') this.#lastCommit = index;
  }

  #inDirectories(change: NameChange, { names }: FolderImage): NameChange & Pick<PendingName, 'from' | 'into'> {
    const { removed, added } = change;
    const from = removed === undefined ? undefined : entryOf(names, this.#root, removed);
    const into = added === undefined ? undefined : entryOf(names, this.#root, added.path);
    return {
      ...change,
      ...(from !== undefined && { from }),
      ...(into !== undefined && added !== undefined && { into: { ...into, id: added.id } }),
    };
  }

  #sync(step: Step, subject: InodeId | undefined, { names }: FolderImage): void {
    switch (step.syscall) {
      case 'syncfs':
        this.#makeDurable(() => true);
        this.#data.clear();
        return;
      // "None of these operations writes out the file's metadata": sync_file_range(2), WARNING.
      case 'sync_file_range':
        return;
      default:
        if (subject !== undefined) this.#data.delete(subject);
        this.#syncDirectory(directoryAt(names, this.#root, step.path));
    }
  }

  #syncDirectory(synced: InodeId | undefined): void {
    if (synced === undefined) return;
    this.#makeDurable(({ from, into }) => from?.directory === synced || into?.directory === synced);
  }

  #makeDurable(isSynced: (change: PendingName) => boolean): void {
    for (const change of this.#changes.filter(isSynced)) applyChange(this.#durable, change);
    this.#changes = this.#changes.filter((change) => !isSynced(change));
  }

  /** Of a file that has no name, on the disk or after any call that is not there yet, nobody can tell what became of its data: it was unlinked while open. */
  #reachableData(): PendingData[] {
    if (this.#data.size === 0) return [];
    const named = this.#durable.ids();
    for (const { added } of this.#changes) if (added !== undefined) named.add(added.id);
    return [...this.#data.values()].filter(({ id }) => named.has(id));
  }

  /** What no protocol covers: all of it is combined. */
  #loose(): { names: PendingName[]; data: PendingData[] } {
    const { data: temps, made, renamed } = this.#protocols;
    const data = this.#reachableData().filter(({ id }) => !temps.has(id));
    const names = this.#changes.filter(({ step }) => !made.has(step) && !renamed.has(step));
    const last = Math.max(-1, ...names.map(({ step }) => step), ...data.map(({ step }) => step));
    // What came later may be there without the rename.
    const overtaken = this.#changes.filter(({ step }) => renamed.has(step) && step < last);
    const loose = new Set([...names, ...overtaken]);
    return { names: this.#changes.filter((one) => loose.has(one)), data };
  }

  /** How many states there are when every change of a name and every file's data that no protocol covers has its own fate. */
  get combinations(): bigint {
    const { names, data } = this.#loose();
    return 2n ** BigInt(names.length) * BigInt(FATES.length) ** BigInt(data.length);
  }

  /** What is pending at this moment is of that kind (draw-losses.ts). */
  get kind(): string {
    const { names, data } = this.#loose();
    return kindOf(this.#pendingOf(names, data));
  }

  /** How many of them are tried without a draw. */
  get bounded(): number {
    return this.#boundedOf(this.#loose());
  }

  #pendingOf(names: readonly PendingName[], data: readonly PendingData[]): Pending<DataFate> {
    const roles = this.#roles;
    return {
      names: names.map(({ op, folders }) => `${op} in ${folders.map((folder) => roles(folder, true)).join()}`),
      data: data.map(({ path }) => roles(path)),
      fates: FATES,
    };
  }

  #boundedOf({ names, data }: { names: readonly PendingName[]; data: readonly PendingData[] }): number {
    return (
      subsetsOf(names.length) * (data.length === 0 ? 1 : FATES.length) +
      (data.length > 1 ? data.length * (FATES.length - 1) : 0)
    );
  }

  /** How many states `states` gives without a draw. */
  get tried(): number {
    const { names, data } = this.#loose();
    const covered = this.#changes.length - names.length;
    const temps = this.#reachableData().length - data.length;
    const ofProtocols = (covered === 0 ? 0 : this.#changes.length) + covered + temps * (FATES.length - 1);
    return this.#boundedOf({ names, data }) + ofProtocols;
  }

  /**
   * The states that are tried: of the names that no protocol covers every subset, or, where there are too many, each prefix of the calls, each change lost
   * alone and each kept alone; with each of them every fate for all files alike, and with all names kept every fate for each file alone. Of what a protocol
   * covers, each prefix and each loss alone. Then what is drawn of the rest.
   * @param draws how many, and from which seed at which step
   * @param atMost so many of those that are not drawn, spread over them all, beside those where everything is lost. Absent: all
   */
  *states(
    groups?: LossGroups,
    draws?: { seed: number; step: number; count: number },
    atMost = Number.POSITIVE_INFINITY,
  ): Generator<PowerLossState> {
    const { names, data } = this.#loose();
    const pending = this.#pendingOf(names, data);
    const met = groups?.at(pending);
    const { inodes } = this.#replay.image;
    const all = this.#reachableData();
    const places = new Map(names.map((change, index) => [change, index]));
    const placeOf = this.#changes.map((change) => places.get(change) ?? -1);
    const state = ({ kept, fates }: Choice<DataFate>): PowerLossState => {
      met?.({ kept, fates });
      const isKept = placeOf.map((place) => kept[place] ?? true);
      const fateOf = new Map(data.map(({ id }, index) => [id, fates[index] ?? 'kept']));
      return this.#state(inodes, isKept, all, (id) => fateOf.get(id) ?? 'kept');
    };
    const whole = this.tried;
    const isThinned = atMost < whole;
    const spread = spreadOver(whole, atMost);
    if (isThinned)
      for (const isKept of [true, false])
        yield state({ kept: names.map(() => isKept), fates: data.map(() => 'lost' as const) });
    for (const choice of boundedChoices(names.length, data.length)) if (spread()) yield state(choice());
    for (const left of this.#ofProtocols(inodes, names, data)) if (spread()) yield left();
    if (draws === undefined) return;
    for (const choice of drawChoices(pending, draws.seed, draws.step, draws.count)) yield state(choice);
  }

  /** What a replacement that is safe as a whole can leave, while everything else is there; and, in the order of the calls, with what came before it. */
  *#ofProtocols(
    inodes: ReadonlyMap<InodeId, Inode>,
    names: readonly PendingName[],
    data: readonly PendingData[],
  ): Generator<() => PowerLossState> {
    const all = this.#reachableData();
    const covered = this.#changes.filter((change) => !names.includes(change));
    const everything = this.#changes.map(() => true);
    const withNames = (kept: readonly boolean[]) => this.#state(inodes, kept, all, () => 'kept');
    if (covered.length > 0)
      for (let length = this.#changes.length - 1; length >= 0; length -= 1)
        yield () => withNames(everything.map((_, index) => index < length));
    for (const lost of covered) yield () => withNames(this.#changes.map((change) => change !== lost));
    for (const { id } of all.filter((one) => !data.includes(one)))
      for (const fate of FATES.slice(1))
        yield () => this.#state(inodes, everything, all, (one) => (one === id ? fate : 'kept'));
  }

  #state(
    current: ReadonlyMap<InodeId, Inode>,
    kept: readonly boolean[],
    data: readonly PendingData[],
    fateOf: (id: InodeId) => DataFate,
  ): PowerLossState {
    const losses: Loss[] = this.#changes
      .filter((_, index) => kept[index] !== true)
      .map((change) => ({ kind: 'name', change }));
    const inodes = new Map(current);
    for (const one of data) {
      const inode = current.get(one.id);
      const fate = fateOf(one.id);
      if (inode === undefined || fate === 'kept') continue;
      inodes.set(one.id, { ...inode, content: this.#contentAfter(fate, one, inode.content) });
      losses.push({ kind: 'data', id: one.id, fate, step: one.step });
    }
    const image = { names: this.#namesWith(kept), inodes };
    // What was lost of a file that has no name now is no loss.
    const there = new Set(image.names.values());
    const seen = losses.filter((loss) => loss.kind === 'name' || there.has(loss.id));
    return { image, losses: seen, onExt4: this.#canBeOnExt4(kept, fateOf) };
  }

  /** States that differ only in the fates of data come after each other, and have the same names. */
  #namesWith(kept: readonly boolean[]): ReadonlyMap<string, InodeId> {
    const choice = kept.join();
    if (this.#lastNames?.choice !== choice) {
      const tree = this.#durable.copy();
      for (const [index, change] of this.#changes.entries()) if (kept[index] === true) applyChange(tree, change);
      this.#lastNames = { choice, names: tree.names() };
    }
    return this.#lastNames.names;
  }

  /** The same file meets the same fate at many crash points, until it is written again. */
  #contentAfter(fate: DataFate, pending: PendingData, current: Content): Content {
    const known = this.#contents.get(pending) ?? new Map<DataFate, Content>();
    this.#contents.set(pending, known);
    const content = known.get(fate) ?? contentAfter(fate, pending, current);
    known.set(fate, content);
    return content;
  }

  get #root(): string {
    return this.#replay.root;
  }

  #canBeOnExt4(kept: readonly boolean[], fateOf: (id: InodeId) => DataFate): boolean {
    const firstLost = kept.indexOf(false);
    if (firstLost !== -1 && kept.includes(true, firstLost)) return false;
    if (firstLost !== -1 && (this.#changes[firstLost]?.step ?? 0) < this.#lastCommit) return false;
    return [...this.#data.values()].every(({ id, step }) => {
      const fate = fateOf(id);
      if (!EXT4_FATES.has(fate)) return false;
      const placed = this.#placed.get(id);
      if (placed === undefined || step > placed || fate === 'kept') return true;
      const index = this.#changes.findIndex((change) => change.step === placed);
      return index !== -1 && kept[index] !== true;
    });
  }
}

export function applyChange(tree: Directories, { from, into }: PendingName): void {
  if (from !== undefined) tree.delete(from);
  if (into !== undefined) tree.set(into, into.id);
}

/** The choices that are tried without a draw, each made when it is wanted. */
function* boundedChoices(names: number, files: number): Generator<() => Choice<DataFate>> {
  const alike = (fate: DataFate) => Array.from({ length: files }, () => fate);
  for (const kept of subsets(names))
    for (const fate of files === 0 ? (['kept'] as const) : FATES) yield () => ({ kept, fates: alike(fate) });
  if (files < 2) return;
  const kept = Array.from({ length: names }, () => true);
  for (let file = 0; file < files; file += 1)
    for (const fate of FATES.slice(1))
      yield () => ({ kept, fates: alike('kept').map((one, index) => (index === file ? fate : one)) });
}

/** Says of `whole` things one after the other whether it is one of at most `atMost` that lie evenly among them. */
function spreadOver(whole: number, atMost: number): () => boolean {
  let index = 0;
  return () => {
    index += 1;
    if (atMost >= whole) return true;
    return Math.floor((index * atMost) / whole) > Math.floor(((index - 1) * atMost) / whole);
  };
}

/** How many `subsets` gives. */
const subsetsOf = (count: number): number =>
  count <= ALL_SUBSETS_UP_TO ? 2 ** count : count + 1 + (count - 1) + (count - 1);

/** Which of so many changes are kept, each choice once. */
export function subsets(count: number): boolean[][] {
  const range = Array.from({ length: count }, (_, index) => index);
  if (count <= ALL_SUBSETS_UP_TO)
    return Array.from({ length: 2 ** count }, (_, bits) => range.map((index) => ((bits >> index) & 1) === 1)).reverse();
  return [
    ...Array.from({ length: count + 1 }, (_, length) => range.map((index) => index < count - length)),
    ...range.map((lost) => range.map((index) => index !== lost)).slice(0, -1),
    ...range.map((kept) => range.map((index) => index === kept)).slice(1),
  ];
}
