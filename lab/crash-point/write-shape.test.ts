import { describe, expect, test } from 'vitest';
import type { GateEvent } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import type { Store } from '../system.ts';
import { crashPoints, learnTemps, learnWriteShape, passes, patternOf } from './write-shape.ts';

const STORE = '/state/sessions.json';
const JOURNAL = '/state/sessions.journal.*';
const ROWS: Store = { path: STORE, format: 'json-rows', rowFields: [] };
const JOURNALED: Store = { ...ROWS, journal: JOURNAL };
const DATABASE: Store = { path: '/state/a.sqlite', format: 'sqlite' };
const op = (kind: string, path: string, to?: string) =>
  ({
    ev: 'op',
    op: kind,
    syscall: kind,
    pid: 1,
    tid: 1,
    seq: 1,
    t: 1,
    mono: 1,
    path,
    ...(to === undefined ? {} : { to }),
  }) as GateEvent;

describe('the shape of a write is learned from what is done', () => {
  test('a temp is what was renamed over the store', () => {
    const events = [
      op('create', `${STORE}.7.1f0c.tmp`),
      op('write', `${STORE}.7.1f0c.tmp`),
      op('rename', `${STORE}.7.1f0c.tmp`, STORE),
    ];
    expect(learnWriteShape(events, ROWS)).toEqual({
      kind: 'replace',
      store: STORE,
      temp: '/state/sessions.json.*.tmp',
      example: `${STORE}.7.1f0c.tmp`,
    });
  });

  test('the newest rename counts: a system may migrate an old store first', () => {
    const events = [op('rename', '/state/old-1.bak', STORE), op('rename', `${STORE}.7.tmp`, STORE)];
    expect(learnWriteShape(events, ROWS)).toMatchObject({ example: `${STORE}.7.tmp` });
  });

  test('a store that is written itself is written in place', () => {
    expect(learnWriteShape([op('truncate', STORE), op('write', STORE)], ROWS)).toEqual({
      kind: 'in-place',
      store: STORE,
    });
  });

  test('no write of the store at all', () => {
    expect(learnWriteShape([op('write', '/state/log'), op('rename', 'a', '/state/other')], ROWS)).toEqual({
      kind: 'none',
      store: STORE,
    });
  });
});

test.each([
  [
    '/s/sessions.json.7.0d9f3c1e-9d3b-4e53-8a5f-0c1d2e3f4a5b.tmp',
    '/s/sessions.json.*.tmp',
    '/s/sessions.json.12.aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.tmp',
  ],
  [
    '/s/.openclaw-trajectory-.7.0d9f3c1e-9d3b-4e53-8a5f-0c1d2e3f4a5b.tmp',
    '/s/.openclaw-trajectory-.*.tmp',
    '/s/.openclaw-trajectory-.9.0.tmp',
  ],
  ['/s/sessions.json.new', '/s/sessions.json.new', '/s/sessions.json.new'],
  ['/s/tmp-8f3a2b.json', '/s/tmp-*.json', '/s/tmp-00ff.json'],
])('the pattern of %s is %s', (file, pattern, other) => {
  expect(patternOf(file)).toBe(pattern);
  expect(fitsPattern(file, pattern)).toBe(true);
  expect(fitsPattern(other, pattern)).toBe(true);
  expect(fitsPattern('/s/sessions.json', pattern)).toBe(false);
});

describe('every crash point has a hold', () => {
  const replace = { kind: 'replace', store: STORE, temp: `${STORE}.*.tmp`, example: `${STORE}.7.tmp` } as const;
  const log = { kind: 'log', store: '/state/a.sqlite', log: '/state/a.sqlite-wal' } as const;
  const stores = [
    ['rows', ROWS, replace],
    ['rows with a journal', JOURNALED, { ...replace, log: JOURNAL }],
    ['a database', DATABASE, log],
  ] as const;
  const points = stores.flatMap(([name, store, shape]) => crashPoints.map((point) => ({ name, store, shape, point })));

  test.each(points)('$name: $point.name', ({ store, shape, point }) => {
    const hold = point.hold(shape);
    if (passes(point, store)) expect(hold).toMatchObject({ op: expect.any(String), at: expect.any(String) });
    else if (!point.stores.includes(store.format) || point.inJournal) expect(passes(point, store)).toBe(false);
    expect(point.hold({ kind: 'none', store: STORE })).toBeUndefined();
  });

  test.each(stores)('a store of %s has exactly one place for the control', (_, store) => {
    expect(crashPoints.filter((point) => passes(point, store) && point.isControlPlace)).toHaveLength(1);
  });

  test('only a store with a journal passes the places of its journal', () => {
    const inJournal = crashPoints.filter((point) => passes(point, JOURNALED) && !passes(point, ROWS));
    expect(inJournal.map((point) => point.name)).toEqual(['before-append', 'torn-append', 'before-sync']);
  });

  test('a database is written through its log', () => {
    expect(learnWriteShape([op('write', log.log), op('write', log.store)], DATABASE)).toEqual(log);
    const journal = `${log.store}-journal`;
    expect(learnWriteShape([op('write', journal), op('write', log.store)], DATABASE)).toMatchObject({ log: journal });
  });

  test('a journal is known by its pattern as long as the store itself was not written', () => {
    const append = op('write', '/state/sessions.journal.3');
    expect(learnWriteShape([append], JOURNALED)).toEqual({ kind: 'log', store: STORE, log: JOURNAL });
    expect(learnWriteShape([append], ROWS)).toEqual({ kind: 'none', store: STORE });
    const replaced = [append, op('rename', `${STORE}.7.tmp`, STORE)];
    expect(learnWriteShape(replaced, JOURNALED)).toMatchObject({ kind: 'replace', log: JOURNAL });
  });

  test('a store written in place has no rename to hold', () => {
    const names = crashPoints
      .filter((point) => point.hold({ kind: 'in-place', store: STORE }) !== undefined)
      .map((point) => point.name);
    expect(names).toEqual(['before-create', 'empty-temp', 'torn-temp', 'unsynced-temp']);
  });
});

describe('temps of all files are learned', () => {
  const pair = (temp: string, target: string) => [op('create', temp), op('rename', temp, target)];

  test('of the store and of others, each pattern once', () => {
    const events = [
      ...pair(`${STORE}.7.tmp`, STORE),
      ...pair(`${STORE}.8.tmp`, STORE),
      ...pair('/state/.log-.9.tmp', '/state/log'),
    ];
    expect(learnTemps(events)).toEqual([`${STORE}.*.tmp`, '/state/.log-.*.tmp']);
  });

  test('a file that it did not make is no temp when it is renamed', () => {
    expect(learnTemps([op('rename', '/state/log.1', '/state/log.2')])).toEqual([]);
  });

  test('a name that is all digits does not make everything a temp', () => {
    expect(learnTemps(pair('/state/123', '/state/sessions'))).toEqual(['/state/123']);
  });
});
