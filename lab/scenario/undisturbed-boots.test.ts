import { expect, test } from 'vitest';
import type { GateEventOf } from '../gate/protocol.ts';
import { op } from '../test/op.ts';
import type { ScenarioLab } from './scenario.ts';
import { undisturbedBoots } from './undisturbed-boots.ts';

const labWith = (ops: GateEventOf<'op'>[]): ScenarioLab =>
  ({
    release: { promises: { root: '/state' } },
    boot: async () => true,
    sweepTime: async () => undefined,
    quiet: async () => undefined,
    stop: async () => undefined,
    age: async () => undefined,
    look: async () => undefined,
    ops: () => ops,
  }) as unknown as ScenarioLab;

test('a boot that takes nothing away again is struck in the middle of its changes', async () => {
  const ops = [op('mkdir', '/state'), op('create', '/state/a'), op('write', '/state/a'), op('sync', '/state/a')];
  expect((await undisturbedBoots(labWith(ops), 1))?.arm).toMatchObject({ op: 'write', at: 'before', nth: 1 });
});

test('one that changes nothing at all is struck too, before a call that it makes all the same', async () => {
  const moment = await undisturbedBoots(labWith([op('mkdir', '/state'), op('sync', '/state')]), 2);
  expect(moment?.arm).toMatchObject({ op: 'sync', at: 'before', nth: 1 });
  expect(await undisturbedBoots(labWith([]), 1)).toBeUndefined();
});
