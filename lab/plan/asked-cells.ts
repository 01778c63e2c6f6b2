import { systems } from '../../images/index.ts';
import { type Aftermath, type CellSpec, parseCellId, parseSize } from '../cell-id.ts';
import { type CrashPoint, crashPoints, passes } from '../crash-point/write-shape.ts';
import type { Fault } from '../fault.ts';
import { configured, knownFaults } from '../known.ts';
import { Problem } from '../problem.ts';
import type { Release } from '../system.ts';
import { withAftermaths } from './aftermaths.ts';
import { controlPlace } from './controls.ts';
import { pointsFor, refuseUnfit, whyUnfit } from './fits.ts';
import { asksForAll, crashPointNamed, faultNamed, faultsOf, type Releases } from './named.ts';
import type { Selection } from './planned.ts';

export function fromIds(selection: Selection): CellSpec[] {
  const { systems: asked, faults, crashPoints: points, memory, aftermaths = [] } = selection;
  const others = [asked, faults, points, memory, aftermaths].some((list) => list.length > 0);
  if (others)
    throw new Problem(
      'bad-usage',
      '--cell says all of a cell: it does not go with --system, --fault, --crash-point, --memory or --aftermath.',
    );
  const fromOutside = new Set(configured().map(({ name }) => name));
  return selection.cells.map(parseCellId).filter(({ system }) => !fromOutside.has(system));
}

export async function fromFilters(selection: Selection, releases: Releases): Promise<CellSpec[]> {
  const fromOutside = new Set(configured().map(({ name }) => name));
  const asked = selection.systems.filter((text) => !fromOutside.has(text.split('@')[0] ?? ''));
  const names =
    selection.systems.length > 0 || fromOutside.size > 0
      ? asked
      : systems.filter((one) => one.inDefaultPlan).map((one) => one.name);
  if (names.length > 0) for (const name of selection.crashPoints) crashPointNamed(name);
  const isAll = asksForAll(selection.faults);
  const struck = faultsOf(selection.faults) ?? knownFaults().filter(isOfDefaultPlan);
  const { aftermaths } = selection;
  const everything = selection.faults.length === 0 && selection.crashPoints.length === 0 && aftermaths === undefined;
  const killer = knownFaults().find((fault) => fault.lethal && fault.isControl !== true);
  const specs: CellSpec[] = [];
  for (const name of names) {
    const release = await releases.ofName(name);
    const { store } = release.promises;
    const all = crashPoints.filter((one) => passes(one, store));
    const named = selection.crashPoints.map(crashPointNamed);
    const points = named.length > 0 ? named : all.filter((one) => one.inDefaultPlan);
    const sizes = selection.memory.length > 0 ? selection.memory.map(parseSize) : [release.memory.defaultBytes];
    for (const memoryBytes of sizes) {
      const cell = (crashPoint: string, fault: string, aftermath: Aftermath): CellSpec => ({
        system: release.system,
        version: release.version,
        crashPoint,
        fault,
        memoryBytes,
        aftermath,
        attempt: 1,
      });
      const pairs = struck.map((fault) => {
        // Of everything, what can't be is left out; what a person asks for by its names is refused with a reason.
        const isAsked = named.length > 0 && !isAll;
        if (isAsked) for (const point of named) if (passes(point, store)) refuseUnfit(fault, point, release, all);
        if (isAll && isUnfitEverywhere(fault, release, named.length > 0 ? named : all)) return { fault, at: [] };
        return { fault, at: pointsFor(fault, release, { points, all, asked: isAsked }) };
      });
      const aged: CellSpec[] = [];
      for (const { name: crashPoint } of new Set([...points, ...pairs.flatMap(({ at }) => at)]))
        for (const { fault, at } of pairs)
          if (at.some((point) => point.name === crashPoint)) aged.push(cell(crashPoint, fault.name, 'aged'));
      specs.push(...withAftermaths(aged, aftermaths, release, faultNamed, selection.faults.length > 0 && !isAll));
      // What a crash leaves of a store that is replaced whole depends on its age, and may be the only copy; a database keeps no temps.
      if (everything && killer !== undefined && store.format === 'json-rows') {
        for (const aftermath of ['fresh', 'corrupt-store'] as const) {
          specs.push(cell(controlPlace(release).name, killer.name, aftermath));
        }
      }
    }
  }
  return specs;
}

const isOfDefaultPlan = (fault: Fault): boolean => fault.isControl !== true && fault.inDefaultPlan !== false;

const isUnfitEverywhere = (fault: Fault, release: Release, points: readonly CrashPoint[]): boolean =>
  points.every((point) => whyUnfit(fault, point, release) !== undefined);
