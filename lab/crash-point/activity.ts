import { Problem } from '../problem.ts';
import type { OperatorCommand, Release } from '../system.ts';

/** What a system is struck in, beside the write that every cell is about. */
export const ACTIVITIES = {
  'first-boot': 'the first boot of all, on a folder with nothing but its configuration',
  boot: 'a boot on the folder that an undisturbed life has left',
  recovery: 'the boot after a life that was killed at rest: what has died is cleared away there',
  stop: 'the stop that an operator asks for, with SIGTERM',
  cleanup: "the system's own clean-up command, on a store whose rows have grown old",
} as const;
/** One of those, or a command line of the system's own by its name. */
export type Activity = keyof typeof ACTIVITIES | (string & {});

/** The command line that an activity is; undefined: it is none. */
export const commandOf = ({ usual }: Pick<Release, 'usual'>, activity: Activity): OperatorCommand | undefined =>
  activity in ACTIVITIES ? undefined : usual?.commands?.[activity];

/** Whether a whole life of the system comes before it, which is boot 0 of the evidence then: what is struck is boot 1. */
export const hasLifeBefore = (release: Pick<Release, 'usual'>, activity: Activity): boolean =>
  isBootAfterLife(activity) || activity === 'cleanup' || commandOf(release, activity) !== undefined;

/** A boot on what a life has left that was stopped, or killed. */
export const isBootAfterLife = (activity: Activity | undefined): boolean =>
  activity === 'boot' || activity === 'recovery';

/** Any boot, the first one too. */
export const isBoot = (activity: Activity | undefined): boolean =>
  activity === 'first-boot' || isBootAfterLife(activity);

/** What an activity is, for a person. */
export const activityInWords = (release: Pick<Release, 'usual'>, activity: Activity): string =>
  activity in ACTIVITIES
    ? ACTIVITIES[activity as keyof typeof ACTIVITIES]
    : (commandOf(release, activity)?.words ?? activity);

/** @throws Problem bad-usage: the system has no such activity */
export function refuseActivity(release: Pick<Release, 'system' | 'version' | 'usual'>, activity: Activity): void {
  if (activity in ACTIVITIES || commandOf(release, activity) !== undefined) return;
  const own = Object.keys(release.usual?.commands ?? {});
  const more = own.length === 0 ? '' : `, and of ${release.system}@${release.version} ${own.join(', ')}`;
  throw new Problem(
    'bad-usage',
    `--during takes turn, ${Object.keys(ACTIVITIES).join(', ')}${more}, and not "${activity}".`,
  );
}

/** No place of a write has it in its id. */
const SIGN = '+';

/** The crash point of a place in an activity, for a cell's id: `boot+state-openclaw.sqlite.torn`. */
export const crashPointIn = (activity: Activity, place: string): string => `${activity}${SIGN}${place}`;

/** The activity that a crash point is in; undefined: it is in a write. */
export function activityOf(crashPoint: string): Activity | undefined {
  const at = crashPoint.indexOf(SIGN);
  return at <= 0 ? undefined : crashPoint.slice(0, at);
}

/** The id of the place in it. */
export const placeIn = (crashPoint: string): string => crashPoint.slice(crashPoint.indexOf(SIGN) + 1);

/** The activities of `--during`; `turn` is no activity but what cells are about anyway. */
export function activitiesNamed(names: readonly string[]): { activities: Activity[]; hasTurn: boolean } {
  return { activities: names.filter((name) => name !== 'turn'), hasTurn: names.length === 0 || names.includes('turn') };
}
