import { expect, test } from 'vitest';
import { begunScenario } from '../../test/begun-scenario.ts';
import { indexStays } from './index-stays.ts';

/** Evidence of what the system says its index has: before a crash, after it, after a boot, and that again. */
function judged(...entries: number[]) {
  const build = begunScenario({ scenario: 'openclaw-91216', steps: 1 }).started(1).ready(1);
  for (const [x, count] of entries.entries())
    build.add({ type: 'point', series: 'index', x: x % 3, values: { entries: count } });
  return indexStays.judge({ evidence: build.done(), proof: { text: '1 step' } as never });
}

test('the entries that were there are there', () => {
  expect(judged(79, 79, 79)).toMatchObject({ verdict: 'held' });
  // A boot may make it smaller, when it is made anew.
  expect(judged(79, 79, 79, 60, 60, 60)).toMatchObject({ verdict: 'held' });
  expect(judged(79, 79, 79, 60, 60, 0)).toMatchObject({ verdict: 'violated' });
});

test('an empty index, also where a boot makes it whole again', () => {
  expect(judged(79, 0, 0)).toMatchObject({
    verdict: 'violated',
    detail: 'of 79 entries there are 0 after the crash, 0 after a whole boot',
  });
  expect(judged(79, 0, 79)).toMatchObject({ verdict: 'violated' });
});

test('who shows nothing before, or does not say, proves nothing', () => {
  expect([judged(0, 0, 0), judged(79, -1, 79), judged(79)].map(({ verdict }) => verdict)).toEqual([
    'inconclusive',
    'inconclusive',
    'inconclusive',
  ]);
});
