import { describe, expect, test } from 'vitest';
import type { GateEventOf } from '../gate/protocol.ts';
import { fewOfEachKind, placesOf, roleOf } from './places.ts';

type Op = GateEventOf<'op'>;
let seq = 0;
const op = (kind: string, file: string, more: Partial<Op> = {}): Op => {
  seq += 1;
  return { ev: 'op', seq, t: seq, mono: seq, op: kind, syscall: kind, pid: 1, tid: 1, path: `/state/${file}`, ...more };
};
const to = (file: string) => ({ to: `/state/${file}` });
const words = (ops: Op[], ...existing: string[]) =>
  placesOf(ops, '/state', new Set(existing.map((file) => `/state/${file}`))).map((place) => [place.id, place.words]);

describe('the places of a write', () => {
  test('writegate takes each id, however long the path is', () => {
    const long = `${'a-very-long-name/'.repeat(5)}db.json`;
    const ops = [op('truncate', long), ...Array.from({ length: 3 }, () => op('write', long, { bytes: 9_000 }))];
    const there = new Set([`/state/${long}`]);
    for (const every of [false, true]) {
      const ids = placesOf(ops, '/state', there, every).map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(2);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/);
    }
  });

  test('a file that is truncated and written', () => {
    const ops = [op('truncate', 'package.json'), op('write', 'package.json', { bytes: 100 })];
    expect(words(ops, 'package.json')).toEqual([
      ['package.json.truncated', 'package.json, truncated and not yet written'],
      ['package.json.torn', 'package.json, half written'],
      ['package.json.answered', 'all written, package.json last, and not yet answered'],
    ]);
  });

  test('a file that is replaced by a new copy: the ten named crash points come to this', () => {
    const temp = 'db.json.1234.tmp';
    const ops = [
      op('create', temp),
      op('write', temp, { bytes: 50 }),
      op('sync', temp),
      op('rename', temp, to('db.json')),
    ];
    const places = placesOf(ops, '/state', new Set(['/state/db.json']));
    expect(places.map((place) => [place.id, place.words])).toEqual([
      ['db.json.empty', 'the new copy of db.json, made and still empty'],
      ['db.json.torn', 'the new copy of db.json, half written'],
      ['db.json.full', 'the new copy of db.json, whole and not yet renamed over it'],
      ['db.json.replaced', 'db.json, replaced by its new copy'],
      // For faults of a sync: a death leaves here what it leaves before the next call.
      ['db.json.unsynced', 'the new copy of db.json, written and not yet synced'],
    ]);
    expect(places.map(({ arm }) => arm)).toEqual([
      { op: 'write', path: '/state/db.json.*.tmp', at: 'before', nth: 1 },
      { op: 'write', path: '/state/db.json.*.tmp', at: 'torn', nth: 1 },
      { op: 'rename', path: '/state/db.json.*.tmp', at: 'before', nth: 1 },
      { op: 'rename', path: '/state/db.json.*.tmp', at: 'after', nth: 1 },
      { op: 'sync', path: '/state/db.json.*.tmp', at: 'before', nth: 1 },
    ]);
  });

  test('a sync of the state folder itself is said in words', () => {
    const ops = [op('create', 'c.ini'), op('write', 'c.ini', { bytes: 9 }), op('sync', '')].map((one) =>
      one.op === 'sync' ? { ...one, path: '/state' } : one,
    );
    expect(words(ops).slice(-2)).toEqual([
      ['state.answered', 'all written, the state folder last, and not yet answered'],
      ['state.unsynced', 'the state folder, written and not yet synced'],
    ]);
  });

  test('two files, and the place between them', () => {
    const ops = [
      op('write', 'a.log', { bytes: 10, append: true }),
      op('truncate', 'b.json'),
      op('write', 'b.json', { bytes: 10 }),
    ];
    expect(words(ops, 'a.log', 'b.json')).toEqual([
      ['a.log.appended', 'a.log, appended in part'],
      ['b.json.between', 'a.log changed, b.json not yet'],
      ['b.json.truncated', 'b.json, truncated and not yet written'],
      ['b.json.torn', 'b.json, half written'],
      ['b.json.answered', 'all written, b.json last, and not yet answered'],
    ]);
  });

  test('a backup that is moved away first', () => {
    const ops = [op('rename', 'dump', to('dump.bak')), op('create', 'dump'), op('write', 'dump', { bytes: 9 })];
    expect(words(ops, 'dump').map(([id]) => id)).toEqual([
      'dump.bak.moved',
      'dump.empty',
      'dump.torn',
      'dump.answered',
    ]);
  });

  test('a backup that is a link is called as the backup, and not as the file that it keeps', () => {
    const ops = [op('link', 'hosts', to('hosts.old')), op('truncate', 'hosts'), op('write', 'hosts', { bytes: 9 })];
    expect(words(ops, 'hosts')[0]).toEqual(['hosts.old.made', 'the link hosts.old, made']);
  });

  test('the backup passwd- has another id than passwd', () => {
    const ops = ['passwd-', 'passwd', 'notes~'].map((name) => op('write', name, { bytes: 9, append: true }));
    expect(words(ops).flatMap(([id]) => (id?.endsWith('.appended') ? [id] : []))).toEqual([
      'passwd-old.appended',
      'passwd.appended',
      'notes-old.appended',
    ]);
  });

  test('what goes behind the end of a file that was just made is appended, and overwrites nothing', () => {
    const write = (position: number, bytes: number) => op('write', 'config.lock', { bytes, position });
    const ops = [op('create', 'config.lock'), write(0, 22), write(22, 24), op('rename', 'config.lock', to('config'))];
    expect(words(ops, 'config')).toEqual([
      ['config.empty', 'the new copy of config, made and still empty'],
      ['config.torn', 'the new copy of config, half written'],
      ['config.between', 'the new copy of config, one of its writes done and the next not yet'],
      ['config.appended', 'the new copy of config, appended in part'],
      ['config.full', 'the new copy of config, whole and not yet renamed over it'],
      ['config.replaced', 'config, replaced by its new copy'],
    ]);
    const again = [
      op('create', 'log'),
      op('write', 'log', { bytes: 9_000 }),
      op('write', 'log', { bytes: 9_000, offset: 0 }),
    ];
    expect(words(again).map(([id]) => id)).toContain('log.overwritten');
  });

  test('several writes of one call have a place between them, and the nth call is the one that is held', () => {
    const ops = [1, 2, 3].map((page) => op('write', 'db', { bytes: 4096, offset: page * 4096 }));
    const places = placesOf(ops, '/state', new Set(['/state/db']));
    expect(places.map(({ id, arm }) => [id, arm.nth, arm.at, arm.bytes])).toEqual([
      ['db.overwritten', 1, 'torn', undefined],
      ['db.between', 2, 'before', undefined],
      ['db.answered', 3, 'torn', 2 ** 40],
    ]);
  });

  test('a folder that is there is not made again, and what is not there is not removed', () => {
    const ops = [
      op('mkdir', 'logs'),
      op('unlink', 'lock'),
      op('write', 'a', { bytes: 5, append: true }),
      op('unlink', 'gone'),
    ];
    expect(words(ops, 'logs', 'a').map(([id]) => id)).toEqual(['a.appended', 'a.answered']);
  });

  test('a removal that fails is none: of a file as a folder, and of a folder that is not empty, as dpkg tries both', () => {
    const remove = (file: string, syscall: string, flags?: number) =>
      op('unlink', file, { syscall, ...(flags !== undefined && { flags }) });
    const ops = [
      op('mkdir', 'tmp.ci'),
      op('create', 'tmp.ci/control'),
      op('write', 'tmp.ci/control', { bytes: 9 }),
      remove('tmp.ci/control', 'rmdir'),
      remove('tmp.ci', 'rmdir'),
      remove('tmp.ci/control', 'unlinkat', 0),
      remove('tmp.ci', 'unlinkat', 0x200),
    ];
    const removed = placesOf(ops, '/state', new Set()).filter(({ kind }) => kind === 'removed');
    expect(removed.map(({ id, arm }) => [id, arm.nth])).toEqual([
      ['tmp.ci-control.removed', 2],
      ['tmp.ci.removed', 2],
    ]);
  });

  test('every call, where that is asked for', () => {
    const ops = [op('create', 'x'), op('write', 'x', { bytes: 2 }), op('sync', 'x'), op('chmod', 'x')];
    const all = placesOf(ops, '/state', new Set(), true);
    expect(all.map((place) => place.words)).toEqual([
      'before call 1 of 4, create x',
      'before call 2 of 4, write x',
      'in the middle of call 2 of 4, write x',
      'before call 3 of 4, sync x',
      'before call 4 of 4, chmod x',
      'all written, x last, and not yet answered',
    ]);
    expect(all.map((place) => place.id)).toEqual([
      'x.call-1',
      'x.call-2',
      'x.call-2-torn',
      'x.call-3',
      'x.call-4',
      'x.answered',
    ]);
  });
});

