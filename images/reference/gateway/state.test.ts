import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { type FileCalls, REAL_CALLS } from './disk.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { type Retention, State, type StateOptions } from './state.ts';
import { formatTempName } from './temp-name.ts';

const DAY_MS = 86_400_000;
const NEVER = { maxAgeMs: null, protectNewest: 0 };
const NO_RETENTION: Retention = {
  maxEntries: 1000,
  kinds: { 'model-run': NEVER, cron: NEVER, group: NEVER, direct: NEVER, other: NEVER },
};
const PROBES_EXPIRE: Retention = {
  maxEntries: 2,
  kinds: { ...NO_RETENTION.kinds, 'model-run': { maxAgeMs: DAY_MS, protectNewest: 0 } },
};
const PROBE = 'agent:main:explicit:model-run-1';

// biome-ignore lint/suspicious/noExplicitAny: log lines and stored files are JSON whose form is what the tests are about
type Json = Record<string, any>;

let self: ProcessIdentity;
let folder: string;
let events: Json[];
let opened: State[];
beforeAll(async () => {
  self = await identify();
});
beforeEach(() => {
  folder = join(fs.mkdtempSync(join(tmpdir(), 'midwrite-state-')), 'state');
  events = [];
  opened = [];
});
afterEach(async () => {
  for (const state of opened) await state.close();
  fs.rmSync(join(folder, '..'), { recursive: true, force: true });
});

async function boot(more: Partial<StateOptions> = {}, calls?: FileCalls): Promise<State> {
  const options = { folder, graceMs: 0, foldBytes: 1e6, retention: NO_RETENTION, defects: new Set<Defect>(), ...more };
  const log = (level: string, event: string, fields = {}) => events.push({ level, event, ...fields });
  const state = await State.open(options, log, calls);
  opened.push(state);
  return state;
}

/** The folder as a SIGKILL now would leave it is from here on the folder. */
function crash(): void {
  if (opened.length === 0) return;
  const copy = join(folder, '..', `state-${opened.length}-${events.length}`);
  fs.cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('gateway.lock') });
  folder = copy;
  events = [];
}

const turn = (state: State, key: string, text: string, at = Date.now()) =>
  state.add(key, { at, user: text, assistant: `answer to ${text}` });
const textsOf = async (state: State, key: string) => (await state.history(key, 1000))?.map(({ user }) => user);
const path = (name: string) => join(folder, name);
const names = () =>
  fs
    .readdirSync(folder)
    .filter((name) => name !== 'gateway.lock')
    .sort();
