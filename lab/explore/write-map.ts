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
  return Array.from({ length: record.steps.length + 1 }, (_, index): MapRow => {
    const step = record.steps[index];
    const before = new Set(index === 0 ? [] : acknowledgedBefore(record, index - 1).map((turn) => turn.name));
    const acknowledged = acknowledgedBefore(record, index)
      .map((turn) => turn.name)
      .filter((name) => !before.has(name));
    const verdicts = models.map((model) => {
      const here = new Set(
        reduced.states.filter((state) => state.steps[model].has(index)).map((state) => state.digest),
      );
      const broken = violations.filter((one) => here.has(one.digest) && isOfPlace(one, index));
      const violated = [...new Set(broken.map((one) => one.check))];
      return {
        model,
        states: here.size,
        verdict: violated.length > 0 ? ('violated' as const) : ('held' as const),
        violated,
      };
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

/** What was acknowledged is missed only from where it was acknowledged on; anything else is wrong wherever the state comes up. */
const isOfPlace = ({ check, origin }: Violation, index: number) => check !== 'acked-durable' || origin.step <= index;
