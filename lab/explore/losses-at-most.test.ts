import { expect, test } from 'vitest';
import { rightTurn, SmallRecord } from '../test/small-record.ts';
import { crashStates, limitsOf, pendingIn, reduce } from './crash-state.ts';
import { digestOf } from './folder-image.ts';
import { Durability, moments } from './power-loss.ts';
import { NO_PROTOCOL, protocolsOf } from './protocol.ts';
import { Replay } from './replay.ts';

/** So many files that nobody syncs, and a sync of the folder behind every tenth. */
function unsynced(count: number, syncs = false) {
  const small = new SmallRecord({});
  for (let index = 0; index < count; index += 1) {
    small.create(`/state/x${index}`).write(`/state/x${index}`, `text ${index}`);
    if (syncs && index % 10 === 9) small.sync('/state');
  }
  return small.record;
}

test('what is tried at a crash point is counted beforehand', () => {
  for (const record of [rightTurn().record, rightTurn('file-sync').record, unsynced(12), unsynced(25, true)])
    for (const protocols of [NO_PROTOCOL, protocolsOf(record)]) {
      const replay = new Replay(record, 'when-asked');
      const durability = new Durability(replay, protocols);
      for (const step of moments(replay, durability))
        expect([step, durability.tried]).toEqual([step, [...durability.states()].length]);
    }
});

test('of too many, those at the first and the last crash point of a kind are tried, and at each that all is lost', () => {
  const record = unsynced(30);
  const all = reduce(record, ['power-loss']);
  const atMost = limitsOf({ ...record, triedAtMost: 2_000 }, pendingIn(record, protocolsOf(record)));
  // Of one role, two and more pending names and files are one kind, up to the number of fates.
  // Behind the last call: each prefix, each alone and each but one, with each fate of all files; and each fate of each file.
  expect([atMost.get(0), atMost.get(60)]).toEqual([1, (31 + 29 + 29) * 5 + 30 * 4]);
  expect([...atMost.values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(2_000 + 61);
  expect(all.crashPoints['power-loss']).toBeGreaterThan(10_000);
  expect(
    limitsOf({ ...record, triedAtMost: all.crashPoints['power-loss'] }, pendingIn(record, protocolsOf(record))).size,
  ).toBe(0);
});

test('what is left out is counted, and that all is lost is tried', () => {
  const record = { ...unsynced(20), triedAtMost: 1_000 };
  const replay = new Replay(record, 'when-asked');
  const durability = new Durability(replay, protocolsOf(record));
  let all = 0;
  for (const _ of moments(replay, durability)) all += durability.tried;
  expect(all).toBeGreaterThan(5_000);
  const tally = { combinations: 0n };
  let tried = 0;
  const left = new Set<string>();
  for (const { image } of crashStates(record, ['power-loss'], tally)) {
    tried += 1;
    left.add(digestOf(image));
  }
  expect(tried).toBeLessThan(1_200);
  expect(tried).toBeGreaterThan(900);
  expect(reduce(record, ['power-loss']).leftOutByBound).toBe(tally.combinations - BigInt(tried));
  const [first] = crashStates(record, ['process-crash']);
  expect(left.has(digestOf(first?.image ?? { names: new Map(), inodes: new Map() }))).toBe(true);
});