const readStore = (): Json => JSON.parse(fs.readFileSync(path('sessions.json'), 'utf8'));
const archived = (): Json[] =>
  fs
    .readFileSync(path('archive/sessions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const eventNames = () => events.map(({ event }) => event);
const said = (event: string) => events.find((line) => line.event === event);

/** The real calls, but for what `spoil` does to a call on a file; it throws, or gives how much a write may take. */
function spoiledCalls(spoil: (call: string, name: string) => number | undefined): FileCalls {
  const on = (call: string, path: string) => spoil(call, path.slice(folder.length + 1));
  return {
    open: async (path, flags, mode) => {
      on(flags & fs.constants.O_CREAT ? 'create' : 'open', path);
      return spy(await open(path, flags, mode), path);
    },
    rename: async (from, to) => {
      on('rename', to);
      await REAL_CALLS.rename(from, to);
    },
    unlink: async (path) => {
      on('unlink', path);
      await REAL_CALLS.unlink(path);
    },
    mkdir: REAL_CALLS.mkdir,
  };

  function spy(handle: FileHandle, path: string): FileHandle {
    const write = handle.write.bind(handle);
    const spied = (call: 'sync' | 'datasync' | 'truncate') => {
      const real = handle[call].bind(handle) as (...args: unknown[]) => Promise<void>;
      return async (...args: unknown[]) => {
        on(call, path);
        await real(...args);
      };
    };
    return Object.assign(handle, {
      write: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const most = on('write', path) ?? length;
        return write(buffer, offset, Math.min(most, length), position);
      },
      sync: spied('sync'),
      datasync: spied('datasync'),
      truncate: spied('truncate'),
    });
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

describe('turns', () => {
  test('a turn is one append; a fold brings it to its transcript; both are the history', async () => {
    const state = await boot();
    const first = await turn(state, 'a', 'one');
    expect(names()).toEqual(['sessions.journal.1', 'sessions.json']);
    await state.close();
    expect(names()).toEqual(['sessions.json', 'transcripts']);
    const again = await boot();
    expect(await turn(again, 'a', 'two')).toEqual({ sessionId: first.sessionId, turns: 2 });
    expect(await again.history('a', 10)).toEqual([
      { at: expect.any(Number), user: 'one', assistant: 'answer to one' },
      { at: expect.any(Number), user: 'two', assistant: 'answer to two' },
    ]);
    expect((await again.history('a', 1))?.map(({ user }) => user)).toEqual(['two']);
    expect(await again.history('a', 0)).toEqual([]);
    expect(await again.history('b', 1)).toBeUndefined();
    expect(again.keyOf(first.sessionId)).toBe('a');
    expect(again.keyOf('nobody')).toBeUndefined();
  });

  test('turns that arrive during an append share the next one', async () => {
    const writes: string[] = [];
    const calls = spoiledCalls((call, name) => void (name.startsWith('sessions.journal') && writes.push(call)));
    const state = await boot({}, calls);
    const first = turn(state, 'a', 'a1');
    await Promise.resolve();
    const kept = await Promise.all([first, ...['a2', 'a3', 'b1'].map((text) => turn(state, text.slice(0, 1), text))]);
    expect(kept.map(({ turns }) => turns)).toEqual([1, 2, 3, 1]);
    expect(writes.filter((call) => call === 'write').length).toBeLessThanOrEqual(2);
    expect(await textsOf(state, 'a')).toEqual(['a1', 'a2', 'a3']);
  });

  test('turns go on during folds, and each is there once', async () => {
    const state = await boot({ foldBytes: 1000 });
    const texts = Array.from({ length: 200 }, (_, n) => `${n}`.padStart(3, '0'));
    await Promise.all(texts.map((text) => turn(state, `key-${Number(text) % 7}`, text)));
    const slow: string[] = [];
    while (events.filter(({ event }) => event === 'folded').length <= 10) {
      slow.push(`slow ${slow.length}`);
      await turn(state, 'slow', `slow ${slow.length - 1}`);
    }
    // What a fold removes is removed by another thread, in the middle of a copy.
    await expect.poll(() => names().filter((name) => name.startsWith('sessions.journal.'))).toHaveLength(1);
    crash();
    const again = await boot();
    expect(await textsOf(again, 'slow')).toEqual(slow);
    const all = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => textsOf(again, `key-${n}`)));
    expect(all.flat().sort()).toEqual(texts);
  });

  test('any key is a key', async () => {
    const keys = ['__proto__', '../../x', 'a/b', '"', 'ü', '\u0000'];
    const state = await boot();
    for (const key of keys) await turn(state, key, key);
    await state.close();
    const again = await boot();
    for (const key of keys) expect(await textsOf(again, key)).toEqual([key]);
  });

  test('what a turn writes does not depend on the store', async () => {
    const sizeOf = async () => {
      await turn(await boot(), 'a', 'x');
      const size = fs.statSync(path('sessions.journal.1')).size;
      return size;
    };
    const small = await sizeOf();
    crash();
    const sessions = Object.fromEntries(
      Array.from({ length: 5000 }, (_, n) => [
        `k${n}`,
        { sessionId: `s${n}`, kind: 'other', createdAt: 1, updatedAt: 1, turns: 0, bytes: 0 },
      ]),
    );
    for (const name of names()) fs.rmSync(path(name));
    fs.writeFileSync(
      path('sessions.json'),
      JSON.stringify({ schemaVersion: 1, minReaderVersion: 1, journal: 1, sessions }),
    );
    expect(await sizeOf()).toBe(small);
  });
});

describe('a full disk', () => {
  test('a turn that does not fit is refused and cut back; the next one that does is kept', async () => {
    let room = true;
    const calls = spoiledCalls((call, name) => {
      if (room || call !== 'write' || !name.startsWith('sessions.journal')) return undefined;
      if (fs.statSync(path(name)).size > sizeBefore) throw failure('ENOSPC');
      return 20; // a part of it still fits
    });
    const state = await boot({}, calls);
    await turn(state, 'a', 'one');
    const sizeBefore = fs.statSync(path('sessions.journal.1')).size;
    room = false;
    await expect(turn(state, 'a', 'lost')).rejects.toThrow('ENOSPC');
    await expect(turn(state, 'b', 'lost')).rejects.toThrow('ENOSPC');
    expect(fs.statSync(path('sessions.journal.1')).size).toBe(sizeBefore);
    expect(state.list().map(({ turns }) => turns)).toEqual([1]);
    room = true;
    await turn(state, 'a', 'two');
    expect(await textsOf(state, 'a')).toEqual(['one', 'two']);
    crash();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'two']);
    expect(said('journal-torn-tail')).toBeUndefined();
  });

  test('a fold that does not fit loses nothing, leaves no temp and is tried again by the maintenance alone', async () => {
    let room = false;
    const calls = spoiledCalls((call, name) => {
      if (!room && call === 'write' && name.endsWith('.tmp')) throw failure('ENOSPC');
      return undefined;
    });
    room = true;
    const state = await boot({ foldBytes: 1 }, calls);
    room = false;
    const failed = () => events.filter(({ event }) => event === 'fold-failed').length;
    for (const text of ['one', 'two', 'three']) await turn(state, 'a', text);
    expect(await state.maintain(Date.now())).toEqual([]);
    const before = failed();
    for (const text of ['four', 'five']) await turn(state, 'a', text);
    expect(await state.maintain(Date.now())).toEqual([]);
    expect(failed()).toBe(before + 1);
    expect(said('fold-failed')).toMatchObject({ level: 'error', errno: 'ENOSPC' });
    expect(names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await textsOf(state, 'a')).toEqual(['one', 'two', 'three', 'four', 'five']);
    room = true;
    await state.maintain(Date.now());
    expect(names()).toEqual(['sessions.json', 'transcripts']);
    expect(await textsOf(state, 'a')).toEqual(['one', 'two', 'three', 'four', 'five']);
    crash();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  test('an append that can not be cut back: what it left does not count, and turns go on in the next generation', async () => {
    let isBad = false;
    const calls = spoiledCalls((call, name) => {
      if (isBad && name === 'sessions.journal.1' && (call === 'datasync' || call === 'truncate')) throw failure('EIO');
      return undefined;
    });
    const state = await boot({}, calls);
    await turn(state, 'a', 'one');
    isBad = true;
    await expect(turn(state, 'a', 'refused, and longer than the next')).rejects.toThrow('EIO');
    expect(said('journal-not-cut-back')).toMatchObject({ generation: 1 });
    await turn(state, 'a', 'two');
    await turn(state, 'a', 'three');
    expect(names()).toContain('sessions.journal.2');
    crash();
    const again = await boot();
    expect(await textsOf(again, 'a')).toEqual(['one', 'two', 'three']);
    await again.close();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'two', 'three']);
  });

  test('syncs that go on failing leave no pile of journals', async () => {
    let isBad = false;
    const calls = spoiledCalls((call) => {
      if (isBad && call === 'datasync') throw failure('ENOSPC');
      return undefined;
    });
    const state = await boot({}, calls);
    await turn(state, 'a', 'one');
    isBad = true;
    for (let n = 0; n < 20; n += 1) await expect(turn(state, 'a', `${n}`)).rejects.toThrow('ENOSPC');
    expect(names().filter((name) => name.startsWith('sessions.journal')).length).toBeLessThanOrEqual(2);
    isBad = false;
    await turn(state, 'a', 'two');
    crash();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'two']);
  });

  test('short writes are gone on with, everywhere', async () => {
    const calls = spoiledCalls((call) => (call === 'write' ? 7 : undefined));
    const state = await boot({}, calls);
    await turn(state, 'a', 'one');
    await state.close();
    const again = await boot();
    expect(await textsOf(again, 'a')).toEqual(['one']);
    expect(events.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('a boot that has to write and can not says so', async () => {
    const calls = spoiledCalls((call) => {
      if (call === 'write') throw failure('ENOSPC');
      return undefined;
    });
    await expect(boot({}, calls)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(folder),
    });
    expect(await textsOf(await boot(), 'a')).toBeUndefined();
  });
});