test('what changes in a name from write to write is no part of its role, in folders too', () => {
  expect(roleOf('/state/cache-4711/a_b.2026.json')).toBe('/state/cache-*/a_b.*.json');
  expect(roleOf('/state/.git/objects/da/tmp_obj_bLpEPl')).toBe('/state/.git/objects/*/tmp_obj_*');
  // Six random letters may look like a word.
  expect(roleOf('/state/.git/objects/da/tmp_obj_Rpdxfx')).toBe('/state/.git/objects/*/tmp_obj_*');
  expect(roleOf('/state/tmp_sessions/notes_object')).toBe('/state/tmp_sessions/notes_object');
  expect(roleOf('/state/.git/objects/be/25d3879be3af15b1ebfc75c4b9de32d160905a')).toBe('/state/.git/objects/*/*');
  expect(roleOf('/state/content/be/ad/25d3879be3af15b1')).toBe('/state/content/*/*/*');
  expect(roleOf('/state/db/CURRENT')).toBe('/state/db/CURRENT');
  expect(roleOf('/state/db/fe/notes.json')).toBe('/state/db/fe/notes.json');
  expect(roleOf('/state/logs/midwrite-struck-out.log')).toBe('/state/logs/*-out.log');
  expect(roleOf('/state/README.md/COMMIT_EDITMSG/Notes.json/pending.data')).toBe(
    '/state/README.md/COMMIT_EDITMSG/Notes.json/pending.data',
  );
});

