import type { CellSpec } from '../cell-id.ts';
import { PLACE_KINDS, type Place } from '../crash-point/places.ts';
import type { CrashPoint } from '../crash-point/write-shape.ts';
import type { Fault } from '../fault.ts';
import type { Release } from '../system.ts';
import type { Observation } from './observe.ts';

/** A place as a cell holds it. */
export const crashPointOf = (place: Place): CrashPoint => ({
  name: place.id,
  stores: [],
  inDefaultPlan: true,
  leaves: PLACE_KINDS[place.kind],
  words: place.words,
  hold: () => place.arm,
});

/** A release with what it was seen to answer. */
export const withAnswers = (release: Release, { answers, watched, quietMs }: Observation): Release => ({
  ...release,
  ...(quietMs !== undefined && { quietMs }),
  promises: { ...release.promises, answers, watched },
});

/** The place of the control: where a crash would leave the most. */
export function controlPlace(places: readonly Place[]): Place {
  const found = (['full', 'torn', 'truncated', 'appended', 'overwritten'] as const)
    .map((kind) => places.find((place) => place.kind === kind))
    .find((place) => place !== undefined);
  const place = found ?? places[0];
  if (place === undefined) throw new Error('an observation has a place');
  return place;
}

/** Each place with each fault. */
export function specsOf(
  release: Release,
  places: readonly Place[],
  faults: readonly Fault[],
  memoryBytes: number,
): CellSpec[] {
  const { system, version } = release;
  return places.flatMap((place) =>
    faults.map(({ name }) => ({
      system,
      version,
      crashPoint: place.id,
      fault: name,
      memoryBytes,
      aftermath: 'aged' as const,
      attempt: 1,
    })),
  );
}
