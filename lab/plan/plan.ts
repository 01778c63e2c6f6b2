import { parseCellId } from '../cell-id.ts';
import { activityOf } from '../crash-point/activity.ts';
import { configured } from '../known.ts';
import { fromFilters, fromIds } from './asked-cells.ts';
import { withControls } from './controls.ts';
import { Releases } from './named.ts';
import { planned } from './one-cell.ts';
import { planScenario, withScenario } from './plan-scenarios.ts';
import type { Planned, PlannedCell, PlannedName, Selection } from './planned.ts';

/**
 * What an earlier run had planned, from its run.json: the same, in the same order.
 * @throws Problem bad-usage, no-such-version
 */
export async function planAgain(rows: readonly PlannedName[]): Promise<Planned[]> {
  const releases = new Releases();
  const fromOutside = new Set(configured().map(({ name }) => name));
  return Promise.all(
    rows
      .filter(({ id }) => !fromOutside.has(id.split('@')[0] ?? ''))
      .filter((row) => 'scenario' in row || activityOf(parseCellId(row.id).crashPoint) === undefined)
      .map((row) => {
        if (!('scenario' in row)) return planned(row.role, parseCellId(row.id), releases);
        return withScenario(
          row.role,
          row.scenario,
          `${row.system}@${row.version}`,
          row.isQuick,
          releases,
          row.seed,
          row.from,
        );
      }),
  );
}

/** Scenarios, and cells: those that are asked for, and all of them where no scenario is. */
export async function planRun(selection: Selection, names: readonly string[], isQuick: boolean): Promise<Planned[]> {
  const chosen = await Promise.all(names.map((name) => planScenario(name, selection.systems, isQuick)));
  const { faults, crashPoints, memory, cells, aftermaths = [] } = selection;
  const asksForCells = [faults, crashPoints, memory, cells, aftermaths].some((list) => list.length > 0);
  return [...chosen.flat(), ...(names.length === 0 || asksForCells ? await plan(selection) : [])];
}

/**
 * The cells of a run, controls first: each system without a fault, and every canary.
 * @throws Problem bad-usage, no-such-version
 */
export async function plan(selection: Selection): Promise<PlannedCell[]> {
  const releases = new Releases();
  const asked = selection.cells.length > 0 ? fromIds(selection) : await fromFilters(selection, releases);
  const repeated = asked.flatMap((spec) =>
    Array.from({ length: selection.repeat }, (_, index) => ({ ...spec, attempt: spec.attempt + index })),
  );
  return withControls(await Promise.all(repeated.map((spec) => planned('cell', spec, releases))), releases);
}
