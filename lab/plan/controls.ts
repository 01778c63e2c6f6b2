import { systems } from '../../images/index.ts';
import { type CrashPoint, crashPoints, passes } from '../crash-point/write-shape.ts';
import { controlFault } from '../known.ts';
import { Problem } from '../problem.ts';
import type { Release } from '../system.ts';
import { Releases } from './named.ts';
import { planned, specOf } from './one-cell.ts';
import type { PlannedCell } from './planned.ts';

export async function withControls(cells: readonly PlannedCell[], releases: Releases): Promise<PlannedCell[]> {
  const controls = await controlsFor(cells, releases);
  const all = [...controls, ...cells.filter((cell) => !controls.some((control) => control.id === cell.id))];
  const twice = all.find((cell, index) => all.findIndex((other) => other.id === cell.id) !== index);
  if (twice !== undefined)
    throw new Problem('bad-usage', `the cell ${twice.id} is named twice. Name it once and add --repeat 2.`);
  return all;
}

export function controlPlace(release: Release): CrashPoint {
  const found = crashPoints.find((one) => one.isControlPlace === true && passes(one, release.promises.store));
  if (found === undefined)
    throw new Error(`no crash point is the control's for a store of ${release.promises.store.format}`);
  return found;
}

/** A run carries its controls whatever was asked for: without them neither a red box nor a green one means anything. */
async function controlsFor(cells: readonly PlannedCell[], releases: Releases): Promise<PlannedCell[]> {
  const none = controlFault();
  const controls = new Map<string, PlannedCell>();
  for (const { spec, system, release } of cells) {
    if (system.mutant !== undefined) continue;
    const control = await planned(
      'control',
      { ...spec, crashPoint: controlPlace(release).name, fault: none.name, aftermath: 'aged', attempt: 1 },
      releases,
    );
    controls.set(control.id, control);
  }
  for (const canary of await canaries(releases)) controls.set(canary.id, canary);
  return [...controls.values()];
}

/** Systems that are broken on purpose and stand among the others: every run must catch them. */
export function canaries(releases = new Releases()): Promise<PlannedCell[]> {
  const broken = systems.flatMap((system) => (system.mutant === undefined ? [] : [{ system, mutant: system.mutant }]));
  return Promise.all(
    broken.map(async ({ system, mutant }) => planned('canary', await specOf(system, mutant, releases), releases)),
  );
}
