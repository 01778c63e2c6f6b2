import type { Aftermath, CellSpec } from '../cell-id.ts';
import type { Fault } from '../fault.ts';
import { Problem } from '../problem.ts';
import type { Release } from '../system.ts';

/** Why an aftermath can't follow a fault; undefined: it can. */
export function whyNoAftermath(fault: Fault, aftermath: Aftermath, { promises }: Release): string | undefined {
  if (aftermath !== 'aged' && !fault.lethal) return `after ${fault.name} the system lives on`;
  if (aftermath === 'corrupt-store' && promises.store.format !== 'json-rows')
    return 'its store is no file of JSON rows';
  return undefined;
}

/** @throws Problem bad-usage: the aftermath can't follow the fault */
export function refuseAftermath(fault: Fault, aftermath: Aftermath, release: Release): void {
  const why = whyNoAftermath(fault, aftermath, release);
  if (why === undefined) return;
  throw new Problem(
    'bad-usage',
    `${release.system}: ${aftermath} is for the time between a crash and the boot, and ${why}. Leave --aftermath out, or take another fault.`,
  );
}

/**
 * Each cell with each aftermath that is asked for.
 * @param areFaultsAsked a person has named the faults, and is told what can't be; else it is left out
 * @throws Problem bad-usage
 */
export function withAftermaths(
  specs: readonly CellSpec[],
  aftermaths: readonly Aftermath[] | undefined,
  release: Release,
  faultNamed: (name: string) => Fault,
  areFaultsAsked: boolean,
): CellSpec[] {
  if (aftermaths === undefined) return [...specs];
  return specs.flatMap((spec) =>
    aftermaths.flatMap((aftermath) => {
      const fault = faultNamed(spec.fault);
      if (areFaultsAsked) refuseAftermath(fault, aftermath, release);
      return whyNoAftermath(fault, aftermath, release) === undefined ? [{ ...spec, aftermath }] : [];
    }),
  );
}
