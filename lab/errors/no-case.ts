import { parseCellId } from '../cell-id.ts';
import type { Fault } from '../fault.ts';
import { crashPointOf } from '../observe/plan-places.ts';
import { Problem } from '../problem.ts';
import type { Call } from './cases.ts';

/** What a sweep was asked to run, and nothing of it can be: with what could. */
export function noCase(
  system: string,
  asked: { cells: readonly string[]; faults?: readonly string[] | undefined },
  calls: readonly Call[],
  faults: readonly Fault[],
): Problem {
  return new Problem('bad-usage', `${system}: ${whyNone(asked, calls, faults)}`);
}

function whyNone(
  asked: { cells: readonly string[]; faults?: readonly string[] | undefined },
  calls: readonly Call[],
  faults: readonly Fault[],
): string {
  const [id] = asked.cells;
  if (id !== undefined) return whyNoCell(id, calls, faults);
  if (calls.length === 0 || asked.faults === undefined)
    return 'its write makes no call in its state folder that an error could meet';
  return `none of the ${calls.length} calls that its write makes in its state folder can return ${asked.faults.join(' or ')}`;
}

function whyNoCell(id: string, calls: readonly Call[], faults: readonly Fault[]): string {
  const spec = parseCellId(id);
  const call = calls.find(({ place }) => crashPointOf(place).name === spec.crashPoint);
  if (call === undefined)
    return `the write makes no call "${spec.crashPoint}". Run it without --cell: errors.md names its calls.`;
  const why = faults.find(({ name }) => name === spec.fault)?.unfit?.(call.place.arm);
  if (why === undefined) return `the write has no such case: ${id}. Run it without --cell: errors.md names them.`;
  const fit = faults.filter((fault) => fault.unfit?.(call.place.arm) === undefined).map(({ name }) => name);
  return `call ${call.number} (${call.op} ${call.file}) can't take ${spec.fault}: ${why}. It can take: ${fit.join(', ')}.`;
}
