import { cellId, parseCellId } from '../cell-id.ts';
import {
  type Activity,
  activityInWords,
  activityOf,
  crashPointIn,
  isBoot,
  placeIn,
  refuseActivity,
} from '../crash-point/activity.ts';
import type { Place } from '../crash-point/places.ts';
import type { Watched } from '../during/watch.ts';
import type { Fault } from '../fault.ts';
import { controlFault, knownFaults } from '../known.ts';
import { controlPlace, crashPointOf, specsOf } from '../observe/plan-places.ts';
import { Problem } from '../problem.ts';
import { isJudgedByAnswers, type Release, type System } from '../system.ts';
import { refuseAftermath, withAftermaths } from './aftermaths.ts';
import { defaultSystems, faultNamed, releaseNamed, systemNamed } from './named.ts';
import type { PlannedCell, PlannedName, Selection } from './planned.ts';
import { type AskedPlaces, askedPlaces } from './planned.ts';

/** Cells of an activity of a system, to be planned once it was watched. */
export interface During extends AskedPlaces {
  system: System;
  release: Release;
  activity: Activity;
  faults: readonly Fault[];
}

/** A selection without the cells of activities, and those. */
export function withoutActivities(selection: Selection): { rest: Selection; cells: string[] } {
  const cells = selection.cells.filter((id) => activityOf(parseCellId(id).crashPoint) !== undefined);
  return { rest: { ...selection, cells: selection.cells.filter((id) => !cells.includes(id)) }, cells };
}

/**
 * What is to be watched and struck.
 * @param activities those of `--during`
 * @throws Problem bad-usage, no-such-version
 */
export async function planDuring(
  selection: Selection,
  activities: readonly Activity[],
  every: boolean,
): Promise<During[]> {
  const { cells } = withoutActivities(selection);
  const byIds = Map.groupBy(cells, (id) => {
    const { system, version, crashPoint, memoryBytes } = parseCellId(id);
    return JSON.stringify([`${system}@${version}`, activityOf(crashPoint), memoryBytes]);
  });
  const asked = [...byIds].map(([key, ids]): [string, Activity, string[]] => {
    const [name, activity] = JSON.parse(key) as [string, Activity, number];
    return [name, activity, ids];
  });
  const names = selection.systems.length > 0 ? selection.systems : await defaultSystems();
  if (cells.length === 0) for (const activity of activities) for (const name of names) asked.push([name, activity, []]);
  return Promise.all(asked.map(([name, activity, ids]) => during(name, activity, ids, selection, every)));
}

async function during(
  name: string,
  activity: Activity,
  cells: readonly string[],
  selection: Selection,
  every: boolean,
): Promise<During> {
  const release = await releaseNamed(name);
  const system = systemNamed(release.system);
  refuseActivity(release, activity);
  const killer = knownFaults().find((fault) => fault.lethal && fault.isControl !== true && fault.oomKills === 0);
  const faults = selection.faults.length > 0 ? selection.faults.map(faultNamed) : killer === undefined ? [] : [killer];
  const survived = faults.find((fault) => !fault.lethal);
  if (survived !== undefined && !isBoot(activity))
    throw new Problem(
      'bad-usage',
      `after a ${survived.name} a ${activity} goes on to its end, and there is nobody left to ask. --during ${activity} takes faults that end it: ${knownFaults()
        .filter((fault) => fault.lethal && fault.strikesNextWrite !== true)
        .map((fault) => fault.name)
        .join(', ')}.`,
    );
  const ofWrites = faults.find(({ strikesNextWrite }) => strikesNextWrite === true);
  if (ofWrites !== undefined)
    throw new Problem(
      'bad-usage',
      `${ofWrites.name} strikes a write and the next one, and a ${activity} is none. kill-in-recovery strikes the boot after it.`,
    );
  if (activity === 'first-boot' && isJudgedByAnswers(release))
    throw new Problem(
      'bad-usage',
      `${name} is judged by what it answers around a write, and before its first boot there is none: --during boot strikes a later one.`,
    );
  const severalMemories = '--during takes a single --memory: what is struck is watched under it first.';
  const asked = askedPlaces(selection, { cells, release, every, severalMemories });
  return { system, release, activity, faults, ...asked };
}

