import type { ImageRecipe } from './image/recipe.ts';
import { unreachable } from './problem.ts';

/**
 * A gateway: the system under test. A definition is data, so that a cell's evidence can carry what was promised and be judged without the
 * definition. `{session}` and `{text}` in a turn, and in `durable`, stand for the turn's own.
 */
export interface Gateway {
  name: string;
  /** One line for `midwrite list`. */
  summary: string;
  defaultVersion: string;
  /** In the plan of a plain `midwrite run`. */
  inDefaultPlan: boolean;
  /** A gateway that is broken on purpose: the control that a run must catch. */
  canary?: Canary;
  /** Known findings, as a path below images/, or none. */
  expectations?: string;
  /**
   * Everything about one version.
   * @throws Problem no-such-version
   */
  release(version: string): Promise<Release>;
}

/** The one cell of a canary gateway, and the checks of which at least one must be violated there. */
export interface Canary {
  crashPoint: string;
  fault: string;
  caughtBy: readonly string[];
}

export interface Release {
  gateway: string;
  version: string;
  image: ImageRecipe;
  boot: Boot;
  turn: HttpRequest;
  promises: Promises;
  memory: { defaultBytes: number; minimumBytes: number };
  /** What the staging had to replace, for the evidence. */
  notes?: readonly string[];
}

export interface Boot {
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Files that are there before the first boot, such as its configuration. Absolute paths below the state folder. */
  files: readonly { path: string; content: string }[];
  ready: Ready;
}

/** When the gateway is ready: an HTTP answer on the pod's loopback, or a line of its log where it has no such path. */
export type Ready =
  | { kind: 'http'; port: number; path: string; status: number; includes?: string }
  | { kind: 'log'; includes: string };

export interface HttpRequest {
  port: number;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** What a gateway promises; everything that a check needs to know of it. Times in ms. */
export interface Promises {
  /** The state folder. */
  root: string;
  store: Store;
  /** Patterns for temps beside the store that were not seen to be made in this cell. `**` crosses folders. */
  temps: readonly string[];
  /** A temp younger than this may be a living writer's: it must be left alone. */
  sweepGraceMs: number;
  /** The sweep has this long after the gateway was ready. */
  sweepWithinMs: number;
  readyWithinMs: number;
  serveWithinMs: number;
  /** Where an acknowledged turn must be found after a boot: the text, in one of the files that match. All must hold. */
  durable: readonly Durable[];
}

export interface Durable {
  /** Pattern over absolute paths. */
  file: string;
  contains: string;
}

export type Store =
  | {
      path: string;
      /** A JSON object from session key to row, replaced whole. */
      format: 'json-rows';
      /** Fields that every row has. */
      rowFields: readonly string[];
    }
  | { path: string; format: 'sqlite' };

/**
 * The entry of a snapshot that stands for what is in the store: the file itself, or, for a database, its rows as a process after a crash would read them
 * (a text that the sidecar makes; no file of that name is on disk).
 */
export function storeEntryPath(store: Store): string {
  switch (store.format) {
    case 'json-rows':
      return store.path;
    case 'sqlite':
      return `${store.path}#rows`;
    default:
      return unreachable(store);
  }
}

/** A deep copy of `template` in which every string has `{name}` replaced. */
export function fill<T>(template: T, values: Readonly<Record<string, string>>): T {
  const one = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return one(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v)]));
    return value;
  };
  return walk(template) as T;
}
