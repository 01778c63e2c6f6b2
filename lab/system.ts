import type { AnswerTemplate } from './answers.ts';
import type { Aftermath } from './cell-id.ts';
import type { Conversation, Drive, DriveResult } from './drive.ts';
import type { Recipe } from './image/recipe.ts';
import { unreachable } from './problem.ts';

/**
 * A system: the system under test. A definition is data, so that a cell's evidence can carry what was promised and be judged without the
 * definition. `{session}` and `{text}` in a turn, and in `durable`, stand for the turn's own.
 */
export interface System {
  name: string;
  /** One line for `midwrite list`. */
  summary: string;
  defaultVersion: string;
  /** In the plan of a plain `midwrite run`. */
  inDefaultPlan: boolean;
  /** A system that is broken on purpose. One of them is in the list of systems: the canary, which every run must catch. */
  mutant?: Mutant;
  /** Known findings, as a path below images/ or an absolute one, or none. */
  expectations?: string;
  /** Its places are learned from a write before its cells are planned. */
  isFromOutside?: true;
  /** Faults of its default plan. Absent: those of every default plan. */
  faults?: readonly string[];
  /** In a default plan beside the default version: the newest stable release, in a few cells (CRASH-POINT_FAULT). Absent: it is not there. */
  newest?: { find(): Promise<string | undefined>; cells(version: string): readonly string[] };
  /** What a registry has of it, and what that had once. Absent: it is published nowhere. */
  published?(): Promise<{ versions: readonly string[]; gone: readonly string[] }>;
  /**
   * Everything about one version, which may be a range or a tag where a registry knows those.
   * @throws Problem no-such-version
   */
  release(version: string): Promise<Release>;
}

/** One defect, the cell or the scenario that shows it, and what must be said of it there. */
export interface Mutant {
  /** The right gateway, which must hold in the same place. */
  of: string;
  defect: string;
  shownBy: { crashPoint: string; fault: string; aftermath: Aftermath } | { scenario: string };
  /** The check that exists for it. */
  caughtBy: string;
  /** What that check must say: the effect of the defect and no other. A regular expression. */
  says: string;
}

/** A defect that no cell can show, and what can. */
export interface UnseenDefect {
  defect: string;
  needs: string;
  /** The right gateway. */
  of: string;
  /** The one with the defect. */
  system: System;
}

export interface Release {
  system: string;
  version: string;
  image: Recipe;
  boot: Boot;
  /** Makes it change its state. */
  write: Drive | HostDrive;
  /** Asks it what it holds: its answer is what is judged. Absent: its store is. */
  read?: Drive | HostDrive;
  /** Before the first write. */
  setup?: readonly (Drive | HostDrive)[];
  /** A command is run to its end for each write, and its next run is its recovery. */
  lifecycle: 'server' | 'command';
  /** Runs in the system's container after a boot: exit code 0 says that the store is whole. */
  storeCheck?: Drive;
  /** It is quiet when it has changed nothing for so long, in ms: learned of a system that writes late. Absent: as of every system. */
  quietMs?: number;
  /** A boot that ends by itself is repeated for so long, in ms, as a restart policy would: how long it refuses is told then. Absent: it is not. */
  restartedForMs?: number;
  /** What a write says, from its name. Absent: a text that no other pod's has. */
  textOf?(name: string): string;
  /** The write that is struck is so many writes, sent together. Absent: one. */
  writesAtOnce?: number;
  promises: Promises;
  memory: { defaultBytes: number; minimumBytes: number };
  /** What it keeps beside its store, for upgrades: each made under one release and asked for under another. */
  kept?: readonly Kept[];
  /** For scenarios: an ordinary installation, where the one of a cell is chosen for its crash points. */
  usual?: Usual;
  /** What the staging had to replace, for the evidence. */
  notes?: readonly string[];
}