/** What an earlier run had planned in activities, from its run.json. */
export async function duringAgain(rows: readonly PlannedName[]): Promise<During[]> {
  const cells = rows
    .filter((row) => !('scenario' in row) && row.role === 'cell' && activityOf(parseCellId(row.id).crashPoint))
    .map(({ id }) => id);
  const none: Selection = { systems: [], faults: [], crashPoints: [], memory: [], cells, repeat: 1 };
  return cells.length === 0 ? [] : planDuring(none, [], false);
}

/**
 * The cells of an activity that was watched, its control first.
 * @throws Problem bad-usage: it has no such place
 */
export function cellsDuring(asked: During, watched: Watched, release: Release): PlannedCell[] {
  const { system, activity, memoryBytes, faults, places, cells, repeat } = asked;
  const placeNamed = (id: string) => {
    const all = [...watched.places, ...watched.others];
    const found = all.find((place) => place.id === id || crashPointIn(activity, place.id) === id);
    if (found !== undefined) return found;
    throw new Problem(
      'bad-usage',
      `${system.name}: its ${activity} passes no place "${id}". It passes: ${idsInWords(all)}.`,
    );
  };
  const planned = (role: PlannedCell['role'], spec: PlannedCell['spec']): PlannedCell => {
    const place = placeNamed(placeIn(spec.crashPoint));
    const crashPoint = { ...crashPointOf(place), name: spec.crashPoint, words: `${activity}: ${place.words}` };
    return { id: cellId(spec), role, spec, system, release, fault: faultNamed(spec.fault), crashPoint };
  };
  const inActivity = (spec: PlannedCell['spec']) => ({ ...spec, crashPoint: crashPointIn(activity, spec.crashPoint) });
  const chosen = places.length === 0 ? watched.places : places.map(placeNamed);
  const specs =
    cells.length > 0
      ? cells.map(parseCellId)
      : withAftermaths(
          specsOf(release, chosen, faults, memoryBytes),
          asked.aftermaths,
          release,
          faultNamed,
          asked.areFaultsAsked,
        )
          .map(inActivity)
          .flatMap((spec) => Array.from({ length: repeat }, (_, index) => ({ ...spec, attempt: index + 1 })));
  for (const { fault, aftermath } of specs) refuseAftermath(faultNamed(fault), aftermath, release);
  const none = controlFault();
  const [control] = specsOf(release, [controlPlace(watched.places)], [none], memoryBytes).map(inActivity);
  return [
    ...(control === undefined ? [] : [planned('control', control)]),
    ...specs.map((spec) => planned('cell', spec)),
  ];
}

/** So many are named where one was asked for that is none. */
const NAMED_MOST = 20;

/** The ids of places, for an error: a boot may have hundreds, and `watchedInWords` has told all of them. */
function idsInWords(places: readonly Pick<Place, 'id'>[]): string {
  const ids = places.slice(0, NAMED_MOST).map(({ id }) => id);
  const more = places.length - ids.length;
  return `${ids.join(', ')}${more === 0 ? '' : ` and ${more} more, which are listed above`}`;
}

/** For a person: what was watched. */
export const watchedInWords = ({ release, activity }: During, { places, others, calls }: Watched): string[] => [
  `${release.system}@${release.version}, ${activityInWords(release, activity)}: ${counted(calls, 'call')}, ${counted(places.length, 'place')}${others.length === 0 ? '' : `, ${others.length} alike left out`}`,
  ...places.map(({ id, words }) => `  ${id}  ${words}`),
  ...(others.length === 0 ? [] : [`  -p takes those, too: ${others.map(({ id }) => id).join(', ')}`]),
];

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
