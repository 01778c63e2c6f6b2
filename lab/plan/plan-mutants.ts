import { mutants } from '../../images/index.ts';
import { withControls } from './controls.ts';
import { mutantOf, Releases, systemNamed } from './named.ts';
import { planned, specOf } from './one-cell.ts';
import { withScenario } from './plan-scenarios.ts';
import type { Planned, PlannedCell, PlannedScenario } from './planned.ts';

/**
 * The cells that show the defects that are asked for (none: all of them), and the same cells of the right gateways, which must hold there.
 * @throws Problem bad-usage
 */
export async function planMutants(defects: readonly string[], repeat = 1): Promise<Planned[]> {
  const releases = new Releases();
  const asked = defects.length === 0 ? mutants : defects.map(mutantOf);
  const cells = new Map<string, PlannedCell>();
  const long = new Map<string, PlannedScenario>();
  for (const system of new Set(asked)) {
    const { mutant } = system;
    if (mutant === undefined) continue;
    if ('scenario' in mutant.shownBy) {
      const { scenario } = mutant.shownBy;
      for (const [role, name] of [
        ['mutant', system.name],
        ['cell', mutant.of],
      ] as const) {
        const planned = await withScenario(role, scenario, name, true, releases);
        long.set(planned.id, planned);
      }
      continue;
    }
    const broken = await planned('mutant', await specOf(system, mutant, releases), releases);
    cells.set(broken.id, broken);
    for (let attempt = 1; attempt <= repeat; attempt += 1) {
      const spec = { ...(await specOf(systemNamed(mutant.of), mutant, releases)), attempt };
      const right = await planned('cell', spec, releases);
      cells.set(right.id, right);
    }
  }
  // The long ones first: at the end nobody waits for one of them alone.
  return [...long.values(), ...(cells.size === 0 ? [] : await withControls([...cells.values()], releases))];
}
