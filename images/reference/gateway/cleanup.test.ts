import { expect, test } from 'vitest';
import { FakeState } from '../testing/fake-state.ts';
import { cleanUp, parseCleanupRequest } from './cleanup.ts';
import type { Kind, Retirement, RetireReason, Summary } from './state.ts';

const summary = (sessionId: string, kind: Kind): Summary => {
  return { key: `key of ${sessionId}`, sessionId, kind, createdAt: 1, updatedAt: 2, turns: 3 };
};
const retirement = (sessionId: string, kind: Kind, reason: RetireReason): Retirement => {
  const fate = kind === 'model-run' ? 'deleted' : 'archived';
  return { key: `key of ${sessionId}`, sessionId, kind, updatedAt: 2, reason, fate };
};

function stateWithThreeDue(): FakeState {
  const state = new FakeState();
  state.rows.push(summary('a', 'model-run'), summary('b', 'model-run'), summary('c', 'cron'), summary('d', 'other'));
  state.retirements = [
    retirement('a', 'model-run', 'expired'),
    retirement('b', 'model-run', 'expired'),
    retirement('c', 'cron', 'pruned'),
  ];
  return state;
}

test.each([true, false])('the report, with dryRun %j', async (dryRun) => {
  const state = stateWithThreeDue();
  const { report, retired } = await cleanUp(state, { dryRun }, 0);
  expect(report).toEqual({
    dryRun,
    before: { total: 4, byKind: { 'model-run': 2, cron: 1, other: 1 } },
    after: { total: 1, byKind: { other: 1 } },
    retired: [
      { key: 'key of a', kind: 'model-run', reason: 'expired', fate: 'deleted', updatedAt: 2 },
      { key: 'key of b', kind: 'model-run', reason: 'expired', fate: 'deleted', updatedAt: 2 },
      { key: 'key of c', kind: 'cron', reason: 'pruned', fate: 'archived', updatedAt: 2 },
    ],
    byKind: { 'model-run': { expired: 2 }, cron: { pruned: 1 } },
  });
  expect(retired.map(({ sessionId }) => sessionId)).toEqual(dryRun ? [] : ['a', 'b', 'c']);
  expect(state.rows).toHaveLength(dryRun ? 4 : 1);
});

test('a fold that failed is not reported as one that had nothing to do', async () => {
  const state = stateWithThreeDue();
  const failing = { list: () => state.list(), due: () => state.due(), maintain: async () => [] };
  await expect(cleanUp(failing, { dryRun: false }, 0)).rejects.toThrow('the fold failed');
});

test('what became due only meanwhile is no failure', async () => {
  const state = stateWithThreeDue();
  const results = [[], state.due()];
  const busy = { list: () => state.list(), due: () => results.shift() ?? [], maintain: async () => [] };
  expect((await cleanUp(busy, { dryRun: false }, 0)).retired).toEqual([]);
});

test('a request', () => {
  expect(parseCleanupRequest({ dryRun: true }, '/state')).toEqual({ dryRun: true });
  const prune = { olderThanMs: 7, kinds: ['cron'] };
  expect(parseCleanupRequest({ dryRun: false, prune, stateDir: '/state' }, '/state')).toEqual({ dryRun: false, prune });
});

test.each([
  [[], '"dryRun"'],
  [{}, '"dryRun"'],
  [{ dryRun: 'no' }, '"dryRun"'],
  [{ dryRun: true, prun: {} }, 'unknown key "prun"'],
  [{ dryRun: true, prune: null }, '"prune"'],
  [{ dryRun: true, prune: {} }, '"olderThanMs"'],
  [{ dryRun: true, prune: { olderThanMs: -1 } }, '"olderThanMs"'],
  [{ dryRun: true, prune: { olderThanMs: 1.5 } }, '"olderThanMs"'],
  [{ dryRun: true, prune: { olderThanMs: 1, kind: 'cron' } }, 'unknown key "kind"'],
  [{ dryRun: true, prune: { olderThanMs: 1, kinds: ['probe'] } }, '"kinds" must be a list of: model-run'],
  [{ dryRun: true, stateDir: '/other' }, "this gateway's folder is /state"],
])('%j is refused', (body, says) => {
  expect(() => parseCleanupRequest(body, '/state')).toThrow(says);
});
