import { expect, test } from 'vitest';
import { begunScenario } from '../../test/begun-scenario.ts';
import { bootsWithoutWaiting } from './boots-without-waiting.ts';

const NAME = 'core:plugin-lifecycle/global';
const DEAD = '3755ca2b';

/** Evidence of `openclaw-132317`: an undisturbed boot, a stop in another one while that has the lease, and the boot after it. */
function judged({
  undisturbedMs = 8_168,
  owner = DEAD,
  nextMs = 9_000,
  ended,
}: {
  undisturbedMs?: number | 'never';
  /** Whose the lease is when the process has ended. */
  owner?: string | 'nobody';
  nextMs?: number;
  /** It was not ready after that time. */
  ended?: string;
}) {
  const build = begunScenario({ scenario: 'openclaw-132317', steps: 1 }).started(1);
  if (undisturbedMs === 'never')
    build.add({ type: 'not-ready', boot: 1, why: 'it ended with code 78 before it was ready', lastLines: 'no plugin' });
  else build.ready(1, undisturbedMs);
  const expiresAt = build.now + 300_000;
  build.add({ type: 'phase', name: 'step 1' });
  build.add({ type: 'lease', moment: 'held', name: NAME, owner: DEAD, expiresAt });
  build.add({ type: 'phase', name: 'strike' }).add({ type: 'phase', name: 'recover' });
  build.add({ type: 'lease', moment: 'struck', name: NAME, ...(owner !== 'nobody' && { owner, expiresAt }) });
  build.started(3).at(build.now + nextMs);
  if (ended === undefined) build.ready(3, nextMs);
  else build.add({ type: 'not-ready', boot: 3, why: ended, lastLines: '(it said nothing)' });
  return bootsWithoutWaiting.judge({ evidence: build.done(), proof: { text: '1 step' } as never });
}

test('a boot that is as fast as an undisturbed one, whatever is left on disk', () => {
  expect(judged({})).toMatchObject({
    verdict: 'held',
    detail: 'an undisturbed boot is ready after 8.2 s, the one after the stop after 9.0 s',
  });
  expect(judged({ owner: 'nobody' })).toMatchObject({ verdict: 'held' });
  expect(judged({ nextMs: 26_000 })).toMatchObject({ verdict: 'held' });
});

test('one that waits for a dead process, or is refused', () => {
  expect(judged({ nextMs: 308_000 })).toMatchObject({
    verdict: 'violated',
    detail: `an undisturbed boot is ready after 8.2 s, the one after the stop after 308 s. The stop leaves ${NAME} to a dead process, good for 300 s more`,
  });
  expect(judged({ nextMs: 26_338, ended: 'the system was not ready within 26.338 s: no answer' })).toMatchObject({
    verdict: 'violated',
    detail: expect.stringContaining('8.2 s, the one after the stop was not after 26 s. The stop leaves'),
  });
  expect(judged({ nextMs: 400, ended: 'it ended with code 1 before it was ready' })).toMatchObject({
    verdict: 'violated',
    detail: expect.stringContaining('the one after the stop was not after 0.4 s: it ended with code 1'),
  });
});

test('a slow boot that no lease explains is not blamed on the stop', () => {
  expect(judged({ owner: 'nobody', nextMs: 308_000 })).toMatchObject({ verdict: 'inconclusive' });
  expect(judged({ owner: 'another one', nextMs: 308_000 })).toMatchObject({ verdict: 'inconclusive' });
});

test('nor is one that is not ready undisturbed either', () => {
  expect(judged({ undisturbedMs: 'never', nextMs: 400, ended: 'it ended with code 78' })).toMatchObject({
    verdict: 'inconclusive',
    detail: 'undisturbed, it is not ready either: it ended with code 78 before it was ready',
  });
});