test("the random names of Python's tempfile", () => {
  expect(roleOf('/state/.hg/.dirstate-kp_x8a1b~')).toBe('/state/.hg/.dirstate-*~');
  expect(roleOf('/state/tmpab_cdefg')).toBe('/state/tmp*');
  expect(roleOf('/state/.dirstate-log_file~')).toBe('/state/.dirstate-log_file~');
});

test('many files alike stand for each other', () => {
  const ops = Array.from({ length: 9 }, (_, index) => {
    const name = String.fromCharCode(97 + index);
    return [op('create', name), op('write', name, { bytes: 9 })];
  }).flat();
  const places = placesOf(ops, '/state', new Set());
  const { kept, others } = fewOfEachKind(places);
  expect(kept.filter(({ kind }) => kind === 'empty').map(({ file }) => file)).toEqual(['a', 'b', 'c', 'd']);
  expect(others.length).toBeGreaterThan(0);
  expect(new Set([...kept, ...others])).toEqual(new Set(places));
});

test('lock files do not take the places of the file that they lock', () => {
  const locks = ['a', 'b', 'c', 'd'].flatMap((name) => [
    op('create', `${name}.lock`),
    op('write', `${name}.lock`, { bytes: 9 }),
  ]);
  const places = placesOf(
    [...locks, op('truncate', 'passwd'), op('write', 'passwd', { bytes: 9 })],
    '/state',
    new Set(['/state/passwd']),
  );
  const { kept } = fewOfEachKind(places, (file) => file === 'passwd');
  expect(kept.filter(({ kind }) => kind === 'torn').map(({ file }) => file)).toEqual([
    'a.lock',
    'b.lock',
    'c.lock',
    'passwd',
  ]);
  expect(kept.map(({ id }) => id)).toEqual(
    places.map(({ id }) => id).filter((id) => kept.some((one) => one.id === id)),
  );
});
