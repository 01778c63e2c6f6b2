import { faults } from '../faults/index.ts';
import { systems } from '../images/index.ts';
import type { Check } from './check.ts';
import { checks } from './checks/index.ts';
import type { Fault } from './fault.ts';
import { Problem } from './problem.ts';
import type { System } from './system.ts';

/** What a config adds to what the lab has by itself. */
export interface Added {
  systems: readonly System[];
  checks: readonly Check[];
  faults: readonly Fault[];
}

const added: { systems: System[]; checks: Check[]; faults: Fault[] } = { systems: [], checks: [], faults: [] };

/**
 * Adds what a config defines, for this process: its systems, checks and faults are known then as the lab's own are.
 * @throws Problem bad-definition: there are two of a name
 */
export function add(more: Added): void {
  refuseTwice(
    'system',
    [...systems, ...added.systems, ...more.systems].map(({ name }) => name),
  );
  refuseTwice(
    'check',
    [...checks, ...added.checks, ...more.checks].map(({ id }) => id),
  );
  refuseTwice(
    'fault',
    [...faults, ...added.faults, ...more.faults].map(({ name }) => name),
  );
  added.systems.push(...more.systems);
  added.checks.push(...more.checks);
  added.faults.push(...more.faults);
}

function refuseTwice(kind: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Problem('bad-definition', `Two ${kind}s are named "${twice}". Rename one.`);
}

/** What a control has in place of a fault. */
export function controlFault(): Fault {
  const control = faults.find((fault) => fault.isControl === true);
  if (control === undefined) throw new Error('there is no control among the faults');
  return control;
}

/** The systems of the config, where there is one. */
export const configured = (): readonly System[] => added.systems;
export const knownSystems = (): readonly System[] => [...added.systems, ...systems];
export const knownChecks = (): readonly Check[] => [...checks, ...added.checks];
export const knownFaults = (): readonly Fault[] => {
  // The control stays the last column.
  const control = faults.filter((fault) => fault.isControl === true);
  return [...faults.filter((fault) => fault.isControl !== true), ...added.faults, ...control];
};