describe('a folder that can not be used', () => {
  test('no permission', async () => {
    const calls = spoiledCalls((call) => {
      if (call === 'create') throw failure('EACCES');
      return undefined;
    });
    await expect(boot({}, calls)).rejects.toMatchObject({
      code: 'no-permission',
      message: expect.stringContaining(folder),
    });
  });

  test.skipIf(process.getuid?.() === 0)('no permission, for real (root may do everything)', async () => {
    fs.mkdirSync(folder, 0o500);
    await expect(boot()).rejects.toMatchObject({ code: 'no-permission' });
  });

  test('another one uses it; not when that one is closed', async () => {
    const first = await boot();
    await expect(boot()).rejects.toMatchObject({ code: 'locked' });
    await first.close();
    await boot();
  });

  test('a newer schema: nothing is changed', async () => {
    fs.mkdirSync(folder);
    const newer = '{"schemaVersion":3,"minReaderVersion":2,"tables":{}}';
    fs.writeFileSync(path('sessions.json'), newer);
    fs.writeFileSync(path('sessions.journal.4'), 'of another form\n');
    await expect(boot()).rejects.toMatchObject({ code: 'newer-schema', message: expect.stringMatching(/3.*2.*1/) });
    expect(names()).toEqual(['sessions.journal.4', 'sessions.json']);
    expect(fs.readFileSync(path('sessions.json'), 'utf8')).toBe(newer);
  });

  test('something else: broken', async () => {
    fs.writeFileSync(folder, 'a file');
    await expect(boot()).rejects.toMatchObject({ code: 'broken' });
  });
});

