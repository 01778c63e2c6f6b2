import { randomInt } from 'node:crypto';
import { mutants, systems } from '../images/index.ts';
import { refuseAftermath, withAftermaths } from './aftermaths.ts';
import { type Aftermath, type CellSpec, cellId, formatSize, mebibytes, parseCellId, parseSize } from './cell-id.ts';
import { activityOf } from './crash-point/activity.ts';
import { type CrashPoint, crashPoints, passes } from './crash-point/write-shape.ts';
import type { Fault } from './fault.ts';
import { pointsFor, refuseUnfit, whyUnfit } from './fits.ts';
import { configured, controlFault, knownFaults, knownSystems } from './known.ts';
import { Problem } from './problem.ts';
import type { Scenario } from './scenario/scenario.ts';
import { type ScenarioSpec, scenarioId } from './scenario/scenario-id.ts';
import { scenarios } from './scenarios/index.ts';
import { UPGRADE } from './scenarios/upgrade.ts';
import type { Mutant, Release, System } from './system.ts';

/** What was asked for on the command line; everything empty is the default plan. */
export interface Selection {
  /** NAME or NAME@VERSION. */
  systems: readonly string[];
  faults: readonly string[];
  crashPoints: readonly string[];
  memory: readonly string[];
  /** Whole cells by their ids; excludes the others. */
  cells: readonly string[];
  /** What is done to the stopped state of each cell, of faults that end the system. Absent: it is aged. */
  aftermaths?: readonly Aftermath[];
  repeat: number;
}

/** `cell`: what was asked for. `control`: no fault, must hold. `canary`, in every run, and `mutant`: broken on purpose, must be caught. */
export type Role = 'cell' | 'control' | 'canary' | 'mutant';

export interface PlannedCell {
  id: string;
  role: Role;
  spec: CellSpec;
  system: System;
  release: Release;
  fault: Fault;
  crashPoint: CrashPoint;
}

/** A scenario with one system. */
export interface PlannedScenario {
  id: string;
  role: Role;
  spec: ScenarioSpec;
  system: System;
  release: Release;
  scenario: Scenario;
  /** Of an upgrade: the release before. */
  old?: Release;
}

export type Planned = PlannedCell | PlannedScenario;
export const isPlannedScenario = (planned: Planned): planned is PlannedScenario => 'scenario' in planned;

/** A seed that nobody chose is a short one, to be typed again. */
const SEEDS = 100_000;

/**
 * A scenario with each of its systems, or with those that are asked for.
 * @param seed of a scenario that leaves something to chance; absent: a fresh one, the same for all systems
 * @throws Problem bad-usage, no-such-version
 */
export async function planScenario(
  name: string,
  asked: readonly string[],
  isQuick: boolean,
  seed?: number,
): Promise<PlannedScenario[]> {
  const releases = new Releases();
  const { systems, draws } = choose('scenario', scenarios, name);
  if (name === UPGRADE)
    throw new Problem('bad-usage', 'an upgrade has two releases: `npx midwrite upgrade NAME@FROM..TO` runs it.');
  if (seed !== undefined && draws === undefined)
    throw new Problem('bad-usage', `--seed is for scenarios that leave something to chance, and ${name} does not.`);
  const drawn = draws === undefined ? undefined : (seed ?? randomInt(SEEDS));
  return Promise.all(
    (asked.length > 0 ? asked : systems).map((text) => withScenario('cell', name, text, isQuick, releases, drawn)),
  );
}

/**
 * An upgrade from one release to another.
 * @throws Problem bad-usage, no-such-version
 */
export async function planUpgrade(text: string, isQuick: boolean): Promise<PlannedScenario> {
  const match = /^([a-z][a-z0-9-]*)@(.+?)\.\.(.+)$/.exec(text);
  const [, system = '', from = '', to = ''] = match ?? [];
  if (match === null)
    throw new Problem('bad-usage', `"${text}" is not an upgrade. Write SYSTEM@FROM..TO, such as NAME@1.0.0..1.1.0.`);
  return withScenario('cell', UPGRADE, `${system}@${to}`, isQuick, new Releases(), undefined, from);
}

async function withScenario(
  role: Role,
  name: string,
  asked: string,
  isQuick: boolean,
  releases: Releases,
  seed?: number,
  from?: string,
): Promise<PlannedScenario> {
  const scenario = choose('scenario', scenarios, name);
  const release = await releases.ofName(asked);
  const { system, version, memory } = release;
  const memoryBytes = scenario.memoryBytes?.(release) ?? memory.defaultBytes;
  const drawn = seed === undefined ? {} : { seed };
  const old = from === undefined ? undefined : await releases.ofName(`${system}@${from}`);
  const before = old === undefined ? {} : { from: old.version };
  const most = Math.max(memoryBytes, old?.memory.defaultBytes ?? 0);
  const spec = { scenario: name, system, version, memoryBytes: most, isQuick, ...before, ...drawn };
  const planned = { id: scenarioId(spec), role, spec, system: systemNamed(system), release, scenario };
  return old === undefined ? planned : { ...planned, old };
}

/** What run.json and matrix.json say of a planned cell or scenario. */
export type PlannedName = { role: Role; id: string } & (object | ScenarioSpec);

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

