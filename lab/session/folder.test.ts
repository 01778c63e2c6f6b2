import { expect, test } from 'vitest';
import type { Moment } from '../evidence/event.ts';
import { Folder } from './folder.ts';
import type { Ground } from './ground.ts';
import type { Holds } from './holds.ts';

/** A system that has just got ready and moves what it holds from a journal into its store, a call in each of the first `busyLooks` looks. */
function ground(busyLooks: number, lifecycle: 'server' | 'command' = 'server') {
  const events: { ev: string }[] = [];
  const recorded: { moment: Moment; look: number }[] = [];
  let looks = 0;
  const pod = {
    gate: { events, caughtUp: async () => undefined },
    sidecar: {
      snapshot: async () => {
        looks += 1;
        if (looks <= busyLooks) events.push({ ev: 'op' });
        return [{ path: `/state/look-${looks}` }];
      },
    },
  };
  const promises = { root: '/state', store: { path: '/state/s.json', format: 'json-rows' }, temps: [], durable: [] };
  const recorder = {
    snapshot: (moment: Moment, entries: { path: string }[]) =>
      recorded.push({ moment, look: Number(entries[0]?.path.slice('/state/look-'.length)) }),
  };
  const at = { release: { promises, lifecycle }, pod, recorder } as unknown as Ground;
  return { folder: new Folder(at, {} as Holds), recorded };
}

test('a look in which the system changed something is no moment: it is taken again, and only the last one counts', async () => {
  const { folder, recorded } = ground(2);
  await folder.snapshot('booted');
  expect(recorded).toEqual([{ moment: 'booted', look: 3 }]);
});

test('a system that never leaves its folder alone is looked at all the same', async () => {
  const { folder, recorded } = ground(Number.POSITIVE_INFINITY);
  await folder.snapshot('rebooted');
  expect(recorded).toEqual([{ moment: 'rebooted', look: 10 }]);
});

test('where nothing runs, or it was waited for, one look is enough', async () => {
  const dead = ground(9);
  await dead.folder.snapshot('struck');
  const command = ground(9, 'command');
  await command.folder.snapshot('booted');
  expect([...dead.recorded, ...command.recorded].map(({ look }) => look)).toEqual([1, 1]);
});
