import { describe, expect, test } from 'vitest';
import type { GateEventOf } from '../gate/protocol.ts';
import { worstMoment } from './transient.ts';

const op = (op: string, path: string, more: { bytes?: number; to?: string } = {}): GateEventOf<'op'> =>
  ({ ev: 'op', seq: 1, t: 1, mono: 1, op, syscall: op, pid: 1, tid: 1, path, ...more }) as GateEventOf<'op'>;

describe('the worst moment', () => {
  test('is before the first removal of the most that is there for a time only', () => {
    const copy = '/state/.cache/ro-12-aBcDeF';
    const ops = [
      op('create', '/state/store.7.tmp'),
      op('write', '/state/store.7.tmp', { bytes: 10 }),
      op('rename', '/state/store.7.tmp', { to: '/state/store' }),
      op('mkdir', copy),
      op('create', `${copy}/db`),
      op('write', `${copy}/db`, { bytes: 5_000 }),
      op('unlink', `${copy}/db`),
      op('unlink', copy),
    ];
    expect(worstMoment(ops, '/state')).toEqual({
      arm: { op: 'unlink', path: '/state/.cache/ro-*/db', at: 'before', nth: 1 },
      words: 'before .cache/ro-*/db is removed',
      files: 1,
      folders: 1,
      bytes: 5_000,
    });
  });

  test('is none where everything stays, or has the same name every time', () => {
    expect(
      worstMoment([op('create', '/state/a.1'), op('write', '/state/a.1', { bytes: 9 })], '/state'),
    ).toBeUndefined();
    expect(worstMoment([op('create', '/state/lock'), op('unlink', '/state/lock')], '/state')).toBeUndefined();
  });
});