/** The systems of a default plan, by what they are asked for with. */
export async function defaultSystems(): Promise<string[]> {
  const own = configured();
  return (own.length > 0 ? own : systems.filter((one) => one.inDefaultPlan)).map(({ name }) => name);
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

export function mutantOf(defect: string): System {
  const found = mutants.find((system) => system.mutant?.defect === defect);
  if (found !== undefined) return found;
  const known = mutants.map((system) => system.mutant?.defect).join(', ');
  throw new Problem('bad-usage', `Unknown mutant "${defect}". Available: ${known}.`);
}

/** The one cell that shows a mutant's defect, of the mutant or of the system that it was made from. */
async function specOf(system: System, mutant: Mutant, releases: Releases): Promise<CellSpec> {
  const release = await releases.ofName(system.name);
  if ('scenario' in mutant.shownBy) throw new Error(`${system.name} is shown by a scenario, and by no cell`);
  const { crashPoint, fault, aftermath } = mutant.shownBy;
  return {
    system: release.system,
    version: release.version,
    crashPoint,
    fault,
    memoryBytes: release.memory.defaultBytes,
    aftermath,
    attempt: 1,
  };
}

async function withControls(cells: readonly PlannedCell[], releases: Releases): Promise<PlannedCell[]> {
  const controls = await controlsFor(cells, releases);
  const all = [...controls, ...cells.filter((cell) => !controls.some((control) => control.id === cell.id))];
  const twice = all.find((cell, index) => all.findIndex((other) => other.id === cell.id) !== index);
  if (twice !== undefined)
    throw new Problem('bad-usage', `the cell ${twice.id} is named twice. Name it once and add --repeat 2.`);
  return all;
}

function fromIds(selection: Selection): CellSpec[] {
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

async function fromFilters(selection: Selection, releases: Releases): Promise<CellSpec[]> {
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

/** Every fault there is. */
const ALL = 'all';
export const asksForAll = (names: readonly string[]): boolean => names.includes(ALL);

const isOfDefaultPlan = (fault: Fault): boolean => fault.isControl !== true && fault.inDefaultPlan !== false;

/** Faults by their names, `all` for each of them but the control; undefined: none was named. */
export function faultsOf(names: readonly string[]): Fault[] | undefined {
  if (names.length === 0) return undefined;
  const others = names.filter((name) => name !== ALL).map(faultNamed);
  return asksForAll(names) ? knownFaults().filter((fault) => fault.isControl !== true) : others;
}

const isUnfitEverywhere = (fault: Fault, release: Release, points: readonly CrashPoint[]): boolean =>
  points.every((point) => whyUnfit(fault, point, release) !== undefined);

function controlPlace(release: Release): CrashPoint {
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

async function planned(role: Role, spec: CellSpec, releases: Releases): Promise<PlannedCell> {
  const { system, release } = await releases.of(spec.system, spec.version);
  const { minimumBytes } = release.memory;
  if (spec.memoryBytes < minimumBytes) {
    throw new Problem(
      'bad-usage',
      `${spec.system}@${spec.version} needs ${formatSize(minimumBytes)} of memory to boot, and ${formatSize(spec.memoryBytes)} (${mebibytes(spec.memoryBytes)}) was asked for. Give --memory ${formatSize(minimumBytes)} or more.`,
    );
  }
  const crashPoint = crashPointNamed(spec.crashPoint);
  const { store } = release.promises;
  if (!passes(crashPoint, store)) {
    const fitting = crashPoints.filter((one) => passes(one, store)).map((one) => one.name);
    throw new Problem(
      'bad-usage',
      `${spec.system}@${spec.version} has a store of ${store.format}: no write of it passes ${spec.crashPoint}. It has: ${fitting.join(', ')}.`,
    );
  }
  const fault = faultNamed(spec.fault);
  const all = crashPoints.filter((one) => passes(one, store));
  refuseUnfit(fault, crashPoint, release, all);
  refuseAftermath(fault, spec.aftermath, release);
  return { id: cellId(spec), role, spec, system, release, fault, crashPoint };
}

/** Asks npm once for each release. */
class Releases {
  readonly #known = new Map<string, Promise<Release>>();

  async ofName(text: string): Promise<Release> {
    const at = text.indexOf('@');
    const name = at === -1 ? text : text.slice(0, at);
    const system = systemNamed(name);
    return (await this.of(name, at === -1 ? system.defaultVersion : text.slice(at + 1))).release;
  }

  async of(name: string, version: string): Promise<{ system: System; release: Release }> {
    const system = systemNamed(name);
    const key = `${name}@${version}`;
    const known = this.#known.get(key) ?? system.release(version);
    this.#known.set(key, known);
    return { system, release: await known };
  }
}

function choose<T extends { name: string }>(kind: string, list: readonly T[], name: string): T {
  const found = list.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Problem('bad-usage', `Unknown ${kind} "${name}". Available: ${list.map((one) => one.name).join(', ')}.`);
}

/**
 * A release by NAME or NAME@VERSION, or, with a defect, of that system's mutant.
 * @throws Problem bad-usage, no-such-version
 */
export async function releaseNamed(text: string, defect?: string): Promise<Release> {
  if (defect === undefined) return new Releases().ofName(text);
  const broken = mutantOf(defect);
  const [name] = text.split('@');
  if (broken.mutant?.of !== name)
    throw new Problem('bad-usage', `${defect} is a defect of ${broken.mutant?.of}, and ${name} was asked for.`);
  return new Releases().ofName(broken.name);
}

/** A system of this lab, or none: a run may have been made with a config that is not here. */
export const knownSystem = (name: string): System | undefined =>
  [...mutants, ...knownSystems()].find((one) => one.name === name);
export const systemNamed = (name: string): System =>
  mutants.find((one) => one.name === name) ?? choose('system', knownSystems(), name);
export const faultNamed = (name: string): Fault => choose('fault', knownFaults(), name);
export const crashPointNamed = (name: string): CrashPoint => choose('crash point', crashPoints, name);
