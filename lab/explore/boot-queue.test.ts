import { expect, test } from 'vitest';
import { ofBoth } from './boot-queue.ts';
import type { BootVerdict } from './boot-state.ts';

const boots = (verdict: BootVerdict['verdict'], detail: string): BootVerdict => ({ check: 'boots', verdict, detail });
const serves: BootVerdict = { check: 'serves', verdict: 'held', detail: '' };

test('a state that a system refuses each time is violated', () => {
  const second = [boots('violated', 'it ended with code 1 again'), serves];
  expect(ofBoth([boots('violated', 'it ended with code 1'), serves], second)).toEqual(second);
});

test('one that it refused once and not again is not known, and says what it was', () => {
  const unknown = boots(
    'inconclusive',
    'violated one of the two times that the state was booted: it gave up after 5 s',
  );
  const refused = [boots('violated', 'it gave up after 5 s'), { ...serves, verdict: 'not-applicable' as const }];
  const ready = [boots('held', '3 ms'), serves];
  expect(ofBoth(refused, ready)).toEqual([unknown, serves]);
  expect(ofBoth(ready, refused)[0]).toEqual(unknown);
});