/** One thing that a system keeps. */
export interface Kept {
  name: string;
  /** Makes it. Absent: the lab has put it there before the first boot. */
  make?: Drive;
  /** Asks a system that runs for it; or the file, as an absolute path, in which it is. */
  shows: Drive | { kind: 'file'; path: string };
  /** What the answer, or the file, has while it is there. */
  contains: string;
}

export interface Usual {
  /** In place of the environment of a cell. */
  env: Readonly<Record<string, string>>;
  /** In place of what a cell puts there before the first boot. Absent: the same. */
  files?: Boot['files'];
  /** A state folder with histories of so many bytes, and the keys of its sessions. Absent: its own store is made larger by copies of a row. */
  grown?(bytes: number): { files: readonly { path: string; content: string }[]; keys: readonly string[] };
  /** Small things of which a long-running gateway sees many, each of which it has to forget again. */
  churn?: readonly Churn[];
  /** The kinds of its sessions. */
  sessions?: readonly SessionKind[];
  readOnly?: ReadOnly;
  /** Its command line that cleans its sessions up. Absent: it has none. */
  cleanup?: Cleanup;
  /** Command lines that an operator runs while it is stopped, by the names that --during takes. */
  commands?: Readonly<Record<string, OperatorCommand>>;
  /** What it can make anew from other files. Absent: there is nothing such. */
  index?: Index;
  backup?: Backup;
  /** What a boot takes for itself alone for a time. Absent: nothing such is known. */
  lease?: Lease;
  /** The one of them that an operator is told to run where a release refuses an older one's folder. Absent: there is none. */
  migrates?: string;
}

/** A command line that changes the state folder, and ends with code 0. */
export interface OperatorCommand {
  /** What it does, for a person. */
  words: string;
  argv: readonly string[];
  /** What lies in the folder before it. Absolute paths. */
  files?: readonly { path: string; content: string }[];
}

/** An index over files, which a command line makes anew while the system is stopped. */
export interface Index {
  /** In place of what a cell puts there before the first boot: a configuration with the index, and what it is made from. */
  files: Boot['files'];
  rebuild: readonly string[];
  /** Shows what is in it. */
  shows: readonly string[];
  /** How many entries that is, from what was printed; undefined: it does not say. */
  entriesIn(printed: string): number | undefined;
  /** The file that it is in. Absolute. */
  file: string;
}

/** Command lines that copy a database while the system is stopped, and that put the copy in a place that is not there yet. */
export interface Backup {
  create: readonly string[];
  /** Copies are the folders that have one of these files. A pattern of absolute paths. */
  copies: string;
  /** @param nth from 1: each goes to another folder, and the first makes one that the second finds */
  restore(copy: string, nth: number): readonly string[];
}

/** A lease, or a lock, that a boot takes for a time, and what of it is on disk. */
export interface Lease {
  /** As the system calls it. */
  name: string;
  /** In place of what a cell puts there before the first boot: a boot on these takes it. */
  files: Boot['files'];
  /** Calls of a boot: it has been taken before one of them, and is given back in a later one. */
  calls: { op: string; path: string };
  /** The file that it is in. Absolute. */
  file: string;
  format: 'sqlite' | 'text';
  /** Who has it, from the text of the file, or from the rows of the database as JSON; undefined: nobody. */
  holderIn(kept: string): LeaseHolder | undefined;
}

export interface LeaseHolder {
  owner: string;
  /** Until when it is good, in ms since 1970. Absent: it has no such time. */
  expiresAt?: number;
}

/** A command that only reads, and a file that a person may write by hand. */
export interface ReadOnly {
  command: readonly string[];
  /** Absolute. */
  file: string;
  /** What the person wrote, the nth time, and a part of it that nothing else has. */
  handWritten(n: number): string;
  marker(n: number): string;
  /** A file whose making stands for another process that holds the file's lock. */
  lock?: string;
}

/** One kind of sessions, and how one comes to be. */
export interface SessionKind {
  name: string;
  /** Conversations that are to stay, or probes that are done with when they have been answered. */
  lasts: 'durable' | 'one-shot';
  /** Pattern over the whole session key; the first kind that matches is a session's own. */
  keys: string;
  /** Makes one; `{n}`, of five digits, counts them. */
  make: HttpRequest | Conversation;
}

