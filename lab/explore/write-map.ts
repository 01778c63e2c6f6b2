import type { Model, Reduced } from './crash-state.ts';
import type { MapRow } from './exploration.ts';
import type { Violation } from './finding.ts';
import { acknowledgedBefore, type WriteRecord } from './record.ts';

/** A promise that is broken under a model, for a person. */
export const breakOf = (check: string, model: Model): string => `${check} (${model})`;

/** The promises that are broken at a crash point. */
export const brokenIn = ({ verdicts }: MapRow): string[] =>
  verdicts.flatMap(({ model, violated }) => violated.map((check) => breakOf(check, model)));

/** The write, call by call: what the states of the crash points before and in each call come to. */
export function mapOf(
  record: WriteRecord,
  models: readonly Model[],
  reduced: Reduced,
  violations: readonly Violation[],
): MapRow[] {
  const of = new Map(models.map((model) => [model, atPoints(record, model, reduced, violations)]));
  return Array.from({ length: record.steps.length + 1 }, (_, index): MapRow => {
    const step = record.steps[index];
    const before = new Set(index === 0 ? [] : acknowledgedBefore(record, index - 1).map((turn) => turn.name));
    const acknowledged = acknowledgedBefore(record, index)
      .map((turn) => turn.name)
      .filter((name) => !before.has(name));
    const verdicts = models.map((model) => {
      const { states, violated } = only(of.get(model)?.[index]);
      const verdict = violated.size > 0 ? ('violated' as const) : ('held' as const);
      return { model, states, verdict, violated: [...violated] };
    });
    const { op = '', path = '', to, bytes } = step ?? {};
    return {
      call: index + 1,
      op,
      path,
      acknowledged,
      verdicts,
      ...(to !== undefined && { to }),
      ...(bytes !== undefined && { bytes }),
    };
  });
}

/** By crash point: how many distinct states there are, and which checks are violated on one of them. */
function atPoints(
  { steps }: WriteRecord,
  model: Model,
  { states }: Reduced,
  violations: readonly Violation[],
): { states: number; violated: Set<string> }[] {
  const points = Array.from({ length: steps.length + 1 }, () => ({ states: 0, violated: new Set<string>() }));
  const at = new Map(states.map((state) => [state.digest, state.steps[model]]));
  for (const indexes of at.values()) for (const index of indexes) only(points[index]).states += 1;
  for (const violation of violations)
    for (const index of at.get(violation.digest) ?? [])
      if (isOfPlace(violation, index)) only(points[index]).violated.add(violation.check);
  return points;
}

function only<T>(one: T | undefined): T {
  if (one === undefined) throw new Error('a crash point is not in its record');
  return one;
}

/** What was acknowledged is missed only from where it was acknowledged on; anything else is wrong wherever the state comes up. */
const isOfPlace = ({ check, origin }: Violation, index: number) => check !== 'acked-durable' || origin.step <= index;
