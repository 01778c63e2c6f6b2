import { activityOf } from '../crash-point/activity.ts';
import { defaultSystems, releaseNamed, systemNamed } from '../plan/named.ts';
import { planRun } from '../plan/plan.ts';
import { type During, planDuring } from '../plan/plan-during.ts';
import type { Planned, Selection } from '../plan/planned.ts';
import { describe } from '../problem.ts';
import { cellOfRelease, parseCellOfAny } from './cell-of.ts';

/** What a default plan has of releases that are newer than its systems' default versions. */
export interface Newest {
  cells: Planned[];
  during: During[];
  /** One line for each: which release it is, or why there is none. */
  told: string[];
}

/** Nothing in particular is asked for. */
export const isDefault = ({ systems, faults, crashPoints, memory, cells, aftermaths = [] }: Selection): boolean =>
  [systems, faults, crashPoints, memory, cells, aftermaths].every((list) => list.length === 0);

/**
 * Asks for the newest release of each system of the default plan that is published, and plans a few cells of it. The version that is found stands in the plan, and so in
 * the run's files. A registry that does not answer leaves it out, and says so: a run must not depend on a network.
 */
export async function planNewest(): Promise<Newest> {
  const newest: Newest = { cells: [], during: [], told: [] };
  for (const name of await defaultSystems()) {
    const system = systemNamed(name);
    if (system.newest === undefined) continue;
    try {
      const version = await system.newest.find();
      if (version === undefined || version === system.defaultVersion) continue;
      const release = await releaseNamed(`${name}@${version}`);
      const ids = system.newest.cells(version).map((cell) => cellOfRelease(parseCellOfAny(cell), release));
      const none: Selection = { systems: [], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };
      const inTurns = ids.filter((id) => activityOf(id.split('_')[1] ?? '') === undefined);
      if (inTurns.length > 0) newest.cells.push(...(await planRun({ ...none, cells: inTurns }, [], false)));
      newest.during.push(
        ...(await planDuring({ ...none, cells: ids.filter((id) => !inTurns.includes(id)) }, [], false)),
      );
      newest.told.push(`the newest release of ${name} is ${version}: in the plan beside ${system.defaultVersion}`);
    } catch (error) {
      const [why] = describe(error).split('\n');
      newest.told.push(`nobody says which release of ${name} is the newest (${why}): the plan is without it`);
    }
  }
  return newest;
}