/** Both print one JSON object. */
export interface Cleanup {
  /** Shows what would go, and changes nothing. */
  dryRun: readonly string[];
  enforce: readonly string[];
  /** Where the object has the numbers of rows before and after: names of fields, one inside the other. */
  before: readonly string[];
  after: readonly string[];
}

/** One kind of small things, of which many are done, with `{n}` counting them. */
export interface Churn {
  name: string;
  request: HttpRequest | Conversation;
  /** What the system needs beside its usual environment, and before its boot. */
  env?: Readonly<Record<string, string>>;
  files?: readonly { path: string; content: string }[];
  /** The first number. Absent: 1. */
  from?: number;
  /** So many before anything is measured: they warm the code up, and fill what may be remembered. */
  warmUp: number;
  /** So many between two points; without `quick` it takes too long for a quick run. */
  batch: { full: number; quick?: number };
  /** It has forgotten them this long after the last one. */
  forgetsWithinMs: number;
  /** But for something of the last so many. Absent: of none. */
  remembers?: number;
}

export interface Boot {
  command: readonly string[];
  /** What its image runs by itself goes behind `command`; asked from the engine when the image is there (lab/source/own-start.ts). */
  runsItsOwn?: true;
  /** Its working directory. Absent: the image's own. */
  folder?: string;
  env: Readonly<Record<string, string>>;
  /** Files that are there before the first boot, such as its configuration. Absolute paths below the state folder. */
  files: readonly { path: string; content: string }[];
  /**
   * A folder outside the state folder with what the program computes again where it is gone, such as V8's compile cache. It outlives a boot, as it does on a
   * user's machine, and is as old as the pod. Absent: there is none, and what lies in the temp folder is gone with each boot.
   */
  cache?: string;
  ready: Ready;
}

/** An exchange by a function of a config's own, on the host. */
export interface HostDrive {
  kind: 'host';
  /** @param drive sends one exchange; it never rejects because of the system */
  run(text: string, drive: (call: Drive) => Promise<DriveResult>): Promise<DriveResult>;
}

/** When the system is ready: an HTTP answer on the pod's loopback, a port that takes connections, or a line of its log. */
export type Ready =
  | { kind: 'http'; port: number; path: string; status: number; includes?: string }
  | { kind: 'tcp'; port: number }
  | { kind: 'log'; includes: string };