describe('a boot', () => {
  test('on an empty folder makes an empty store', async () => {
    await boot();
    expect(eventNames()).toEqual(['store-fresh']);
    expect(names()).toEqual(['sessions.json']);
  });

  test('with nothing to do writes nothing, with turns in a journal too', async () => {
    const state = await boot();
    await turn(state, 'a', 'one');
    await state.maintain(Date.now());
    crash();
    const before = fs.statSync(path('sessions.json'), { bigint: true });
    const changes: string[] = [];
    const calls = spoiledCalls(
      (call, name) => void (call !== 'open' && call !== 'sync' && changes.push(`${call} ${name}`)),
    );
    const again = await boot({}, calls);
    await again.sweep();
    await again.maintain(Date.now());
    expect(changes).toEqual([]);
    expect(fs.statSync(path('sessions.json'), { bigint: true })).toMatchObject({
      ino: before.ino,
      mtimeNs: before.mtimeNs,
    });
  });

  test('the defect second-boot-rewrites does', async () => {
    await (await boot()).close();
    const { ino } = fs.statSync(path('sessions.json'));
    const held = fs.openSync(path('sessions.json'), 'r');
    await boot({ defects: new Set(['second-boot-rewrites']) });
    expect(fs.statSync(path('sessions.json')).ino).not.toBe(ino);
    fs.closeSync(held);
  });

  test('fields that it does not know are kept, in rows and beside them', async () => {
    fs.mkdirSync(folder);
    const row = { sessionId: 's', kind: 'thread', createdAt: 1, updatedAt: 1, turns: 0, bytes: 0, label: { x: 1 } };
    const stored = { schemaVersion: 5, minReaderVersion: 1, journal: 1, later: [1], sessions: { a: row } };
    fs.writeFileSync(path('sessions.json'), JSON.stringify(stored));
    const state = await boot();
    await turn(state, 'a', 'one');
    crash();
    const again = await boot();
    await again.close();
    expect(readStore()).toMatchObject({ schemaVersion: 5, minReaderVersion: 1, later: [1] });
    expect(readStore().sessions.a).toMatchObject({ sessionId: 's', kind: 'thread', label: { x: 1 }, turns: 1 });
  });

  test('a torn end of the journal is cut off and reported', async () => {
    await turn(await boot(), 'a', 'one');
    crash();
    const size = fs.statSync(path('sessions.journal.1')).size;
    fs.appendFileSync(path('sessions.journal.1'), '0123abcd {"key":"a","row":{"sess');
    const again = await boot();
    expect(said('journal-torn-tail')).toMatchObject({ name: 'sessions.journal.1', cutBytes: 32 });
    expect(fs.statSync(path('sessions.journal.1')).size).toBe(size);
    await turn(again, 'a', 'two');
    crash();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'two']);
    expect(eventNames()).not.toContain('journal-torn-tail');
  });

  test('a bad record in the middle: the others are kept, the file is put aside, and all is folded at once', async () => {
    const state = await boot();
    for (const text of ['one', 'two', 'three']) await turn(state, 'a', text);
    crash();
    const bytes = Buffer.from(
      fs.readFileSync(path('sessions.journal.1'), 'latin1').replace('"two"', '"tow"'),
      'latin1',
    );
    fs.writeFileSync(path('sessions.journal.1'), bytes);
    const again = await boot();
    expect(await textsOf(again, 'a')).toEqual(['one', 'three']);
    expect(said('journal-corrupt')).toMatchObject({ level: 'error', name: 'sessions.journal.1', records: 2 });
    const aside = said('journal-corrupt')?.to;
    expect(aside).toMatch(/^sessions\.journal\.1\.corrupt-\d+$/);
    expect(names()).toEqual([aside, 'sessions.json', 'transcripts']);
    expect(fs.readFileSync(path(aside))).toEqual(bytes);
    await turn(again, 'a', 'four');
    crash();
    expect(await textsOf(await boot(), 'a')).toEqual(['one', 'three', 'four']);
  });

  test('journals that are folded already are removed and do not count', async () => {
    const state = await boot();
    await turn(state, 'a', 'one');
    fs.copyFileSync(path('sessions.journal.1'), path('kept'));
    await state.close();
    fs.renameSync(path('kept'), path('sessions.journal.1'));
    const again = await boot();
    expect(await textsOf(again, 'a')).toEqual(['one']);
    expect(names()).toEqual(['sessions.json', 'transcripts']);
  });

  test('what a killed fold has left of a session that it deleted is removed', async () => {
    const state = await boot();
    const { sessionId } = await turn(state, PROBE, 'probe', Date.now() - 2 * DAY_MS);
    await state.close();
    const transcript = path(`transcripts/${sessionId}.jsonl`);
    const content = fs.readFileSync(transcript);
    await (await boot({ retention: PROBES_EXPIRE })).maintain(Date.now());
    crash();
    fs.writeFileSync(path(`transcripts/${sessionId}.jsonl`), content);
    await boot();
    expect(fs.readdirSync(path('transcripts'))).toEqual([]);
  });
});

