/** Every moment at which a process can die or the power can fail: what was acknowledged is there once, and boots settle. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CrashDisk, type DataFate, type PowerLoss } from '../testing/crash-disk.ts';
import type { Defect } from './defects.ts';
import type { FileCalls } from './disk.ts';
import type { Log } from './log.ts';
import type { Row } from './rows.ts';
import { type Retention, State, type StateOptions, type Turn } from './state.ts';
import { parseStore } from './store-file.ts';

const DAY_MS = 86_400_000;
const UNLIMITED = { maxAgeMs: null, protectNewest: 0 };
const NO_RETENTION: Retention = {
  maxEntries: 1000,
  kinds: { 'model-run': UNLIMITED, cron: UNLIMITED, group: UNLIMITED, direct: UNLIMITED, other: UNLIMITED },
};
const SHORT_RETENTION: Retention = {
  maxEntries: 3,
  kinds: { ...NO_RETENTION.kinds, 'model-run': { maxAgeMs: DAY_MS, protectNewest: 0 } },
};

let scratch: string;
beforeEach(() => {
  // In memory where there is such a place: thousands of syncs are made here.
  scratch = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'midwrite-crash-'));
});
afterEach(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** A turn by its text, which no other turn has. */
interface SentTurn {
  isAcknowledged: boolean;
  /** It was of a session that may be deleted from now on. */
  mayGo: boolean;
}

interface Moment {
  readonly label: string;
  readonly folder: string;
  readonly isPowerLoss: boolean;
  readonly turns: Map<string, Readonly<SentTurn>>;
}

const optionsOf = (root: string, more: Partial<StateOptions> = {}): StateOptions => ({
  folder: join(root, 'state'),
  graceMs: -1, // a temp of this very moment is old enough
  foldBytes: 1_000_000,
  retention: NO_RETENTION,
  defects: new Set(),
  ...more,
});

interface Plan {
  readonly defects?: readonly Defect[];
  /** What is there before; it counts as durable. */
  readonly prepare?: (root: string) => Promise<void>;
  /** The process is killed at this point, and the next one's life begins on what it has left. */
  readonly killAt?: { readonly point: number; readonly next: (life: Life) => Promise<void> };
}

/** Runs a gateway's life and gives a copy of the folder as each moment (of its last process) would have left it. */
async function moments(
  lead: (life: Life) => Promise<void>,
  { defects = [], prepare, killAt }: Plan = {},
): Promise<Moment[]> {
  const root = fs.mkdtempSync(join(scratch, 'root-'));
  await prepare?.(root);
  const taken: Moment[] = [];
  const seen = new Set<string>();
  const turns = new Map<string, SentTurn>();
  const killed = Promise.withResolvers<void>();
  const reached = new Map<string, () => void>();
  let isPictured = killAt === undefined;
  await using disk = new CrashDisk(root, (label) => {
    reached.get(label)?.();
    if (isPictured) pictures(label);
    else if (disk.points.length === killAt?.point) {
      first.kill();
      killed.resolve();
    }
  });
  const first = disk.process();
  await Promise.race([lead(lifeOn(first.calls)), killed.promise]);
  if (killAt !== undefined) {
    fs.rmSync(join(root, 'state/gateway.lock'), { force: true }); // the kernel would have forgotten the lock
    buryWriters(root, (from, to) => disk.rewriteName(from, to));
    isPictured = true;
    await killAt.next(lifeOn(disk.process().calls));
  }
  picture('the end', (folder) => disk.copyTo(folder), false);
  return taken;

  function lifeOn(calls: FileCalls): Life {
    return new Life(optionsOf(root, { defects: new Set(defects) }), calls, turns, reached);
  }

  function pictures(label: string): void {
    picture(label, (folder) => disk.copyTo(folder), false);
    for (const loss of powerLosses(disk.points.length))
      picture(label, (folder) => disk.powerLossTo(folder, loss), true);
  }

  function picture(label: string, take: (folder: string) => void, isPowerLoss: boolean): void {
    const folder = fs.mkdtempSync(join(scratch, 'moment-'));
    take(folder);
    const copied = new Map(Array.from(turns, ([text, turn]) => [text, { ...turn }]));
    const content = JSON.stringify([treeOf(folder), [...copied]]);
    const digest = createHash('sha1').update(content).digest('hex');
    if (!seen.has(digest)) taken.push({ label, folder, isPowerLoss, turns: copied });
    seen.add(digest);
  }
}

