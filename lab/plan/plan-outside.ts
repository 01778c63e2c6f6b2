import { availableParallelism } from 'node:os';
import pMap from 'p-map';
import { cellId, parseCellId } from '../cell-id.ts';
import { activityOf } from '../crash-point/activity.ts';
import { fewOfEachKind } from '../crash-point/places.ts';
import type { Fault } from '../fault.ts';
import { configured, controlFault, knownFaults } from '../known.ts';
import type { Observation } from '../observe/observe.ts';
import { controlPlace, crashPointOf, specsOf, withAnswers } from '../observe/plan-places.ts';
import { Problem } from '../problem.ts';
import type { Release, System } from '../system.ts';
import { refuseAftermath, withAftermaths } from './aftermaths.ts';
import { pointsFor, refuseUnfit, whyUnfit } from './fits.ts';
import { asksForAll, faultNamed, faultsOf, systemNamed } from './named.ts';
import type { PlannedCell, PlannedName, Selection } from './planned.ts';
import { type AskedPlaces, askedPlaces } from './planned.ts';

/** A system from outside whose cells are to be planned, once its write was observed. */
export interface Outsider extends Omit<AskedPlaces, 'areFaultsAsked'> {
  system: System;
  release: Release;
  faults: readonly Fault[];
  /** They are all that there are: what has no place in this write is left out. */
  isEveryFault: boolean;
  areFaultsAsked?: boolean;
  /** Taken in its place where its first write fails. */
  otherwise?: Outsider;
}

/** Which of the names that are asked for are systems from outside. Nothing asked for: all of the config's. */
export function outsideNames({ systems, cells }: Selection): string[] {
  const known = new Set(configured().map(({ name }) => name));
  if (known.size === 0) return [];
  const asked =
    cells.length > 0 ? cells.map((id) => parseCellId(id).system) : systems.map((text) => text.split('@')[0] ?? '');
  return asked.length === 0 ? [...known] : [...new Set(asked)].filter((name) => known.has(name));
}

/**
 * The systems from outside of a selection, each with what is asked of it.
 * @throws Problem bad-usage, no-such-version
 */
export async function outsiders(selection: Selection, every: boolean): Promise<Outsider[]> {
  const names = outsideNames(selection);
  // Each asks npm or apt, which take a processor each.
  return pMap(names, (name) => outsider(name, selection, every), { concurrency: availableParallelism() });
}

async function outsider(name: string, selection: Selection, every: boolean): Promise<Outsider> {
  const system = systemNamed(name);
  const asked = selection.systems.find((text) => text.split('@')[0] === name);
  const cells = selection.cells.filter((id) => parseCellId(id).system === name);
  const [cell] = cells.map(parseCellId);
  const version = cell?.version ?? (asked?.includes('@') === true ? asked.slice(asked.indexOf('@') + 1) : 'now');
  const release = await system.release(version);
  const killer = knownFaults().find((fault) => fault.lethal && fault.isControl !== true && fault.oomKills === 0);
  const chosen = selection.faults.length > 0 ? selection.faults : (system.faults ?? []);
  const faults = faultsOf(chosen) ?? (killer === undefined ? [] : [killer]);
  const severalMemories = 'A system from a config takes a single --memory: its write is observed under it first.';
  const places = askedPlaces(selection, { cells, release, every, severalMemories });
  return { system, release, faults, isEveryFault: asksForAll(chosen), ...places };
}

/** What an earlier run had planned for systems from outside, from its run.json. */
export async function outsidersAgain(rows: readonly PlannedName[]): Promise<Outsider[]> {
  const known = new Set(configured().map(({ name }) => name));
  const ids = rows
    .filter((row) => !('scenario' in row) && known.has(parseCellId(row.id).system))
    .filter((row) => activityOf(parseCellId(row.id).crashPoint) === undefined);
  if (ids.length === 0) return [];
  const cells = ids.filter(({ role }) => role === 'cell').map(({ id }) => id);
  const none: Selection = { systems: [], faults: [], crashPoints: [], memory: [], cells, repeat: 1 };
  return outsiders(none, false);
}

/**
 * The cells of a system whose write was observed, its control first.
 * @throws Problem bad-usage: it has no such place
 */
export function cellsOf(outsider: Outsider, observation: Observation): PlannedCell[] {
  const { system, memoryBytes, faults, places: asked, cells: ids, repeat } = outsider;
  const release = withAnswers(outsider.release, observation);
  const { places, others } = observation;
  const placeNamed = (id: string) => {
    const found = [...places, ...others].find((place) => place.id === id);
    if (found !== undefined) return found;
    throw new Problem(
      'bad-usage',
      `${system.name}: its write passes no place "${id}". It passes: ${[...places, ...others].map((place) => place.id).join(', ')}.`,
    );
  };
  const planned = (role: PlannedCell['role'], spec: PlannedCell['spec']): PlannedCell => ({
    id: cellId(spec),
    role,
    spec,
    system,
    release,
    fault: faultNamed(spec.fault),
    crashPoint: crashPointOf(placeNamed(spec.crashPoint)),
  });
  const all = places.map(crashPointOf);
  const named = asked.map((id) => crashPointOf(placeNamed(id)));
  // A place of a sync leaves what the one before it leaves: it is for faults that need one.
  const ordinary = places.filter((place) => place.kind !== 'unsynced').map(crashPointOf);
  const struck = faults.flatMap((fault) => {
    if (outsider.isEveryFault && all.every((point) => whyUnfit(fault, point, release) !== undefined)) return [];
    const isAsked = named.length > 0 && !outsider.isEveryFault;
    if (isAsked) for (const point of named) refuseUnfit(fault, point, release, all);
    const points = pointsFor(fault, release, { points: named.length > 0 ? named : ordinary, all, asked: isAsked });
    return specsOf(
      release,
      points.map((point) => placeNamed(point.name)),
      [fault],
      memoryBytes,
    );
  });
  const specs =
    ids.length > 0
      ? ids.map(parseCellId)
      : withAftermaths(struck, outsider.aftermaths, release, faultNamed, outsider.areFaultsAsked === true).flatMap(
          (spec) => Array.from({ length: repeat }, (_, index) => ({ ...spec, attempt: index + 1 })),
        );
  for (const { crashPoint, fault, aftermath } of specs) {
    refuseUnfit(faultNamed(fault), crashPointOf(placeNamed(crashPoint)), release, all);
    refuseAftermath(faultNamed(fault), aftermath, release);
  }
  const none = controlFault();
  const [control] = specsOf(release, [controlPlace(fewOfEachKind(places).kept)], [none], memoryBytes);
  return [
    ...(control === undefined ? [] : [planned('control', control)]),
    ...specs.map((spec) => planned('cell', spec)),
  ];
}
