import { expect, test } from 'vitest';
import {
  activitiesNamed,
  activityInWords,
  activityOf,
  commandOf,
  crashPointIn,
  hasLifeBefore,
  placeIn,
  refuseActivity,
} from './activity.ts';

const release = {
  system: 'x',
  version: '1.0.0',
  usual: { env: {}, commands: { mend: { words: 'its `mend`', argv: ['x', 'mend'] } } },
};

test('the activity of a crash point, and its place; a place of a write has none', () => {
  expect([activityOf('boot+most'), activityOf('mend+store.json.torn'), activityOf('full-temp')]).toEqual([
    'boot',
    'mend',
    undefined,
  ]);
  expect(placeIn(crashPointIn('first-boot', 'store.json.torn'))).toBe('store.json.torn');
});

test('a turn is what cells are about anyway', () => {
  expect(activitiesNamed([])).toEqual({ activities: [], hasTurn: true });
  expect(activitiesNamed(['turn', 'mend'])).toEqual({ activities: ['mend'], hasTurn: true });
  expect(activitiesNamed(['boot'])).toEqual({ activities: ['boot'], hasTurn: false });
});

test("a command line of the system's own by its name; another name is refused with those that there are", () => {
  expect(commandOf(release, 'mend')?.argv).toEqual(['x', 'mend']);
  expect(commandOf(release, 'boot')).toBeUndefined();
  expect([activityInWords(release, 'mend'), activityInWords(release, 'stop')]).toEqual([
    'its `mend`',
    'the stop that an operator asks for, with SIGTERM',
  ]);
  expect(() => refuseActivity(release, 'mend')).not.toThrow();
  expect(() => refuseActivity(release, 'lunch')).toThrow(
    '--during takes turn, first-boot, boot, recovery, stop, cleanup, and of x@1.0.0 mend, and not "lunch".',
  );
  expect(() => refuseActivity({ system: 'y', version: '2.0.0' }, 'mend')).toThrow(/cleanup, and not "mend"\./);
});

test('a life comes before a boot, a clean-up and a command line; a first boot is the first, and a stop ends the boot that is struck', () => {
  const all = ['boot', 'recovery', 'cleanup', 'mend', 'first-boot', 'stop'].map((activity) =>
    hasLifeBefore(release, activity),
  );
  expect(all).toEqual([true, true, true, true, false, false]);
});