/** The worst there is, single names that got to the disk before the others, and a few by the dice. */
function powerLosses(seed: number): PowerLoss[] {
  const all = (fate: DataFate) => () => fate;
  const dice = diceOf(seed);
  const fates = ['durable', 'current', 'half', 'zeros'] as const;
  const byDice = { keepsNames: () => dice() < 0.5, data: () => fates[Math.floor(dice() * 4)] ?? 'durable' };
  return [
    { keepsNames: () => false, data: all('durable') },
    { keepsNames: () => true, data: all('durable') },
    { keepsNames: (index) => index === 0, data: all('durable') },
    byDice,
    byDice,
    { keepsNames: (index, count) => index === count - 1, data: all('durable') },
    { keepsNames: () => true, data: all('zeros') },
    { keepsNames: () => false, data: all('half') },
  ];
}

/** mulberry32 */
function diceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Life {
  readonly #options: StateOptions;
  readonly #calls: FileCalls;
  readonly #turns: Map<string, SentTurn>;
  readonly #reached: Map<string, () => void>;

  constructor(options: StateOptions, calls: FileCalls, turns: Map<string, SentTurn>, reached: Map<string, () => void>) {
    this.#options = options;
    this.#calls = calls;
    this.#turns = turns;
    this.#reached = reached;
  }

  open(more: Partial<StateOptions> = {}): Promise<State> {
    return State.open({ ...this.#options, ...more }, () => undefined, this.#calls);
  }

  /** Resolves when this call is about to be made. */
  reaches(label: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reached.set(label, resolve);
    return promise;
  }

  async turn(state: State, key: string, text: string, at = Date.now()): Promise<void> {
    const turn = { isAcknowledged: false, mayGo: false };
    this.#turns.set(text, turn);
    await state.add(key, { at, user: text, assistant: `answer to ${text}` });
    turn.isAcknowledged = true;
  }

  /** From here on these turns may be deleted. */
  letGo(prefix: string): void {
    for (const [text, turn] of this.#turns) if (text.startsWith(prefix)) turn.mayGo = true;
  }
}

/** Turns of several sessions at once, folds among them, retirement to both places, a key that comes back, a second boot. */
async function richLife(life: Life): Promise<void> {
  const old = Date.now() - 2 * DAY_MS;
  const before = await life.open({ foldBytes: 400 });
  await life.turn(before, 'agent:main:direct:a', 'a1', old);
  await life.turn(before, 'agent:main:explicit:model-run-1', 'probe1', old);
  await before.close();
  const state = await life.open({ retention: SHORT_RETENTION, foldBytes: 900 });
  life.letGo('probe');
  await Promise.all([
    life.turn(state, 'agent:main:direct:a', 'a2', old),
    life.turn(state, 'agent:main:group:b', 'b1'),
    life.turn(state, 'agent:main:explicit:model-run-2', 'probe2', old),
  ]);
  life.letGo('probe');
  await life.turn(state, 'agent:main:group:b', 'b2');
  await life.turn(state, 'c', 'c1');
  await state.maintain(Date.now());
  await life.turn(state, 'd', 'd1');
  const retiring = life.reaches('create state/archive/sessions.jsonl');
  const maintained = state.maintain(Date.now()); // the cap pushes the oldest one out
  await retiring;
  await Promise.all([life.turn(state, 'agent:main:direct:a', 'a3'), life.turn(state, 'c', 'c2')]);
  await maintained;
  await life.turn(state, 'c', 'c3');
  await state.close();
  const again = await life.open();
  await life.turn(again, 'c', 'c4');
  await again.close();
}

/** What is wrong with what a moment has left; nothing, if all promises are kept. */
async function judge({ folder, turns }: Moment, mayReport: boolean, defects: ReadonlySet<Defect>): Promise<string[]> {
  const wrong: string[] = [];
  const say = (text: string) => wrong.push(text);
  const log: Log = (level, event, fields) =>
    level === 'error' && !mayReport && say(`${event} ${JSON.stringify(fields)}`);
  buryWriters(folder);

  await boot(folder, NO_RETENTION, async (first) => {
    await first.sweep();
    await compare(first, 'after the first boot');

    const second = join(folder, 'second');
    const filter = (path: string) => !path.endsWith('gateway.lock');
    fs.cpSync(join(folder, 'state'), join(second, 'state'), { recursive: true, filter });
    const disk = new CrashDisk(second);
    await boot(second, NO_RETENTION, async () => secondBoot(disk.points), disk.process().calls);
  });
  await boot(folder, SHORT_RETENTION, async (third) => {
    await third.sweep();
    await compare(third, 'after a fold and another boot');
    await third.maintain(Date.now());
    await compare(third, 'after what is due has gone', (text) => !text.startsWith('probe'));
    nothingElse(third);
  });
  return wrong;

  async function boot(
    root: string,
    retention: Retention,
    use: (state: State) => Promise<unknown>,
    calls?: FileCalls,
  ): Promise<void> {
    const state = await State.open(optionsOf(root, { retention, defects }), log, calls);
    try {
      await use(state);
    } finally {
      await state.close();
    }
  }

  function secondBoot(points: readonly string[]): void {
    const changes = points.filter((label) => !label.startsWith('sync'));
    if (changes.length > 0) say(`the second boot has something to do: ${changes}`);
  }

  function nothingElse(state: State): void {
    const names = fs.readdirSync(join(folder, 'state'), { recursive: true, encoding: 'utf8' });
    for (const name of names) if (name.endsWith('.tmp')) say(`a temp is left: ${name}`);
    const archived = archivedIn(join(folder, 'state')).map(({ sessionId }) => sessionId);
    if (new Set(archived).size < archived.length) say(`archived twice: ${archived}`);
    const ids = new Set([...state.list().map(({ sessionId }) => sessionId), ...archived]);
    for (const name of names) {
      const [, id] = /^transcripts\/(.+)\.jsonl$/.exec(name) ?? [];
      if (id !== undefined && !ids.has(id)) say(`a transcript of nobody is left: ${name}`);
    }
  }

  async function compare(state: State, when: string, stays: (text: string) => boolean = () => true): Promise<void> {
    const found = new Map<string, number>();
    for (const history of await historiesOf(state, join(folder, 'state'))) {
      if (history.join() !== history.toSorted().join()) say(`${when} not in their order: ${history}`);
      for (const text of history) found.set(text, (found.get(text) ?? 0) + 1);
    }
    for (const [text, { isAcknowledged, mayGo }] of turns) {
      const count = found.get(text) ?? 0;
      if (count > 1) say(`${when} there are ${count} of ${text}`);
      if (count === 0 && isAcknowledged && !mayGo && stays(text)) say(`${when} ${text} is lost`);
    }
  }
}

/** The texts of every session that is there, and of every session that was archived. */
async function historiesOf(state: State, folder: string): Promise<string[][]> {
  const live = state.list();
  const histories = await Promise.all(live.map(({ key }) => state.history(key, 1000)));
  const isLive = new Set(live.map(({ sessionId }) => sessionId));
  for (const { sessionId, bytes } of archivedIn(folder)) {
    if (isLive.has(sessionId)) continue;
    const transcript = fs.readFileSync(join(folder, `transcripts/${sessionId}.jsonl`)).subarray(0, bytes);
    histories.push(linesOf(transcript).slice(1) as Turn[]);
  }
  return histories.map((turns) => (turns ?? []).map(({ user }) => user));
}

/** What the store vouches for of the archive. */
function archivedIn(folder: string): Row[] {
  const stored = parseStore(fs.readFileSync(join(folder, 'sessions.json')));
  const bytes = stored.kind === 'store' ? stored.store.archiveBytes : 0;
  return bytes ? (linesOf(fs.readFileSync(join(folder, 'archive/sessions.jsonl')).subarray(0, bytes)) as Row[]) : [];
}

function linesOf(bytes: Buffer): unknown[] {
  return bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The temps were written by this very process, which goes on; their writer is to be dead. */
function buryWriters(
  root: string,
  rewriteName = (from: string, to: string) => fs.renameSync(join(root, from), join(root, to)),
): void {
  if (!fs.existsSync(join(root, 'state'))) return;
  for (const name of fs.readdirSync(join(root, 'state'))) {
    const dead = name.replace(/^(sessions\.json\.[0-9a-f]{8}\.\d+)\.\d+\.(\d+\.tmp)$/, '$1.1.$2');
    if (dead !== name) rewriteName(`state/${name}`, `state/${dead}`);
  }
}

function treeOf(folder: string): [string, string][] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => [join(entry.parentPath, entry.name).slice(folder.length), entry] as const)
    .map(([name, entry]): [string, string] => {
      return [name, entry.isFile() ? fs.readFileSync(join(folder, name), 'latin1') : ''];
    })
    .sort();
}

async function labelsOf(lead: (life: Life) => Promise<void>): Promise<string[]> {
  const root = fs.mkdtempSync(join(scratch, 'root-'));
  const disk = new CrashDisk(root);
  await lead(new Life(optionsOf(root), disk.process().calls, new Map(), new Map()));
  return disk.points;
}

/** `mayReport`: what was there before was damaged, and so a boot may say that it had to recover. */
async function judgeAll(all: readonly Moment[], mayReport = false, defects: readonly Defect[] = []): Promise<string[]> {
  const wrong: string[] = [];
  for (const moment of all) {
    const what = await judge(moment, mayReport, new Set(defects)).catch((error: unknown) => [
      `it does not boot: ${error}`,
    ]);
    const when = `${moment.isPowerLoss ? 'power loss' : 'crash'} at ${moment.label}`;
    wrong.push(...what.map((text) => `${when}: ${text}`));
  }
  return wrong;
}

test('wherever it stops, every acknowledged turn is there once, and the second boot has nothing to do', async () => {
  const all = await moments(richLife);
  console.log(`${all.length} moments, ${all.filter(({ isPowerLoss }) => isPowerLoss).length} of them power losses`);
  expect((await judgeAll(all)).slice(0, 10)).toEqual([]);
});

/** A probe that goes, a session that stays, three folds. */
async function shortLife(life: Life): Promise<void> {
  const old = Date.now() - 2 * DAY_MS;
  const before = await life.open();
  await life.turn(before, 'agent:main:explicit:model-run-1', 'probe1', old);
  await before.close();
  const state = await life.open({ retention: SHORT_RETENTION });
  life.letGo('probe');
  await life.turn(state, 'a', 'a1');
  await state.maintain(Date.now());
  await life.turn(state, 'a', 'a2');
  await state.close();
}

async function nextLife(life: Life): Promise<void> {
  life.letGo('probe');
  const state = await life.open({ retention: SHORT_RETENTION });
  await state.sweep();
  await life.turn(state, 'a', 'a8');
  await state.maintain(Date.now());
  await life.turn(state, 'a', 'a9');
  await state.close();
}

test('the power may fail after a crash too: what a killed process had not synced is nothing to build on', async () => {
  const points = (await labelsOf(shortLife)).flatMap((label, index) => {
    // All of them would take 20 s.
    return label.startsWith('sync folder') || label.startsWith('unlink') ? [index + 1] : [];
  });
  let count = 0;
  for (const point of points) {
    const all = await moments(shortLife, { killAt: { point, next: nextLife } });
    count += all.length;
    expect((await judgeAll(all)).slice(0, 10)).toEqual([]);
  }
  console.log(`killed at ${points.length} points: ${count} moments`);
});

test.each([
  ['a torn store', (state: string) => fs.truncateSync(join(state, 'sessions.json'), 100)],
  ['no store', (state: string) => fs.unlinkSync(join(state, 'sessions.json'))],
  ['a record that went bad', (state: string) => flipByte(join(state, 'sessions.journal.2'), 60)],
])('a recovery can be interrupted too: %s', async (_, spoil) => {
  const known = new Map<string, SentTurn>();
  const prepare = async (root: string) => {
    await using disk = new CrashDisk(root);
    const life = new Life(optionsOf(root), disk.process().calls, known, new Map());
    const before = await life.open();
    for (const text of ['a1', 'a2']) await life.turn(before, 'a', text);
    await before.close();
    const killed = disk.process();
    const state = await new Life(optionsOf(root), killed.calls, known, new Map()).open();
    // The first one of these goes bad: nobody can give it back.
    for (const text of ['b1', 'a3', 'b2']) await life.turn(state, text.slice(0, 1), text);
    killed.kill();
    fs.rmSync(join(root, 'state/gateway.lock'));
    spoil(join(root, 'state'));
  };
  const all = await moments(
    async (life) => {
      const state = await life.open();
      await life.turn(state, 'a', 'a4');
      await state.close();
    },
    { prepare },
  );
  const lost = _ === 'a record that went bad' ? ['b1'] : [];
  for (const moment of all)
    for (const text of known.keys())
      if (!lost.includes(text)) moment.turns.set(text, { isAcknowledged: true, mayGo: false });
  expect(all.length).toBeGreaterThan(20);
  expect((await judgeAll(all, true)).slice(0, 10)).toEqual([]);
});

function flipByte(path: string, at: number): void {
  const bytes = fs.readFileSync(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  fs.writeFileSync(path, bytes);
}

describe('what a defect does wrong', () => {
  test.each([
    ['no-file-sync', /^power loss at .*: store-moved-aside .*it is empty/],
    ['rename-before-sync', /^power loss at sync state\/sessions\.json: store-moved-aside .*it is empty/],
    ['no-directory-sync', /^power loss at .* a1 is lost/],
    ['write-in-place', /^crash at (half a )?write state\/sessions\.json: store-moved-aside/],
    ['acknowledge-before-write', /^crash at write state\/sessions\.journal\.\d+: .* a2 is lost/],
    ['fixed-temp-name', /^crash at .*: a temp is left: sessions\.json\.tmp/],
    ['second-boot-rewrites', /the second boot has something to do: create state\/sessions\.json\..*\.tmp,write/],
  ] as const)('%s', async (defect, shows) => {
    const seen: string[] = [];
    for (const moment of await moments(shortLife, { defects: [defect] })) {
      seen.push(...(await judgeAll([moment], false, [defect])));
      if (seen.some((text) => shows.test(text))) return;
    }
    expect(seen).toContain(shows);
  });
});
