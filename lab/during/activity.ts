import { Problem } from '../problem.ts';

/** What a system is struck in, beside the write that every cell is about. */
export const ACTIVITIES = {
  boot: 'a boot on the folder that an undisturbed life has left',
  stop: 'the stop that an operator asks for, with SIGTERM',
  cleanup: "the system's own clean-up command, on a store whose rows have grown old",
} as const;
export type Activity = keyof typeof ACTIVITIES;

/** No place of a write has it in its id. */
const SIGN = '+';

/** The crash point of a place in an activity, for a cell's id: `boot+state-openclaw.sqlite.torn`. */
export const crashPointIn = (activity: Activity, place: string): string => `${activity}${SIGN}${place}`;

/** The activity that a crash point is in; undefined: it is in a write. */
export function activityOf(crashPoint: string): Activity | undefined {
  const [name] = crashPoint.split(SIGN, 1);
  return crashPoint.includes(SIGN) && name !== undefined && name in ACTIVITIES ? (name as Activity) : undefined;
}

/** The id of the place in it. */
export const placeIn = (crashPoint: string): string => crashPoint.slice(crashPoint.indexOf(SIGN) + 1);

/**
 * The activities of `--during`; `turn` is no activity but what cells are about anyway.
 * @throws Problem bad-usage
 */
export function activitiesNamed(names: readonly string[]): { activities: Activity[]; hasTurn: boolean } {
  for (const name of names)
    if (name !== 'turn' && !(name in ACTIVITIES))
      throw new Problem('bad-usage', `--during takes turn, ${Object.keys(ACTIVITIES).join(', ')}, and not "${name}".`);
  return {
    activities: names.filter((name): name is Activity => name in ACTIVITIES),
    hasTurn: names.length === 0 || names.includes('turn'),
  };
}