export interface HttpRequest {
  port: number;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** What a system promises; everything that a check needs to know of it. Times in ms. */
export interface Promises {
  /** The state folder. */
  root: string;
  store: Store;
  /** Patterns for temps beside the store that were not seen to be made in this cell. `**` crosses folders. */
  temps: readonly string[];
  /** A temp younger than this may be a living writer's: it must be left alone. */
  sweepGraceMs: number;
  /** The sweep has this long after the system was ready. */
  sweepWithinMs: number;
  /** A temp that outlives its grace while the system runs goes within this time. Absent: it promises no sweep other than the one at boot. */
  sweepEveryMs?: number;
  readyWithinMs: number;
  serveWithinMs: number;
  /** Where an acknowledged turn must be found after a boot: the text, in one of the files that match. All must hold. */
  durable: readonly Durable[];
  /** What an acknowledged turn survives. */
  level: 'process-crash' | 'power-loss';
  /** A turn that changes no more than itself writes at most this much to the state folder, whatever the size of the store. Absent: no promise. */
  turnWritesAtMostBytes?: number;
  /** Which rows the store keeps. Absent: no promise. */
  retention?: Retention;
  /** What it answered, undisturbed, before and after the write that is struck: after a crash it must answer one of the two. */
  answers?: Answers;
  /** Patterns of files whose content is kept with a look at the folder. */
  watched?: readonly string[];
  /** A command is run to its end: there is no server that could boot a second time. Absent: a server. */
  lifecycle?: 'command';
  /** What makes it work again when calls of it have failed and do not fail any more. Absent: nothing has to. */
  recoversBy?: 'restart';
  /** A SIGTERM ends it within this time, so that nobody has to kill it. Absent: no promise. */
  stopsWithinMs?: number;
  /** Promises that it does not make, by check, with the reason. */
  notPromised?: Readonly<Record<string, string>>;
}

/** Learned from undisturbed lives of the system. */
export interface Answers {
  before: AnswerTemplate;
  after: AnswerTemplate;
  /** The text of a write can be found in the answer. */
  showsText: boolean;
  /** Of several writes at once that were all acknowledged, undisturbed: the answer has all of them, or only the last. Absent: one write at a time. */
  several?: 'all' | 'last';
  /** What its files are called when it is at rest, below the state folder, with `*` where a name changes. */
  atRest: readonly string[];
  /** Files, below the state folder, that its write changes through a shared mapping: that is no call, and can't be struck. Absent: none. */
  mapped?: readonly string[];
}

export interface Durable {
  /** Patterns over absolute paths: one of them must match. */
  file: string | readonly string[];
  contains: string;
}

/** Rows that expire go; the others ("durable") stay up to `maxRows`, and what is over goes to the archive. */
export interface Retention {
  maxRows: number;
  /** Pattern over absolute paths: where rows that left the store can be read. */
  archive: string;
  /** `keys`: a pattern over session keys. Such a row goes when it was not updated for `afterMs`, and counts against no other. */
  expires: readonly { keys: string; afterMs: number }[];
}

export type Store =
  | {
      path: string;
      /** A JSON object from session key to row, replaced whole. */
      format: 'json-rows';
      /** The field of the file's object that holds the rows. Absent: the object itself. */
      rowsAt?: string;
      /** Fields that every row has. */
      rowFields: readonly string[];
      /** Pattern over absolute paths: the append-only files that hold what the store does not have yet. Absent: there are none. */
      journal?: string;
    }
  | { path: string; format: 'sqlite' }
  /** A JSON text of any shape. `schema`: a JSON schema that it must fit. */
  | { path: string; format: 'json'; schema?: Readonly<Record<string, unknown>> }
  /** A JSON text on each line. */
  | { path: string; format: 'json-lines' }
  /** The system's own check says whether it is whole, by its exit code. `path`: the state folder. */
  | { path: string; format: 'checked' }
  /** None is named: what the system answers is judged. `path`: the state folder. */
  | { path: string; format: 'unnamed' };

/**
 * The entry of a snapshot that stands for what is in the store: the file itself, or, for a database, its rows as a process after a crash would read them
 * (a text that the sidecar makes; no file of that name is on disk).
 */
export function storeEntryPath(store: Store): string {
  switch (store.format) {
    case 'json-rows':
    case 'json':
    case 'json-lines':
    case 'checked':
    case 'unnamed':
      return store.path;
    case 'sqlite':
      return `${store.path}#rows`;
    default:
      return unreachable(store);
  }
}

/** Whether a system is judged by what it answers. One whose promises say in which files a write must be found is judged by those. */
export const isJudgedByAnswers = ({ read, promises }: Pick<Release, 'read' | 'promises'>): boolean =>
  read !== undefined && promises.durable.length === 0;

/** A deep copy of `template` in which every string has `{name}` replaced, and so has every key of an object. */
export function fill<T>(template: T, values: Readonly<Record<string, string>>): T {
  const one = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return one(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [one(k), walk(v)]));
    return value;
  };
  return walk(template) as T;
}

/** Patterns of the files that a promise speaks of by their content: the store, where turns must be found, the archive of what was cleaned up. */
export function promisedFiles({ store, durable, retention, watched = [] }: Promises): string[] {
  const anything = { session: '*', text: '*' };
  return [
    store.path,
    ...watched,
    ...durable.flatMap((place) => fill(place.file, anything)),
    ...(retention === undefined ? [] : [retention.archive]),
  ];
}