describe('a store that is lost', () => {
  const deadName = (serial: number) =>
    formatTempName({ writer: { ...self, startTicks: `${Number(self.startTicks) - 1}` }, serial });

  /** Folded: a1, a2, gone1 (archived), probe1 (deleted); in the journal: a3, b1. */
  async function prepare(): Promise<void> {
    const first = await boot();
    await turn(first, 'a', 'a1');
    await first.close();
    fs.copyFileSync(path('sessions.json'), path(deadName(1)));
    const state = await boot({ retention: { ...PROBES_EXPIRE, maxEntries: 1 } });
    await turn(state, 'a', 'a2');
    await turn(state, 'gone', 'gone1', Date.now() - 2 * DAY_MS);
    await turn(state, PROBE, 'probe1', Date.now() - 2 * DAY_MS);
    await state.maintain(Date.now());
    await turn(state, 'a', 'a3');
    await turn(state, 'b', 'b1');
    crash();
  }

  async function expectAll(state: State): Promise<void> {
    expect(
      state
        .list()
        .map(({ key, turns }) => `${key} ${turns}`)
        .sort(),
    ).toEqual(['a 3', 'b 1']);
    expect(await textsOf(state, 'a')).toEqual(['a1', 'a2', 'a3']);
    expect(await textsOf(state, 'b')).toEqual(['b1']);
  }

  const spoils: [string, () => void][] = [
    ['missing', () => fs.unlinkSync(path('sessions.json'))],
    ['empty', () => fs.truncateSync(path('sessions.json'))],
    ['torn', () => fs.truncateSync(path('sessions.json'), 90)],
    ['something else', () => fs.writeFileSync(path('sessions.json'), '{"version":3}')],
  ];

  test.each(spoils)('%s, and no temp: its rows come from the transcripts and the journals', async (what, spoil) => {
    await prepare();
    fs.unlinkSync(path(deadName(1)));
    spoil();
    const state = await boot();
    expect(said('store-rebuilt')).toMatchObject({ level: 'error', sessions: 1, rebuilt: 1 });
    expect(eventNames().includes('store-moved-aside')).toBe(what !== 'missing');
    await expectAll(state);
    await turn(state, 'a', 'a4');
    await state.close();
    const again = await boot();
    expect(await textsOf(again, 'a')).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  test.each(spoils)('%s, and an older complete temp: what was folded since is not lost', async (_, spoil) => {
    await prepare();
    spoil();
    const temp = fs.readFileSync(path(deadName(1)));
    const state = await boot();
    expect(said('store-recovered')).toMatchObject({ from: deadName(1), rebuilt: 1 });
    await expectAll(state);
    await state.sweep();
    expect(fs.readFileSync(path(deadName(1)))).toEqual(temp);
  });

  test('the newest complete temp is taken, and a torn one is passed over', async () => {
    fs.mkdirSync(folder);
    const row = { kind: 'other', createdAt: 1, updatedAt: 1, turns: 0, bytes: 0 };
    const put = (serial: number, key: string, cut = 0) => {
      const text = JSON.stringify({
        schemaVersion: 1,
        minReaderVersion: 1,
        journal: 1,
        sessions: { [key]: { ...row, sessionId: key } },
      });
      fs.writeFileSync(path(deadName(serial)), text.slice(0, text.length - cut));
      fs.utimesSync(path(deadName(serial)), serial, serial);
    };
    put(1, 'older');
    put(2, 'newest');
    put(3, 'torn', 5);
    const state = await boot();
    expect(state.list().map(({ key }) => key)).toEqual(['newest']);
    expect(said('recovery-passed-over')).toMatchObject({ name: deadName(3) });
    expect(names()).toEqual(['sessions.json', deadName(1), deadName(2), deadName(3)]);
  });

  test('a session that was archived and came back with a turn is not lost', async () => {
    const state = await boot();
    await turn(state, 'a', 'a1');
    await state.close();
    const [id] = fs.readdirSync(path('transcripts'));
    const row = readStore().sessions.a;
    fs.mkdirSync(path('archive'));
    fs.writeFileSync(path('archive/sessions.jsonl'), `${JSON.stringify({ key: 'a', reason: 'pruned', ...row })}\n`);
    fs.appendFileSync(path(`transcripts/${id}`), '{"at":5,"user":"a2","assistant":"x"}\n');
    fs.unlinkSync(path('sessions.json'));
    expect(await textsOf(await boot(), 'a')).toEqual(['a1', 'a2']);
  });
});

describe('retirement', () => {
  test('by kind: a probe is deleted, others are archived with their transcripts; due says it before', async () => {
    const state = await boot({ retention: PROBES_EXPIRE });
    const old = Date.now() - 2 * DAY_MS;
    const probe = await turn(state, PROBE, 'probe', old);
    for (const [n, key] of ['a', 'b', 'c'].entries()) await turn(state, key, key, old + n);
    const due = state.due(Date.now());
    expect(due.map(({ key, reason, fate }) => [key, reason, fate])).toEqual([
      [PROBE, 'expired', 'deleted'],
      ['a', 'over-cap', 'archived'],
    ]);
    expect(await state.maintain(Date.now())).toEqual(due);
    expect(state.list().map(({ key }) => key)).toEqual(['b', 'c']);
    expect(archived()).toEqual([
      expect.objectContaining({ key: 'a', reason: 'over-cap', turns: 1, archivedAt: expect.any(Number) }),
    ]);
    const transcripts = fs.readdirSync(path('transcripts'));
    expect(transcripts).toHaveLength(3);
    expect(transcripts).toContain(`${archived()[0]?.sessionId}.jsonl`);
    expect(transcripts).not.toContain(`${probe.sessionId}.jsonl`);
    expect(events.filter(({ event }) => event === 'session-retired')).toHaveLength(2);
  });

  test('a key that comes back begins a new session', async () => {
    const state = await boot();
    const first = await turn(state, 'a', 'one');
    expect(await state.maintain(Date.now(), { olderThanMs: 0 })).toMatchObject([{ key: 'a', reason: 'pruned' }]);
    const second = await turn(state, 'a', 'two');
    expect(second).toEqual({ sessionId: expect.not.stringMatching(first.sessionId), turns: 1 });
    expect(await textsOf(state, 'a')).toEqual(['two']);
  });

  test('a turn of a session that is just being retired waits, and is kept whether that succeeds or not', async () => {
    for (const succeeds of [true, false]) {
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      let isArmed = false;
      const calls = spoiledCalls((call, name) => {
        if (!isArmed || call !== 'create' || !name.endsWith('.tmp')) return undefined;
        isArmed = false;
        resolve();
        if (!succeeds) throw failure('ENOSPC');
        return undefined;
      });
      const key = `key-${succeeds}`;
      crash();
      const state = await boot({}, calls);
      await turn(state, key, 'one');
      isArmed = true;
      const retired = state.maintain(Date.now(), { olderThanMs: 0, kinds: ['other'] });
      await reached;
      const kept = await turn(state, key, 'two');
      expect(kept.turns).toBe(succeeds ? 1 : 2);
      expect((await retired).length > 0).toBe(succeeds);
      crash();
      expect(await textsOf(await boot(), key)).toEqual(succeeds ? ['two'] : ['one', 'two']);
    }
  });

  test('an archive that somebody has taken away is begun anew', async () => {
    const state = await boot();
    await turn(state, 'a', 'one');
    await state.maintain(Date.now(), { olderThanMs: 0 });
    fs.unlinkSync(path('archive/sessions.jsonl'));
    await turn(state, 'b', 'one');
    await state.maintain(Date.now(), { olderThanMs: 0 });
    expect(archived().map(({ key }) => key)).toEqual(['b']);
  });

  test('a cap that only protected rows exceed is told', async () => {
    const kinds = { ...NO_RETENTION.kinds, other: { maxAgeMs: null, protectNewest: 10 } };
    const state = await boot({ retention: { maxEntries: 1, kinds } });
    for (const key of ['a', 'b', 'c']) await turn(state, key, 'x');
    expect(await state.maintain(Date.now())).toEqual([]);
    expect(said('over-cap')).toMatchObject({ level: 'warn', excess: 2, maxEntries: 1 });
  });
});

describe('what a defect does wrong', () => {
  const withDefect = (defect: Defect, calls?: FileCalls) => boot({ defects: new Set([defect]) }, calls);

  test('acknowledge-before-write: a turn that was refused by the disk was acknowledged', async () => {
    const calls = spoiledCalls((call, name) => {
      if (call === 'write' && name.startsWith('sessions.journal')) throw failure('ENOSPC');
      return undefined;
    });
    await expect(turn(await boot({}, calls), 'a', 'x')).rejects.toThrow('ENOSPC');
    crash();
    const state = await withDefect('acknowledge-before-write', calls);
    expect(await turn(state, 'a', 'lost')).toMatchObject({ turns: 1 });
    expect(await textsOf(state, 'a')).toBeUndefined();
  });

  test('rewrite-whole-store-each-turn: each turn makes a new store', async () => {
    for (const defect of [undefined, 'rewrite-whole-store-each-turn'] as const) {
      const state = await boot({ defects: new Set(defect && [defect]) });
      await turn(state, 'a', 'one');
      expect(Object.keys(readStore().sessions)).toEqual(defect ? ['a'] : []);
      if (!defect) crash();
    }
  });

  test('load-all-at-boot: every transcript is read at boot', async () => {
    const first = await boot();
    for (const key of ['a', 'b']) await turn(first, key, key);
    await first.close();
    await (await boot()).close();
    expect(said('histories-loaded')).toBeUndefined();
    await withDefect('load-all-at-boot');
    expect(said('histories-loaded')).toMatchObject({ histories: 2 });
  });

  test('fixed-temp-name: a temp that a crash left stops every later fold, and no sweep takes it', async () => {
    await (await boot()).close();
    fs.writeFileSync(path('sessions.json.tmp'), '{"torn":');
    const state = await withDefect('fixed-temp-name');
    await turn(state, 'a', 'one');
    await state.maintain(Date.now(), { olderThanMs: 1e9 });
    await state.sweep();
    await state.close();
    expect(said('fold-failed')).toMatchObject({ errno: 'EEXIST' });
    expect(names()).toContain('sessions.json.tmp');
  });

  test('write-in-place: the store keeps its inode, and one that is open sees it change', async () => {
    const state = await withDefect('write-in-place');
    const { ino } = fs.statSync(path('sessions.json'));
    await turn(state, 'a', 'one');
    await state.close();
    expect(fs.statSync(path('sessions.json')).ino).toBe(ino);
  });

  test('short-write-ignored: a short write makes a torn store', async () => {
    const calls = spoiledCalls((call, name) => (call === 'write' && name.endsWith('.tmp') ? 50 : undefined));
    await withDefect('short-write-ignored', calls);
    expect(fs.statSync(path('sessions.json')).size).toBe(50);
  });

  test('lock-by-pid-only: the PID of a killed gateway, which this one has now, locks it out', async () => {
    fs.mkdirSync(folder);
    fs.writeFileSync(path('gateway.pid'), `${process.pid}`);
    await expect(withDefect('lock-by-pid-only')).rejects.toMatchObject({ code: 'locked' });
  });
});
