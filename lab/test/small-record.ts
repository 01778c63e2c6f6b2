import type { Effect, Step, Turn, WriteRecord } from '../explore/record.ts';
import type { GateEvent } from '../gate/protocol.ts';
import type { Entry } from '../sidecar/client.ts';
import type { Promises } from '../system.ts';

export const ROOT = '/state';
export const STORE = '/state/store.json';
export const LOG = '/state/log.jsonl';
export const OLD = JSON.stringify({ a: { id: 1 } });
export const NEW = JSON.stringify({ a: { id: 1 }, b: { id: 2 } });

/** What a small gateway promises that keeps rows in one file and turns in a log. */
export const promises: Promises = {
  root: ROOT,
  store: { path: STORE, format: 'json-rows', rowFields: ['id'] },
  temps: [],
  sweepGraceMs: 60_000,
  sweepWithinMs: 0,
  readyWithinMs: 1_000,
  serveWithinMs: 1_000,
  durable: [{ file: LOG, contains: '{text}' }],
  level: 'power-loss',
};

/** A record that is written by hand, call by call, as writegate would tell it. */
export class SmallRecord {
  readonly #data: Buffer[] = [];
  readonly #base: Effect[] = [];
  readonly #steps: Step[] = [];
  readonly #turns: Turn[] = [];
  readonly #inos = new Map<string, number>();
  readonly #sizes = new Map<number, number>();
  readonly #folders = new Set<number>();
  #at = 0;
  #lastIno = 0;
  end: Entry[] = [];
  unrecorded: { path: string; why: string }[] = [];

  constructor(files: Readonly<Record<string, string>> = { [STORE]: OLD, [LOG]: '' }) {
    this.#base.push(...this.#made(ROOT, 'directory'));
    for (const [path, text] of Object.entries(files)) {
      this.#base.push(...this.#made(path, 'file', text.length));
      this.#base.push(...this.#bytes(path, 0, Buffer.from(text)));
    }
  }

  #made(path: string, type: 'file' | 'directory', size = 0): Effect[] {
    this.#lastIno += 1;
    this.#inos.set(path, this.#lastIno);
    this.#sizes.set(this.#lastIno, size);
    if (type === 'directory') this.#folders.add(this.#lastIno);
    return [{ kind: 'name', path, ino: this.#lastIno }, this.#inode(this.#lastIno)];
  }

  #inode(ino: number): Effect {
    const type = this.#folders.has(ino) ? 'directory' : 'file';
    return { kind: 'inode', ino, type, mode: type === 'file' ? 0o600 : 0o700, size: this.#sizes.get(ino) ?? 0 };
  }

  #bytes(path: string, offset: number, bytes: Buffer): Effect[] {
    this.#data.push(bytes);
    const effect: Effect = { kind: 'data', ino: this.#ino(path), offset, bytes: bytes.length, at: this.#at };
    this.#at += bytes.length;
    return bytes.length === 0 ? [] : [effect];
  }

  #ino(path: string): number {
    const ino = this.#inos.get(path);
    if (ino === undefined) throw new Error(`${path} was not made`);
    return ino;
  }

  #step(op: string, syscall: string, path: string, effects: Effect[], more: Partial<Step> = {}): this {
    this.#steps.push({ kind: 'step', op, syscall, path, t: this.#steps.length + 1, effects, ...more });
    return this;
  }

  create(path: string): this {
    return this.#step('create', 'openat', path, this.#made(path, 'file'));
  }

  mkdir(path: string): this {
    return this.#step('mkdir', 'mkdir', path, this.#made(path, 'directory'));
  }

  write(path: string, text: string | Buffer, more: Partial<Step> = {}): this {
    const bytes = Buffer.from(text);
    const ino = this.#ino(path);
    const offset = this.#sizes.get(ino) ?? 0;
    this.#sizes.set(ino, offset + bytes.length);
    const effects = [this.#inode(ino), ...this.#bytes(path, offset, bytes)];
    return this.#step('write', 'write', path, effects, { bytes: bytes.length, offset, ...more });
  }

  truncate(path: string): this {
    this.#sizes.set(this.#ino(path), 0);
    return this.#step('truncate', 'openat', path, [this.#inode(this.#ino(path))]);
  }

  sync(path: string, syscall = 'fsync'): this {
    return this.#step('sync', syscall, path, [this.#inode(this.#ino(path))]);
  }

  rename(path: string, to: string): this {
    const ino = this.#ino(path);
    this.#inos.delete(path);
    this.#inos.set(to, ino);
    for (const [inside, known] of [...this.#inos])
      if (inside.startsWith(`${path}/`)) {
        this.#inos.delete(inside);
        this.#inos.set(to + inside.slice(path.length), known);
      }
    const effects: Effect[] = [
      { kind: 'name', path, ino: null },
      { kind: 'name', path: to, ino },
    ];
    return this.#step('rename', 'rename', path, effects, { to });
  }

  unlink(path: string): this {
    this.#inos.delete(path);
    return this.#step('unlink', 'unlink', path, [{ kind: 'name', path, ino: null }]);
  }

  /** A turn whose answer goes out behind what was done until now. */
  acknowledge(name: string): this {
    const durable = [{ file: LOG, contains: `text-${name}` }];
    const t = this.#steps.length + 0.5;
    this.#turns.push({ kind: 'turn', name, session: name, text: `text-${name}`, durable, acknowledged: true, t });
    return this;
  }

  get record(): WriteRecord {
    const data = Buffer.concat(this.#data);
    return {
      system: 'small',
      version: '1.0.0',
      workload: 'turn',
      root: ROOT,
      seen: [] as GateEvent[],
      base: this.#base,
      steps: this.#steps,
      turns: this.#turns,
      unrecorded: this.unrecorded,
      end: this.end,
      data: (at, bytes) => data.subarray(at, at + bytes),
    };
  }
}

const TEMP = '/state/store.json.1.tmp';

/** A turn that is written as it should be: appended and synced, acknowledged, then the store is replaced with every sync. */
export function rightTurn(leftOut: 'nothing' | 'file-sync' | 'folder-sync' | 'log-sync' = 'nothing'): SmallRecord {
  const turn = new SmallRecord().write(LOG, 'text-first\n');
  if (leftOut !== 'log-sync') turn.sync(LOG);
  turn.acknowledge('first').create(TEMP).write(TEMP, NEW);
  if (leftOut !== 'file-sync') turn.sync(TEMP);
  turn.rename(TEMP, STORE);
  return leftOut === 'folder-sync' ? turn : turn.sync(ROOT);
}
