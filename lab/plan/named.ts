import { mutants, systems, unseenDefects } from '../../images/index.ts';
import { type CrashPoint, crashPoints } from '../crash-point/write-shape.ts';
import type { Fault } from '../fault.ts';
import { configured, knownFaults, knownSystems } from '../known.ts';
import { Problem } from '../problem.ts';
import type { Release, System } from '../system.ts';

/** The systems of a default plan, by what they are asked for with. */
export async function defaultSystems(): Promise<string[]> {
  const own = configured();
  return (own.length > 0 ? own : systems.filter((one) => one.inDefaultPlan)).map(({ name }) => name);
}

export function mutantOf(defect: string): System {
  const found = withDefect(defect);
  if (found === undefined) throw unknownMutant(defect, defectsOfCells);
  return found;
}

const withDefect = (defect: string): System | undefined => mutants.find((system) => system.mutant?.defect === defect);

const defectsOfCells: readonly string[] = mutants.flatMap(({ mutant }) =>
  mutant === undefined ? [] : [mutant.defect],
);

const unknownMutant = (defect: string, known: readonly string[]): Problem =>
  new Problem('bad-usage', `Unknown mutant "${defect}". Available: ${known.join(', ')}.`);

/**
 * The system with a defect, also one that no cell shows, and the right one that it is of.
 * @throws Problem bad-usage
 */
export function brokenBy(defect: string): { of: string; system: System } {
  const unseen = unseenDefects.find((one) => one.defect === defect);
  if (unseen !== undefined) return unseen;
  const system = withDefect(defect);
  if (system === undefined) throw unknownMutant(defect, [...defectsOfCells, ...unseenDefects.map((one) => one.defect)]);
  return { of: system.mutant?.of ?? '', system };
}

/** Every fault there is. */
const ALL = 'all';

export const asksForAll = (names: readonly string[]): boolean => names.includes(ALL);

/** Faults by their names, `all` for each of them but the control; undefined: none was named. */
export function faultsOf(names: readonly string[]): Fault[] | undefined {
  if (names.length === 0) return undefined;
  const others = names.filter((name) => name !== ALL).map(faultNamed);
  return asksForAll(names) ? knownFaults().filter((fault) => fault.isControl !== true) : others;
}

/** Asks npm once for each release. */
export class Releases {
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

export function choose<T extends { name: string }>(kind: string, list: readonly T[], name: string): T {
  const found = list.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Problem('bad-usage', `Unknown ${kind} "${name}". Available: ${list.map((one) => one.name).join(', ')}.`);
}

/**
 * The releases of an upgrade, each a release, a range or a tag.
 * @throws Problem bad-usage
 */
export function parseUpgrade(text: string): { system: string; from: string; to: string } {
  const [, system, from, to] = /^([a-z][a-z0-9-]*)@(.+?)\.\.(.+)$/.exec(text) ?? [];
  if (system === undefined || from === undefined || to === undefined)
    throw new Problem('bad-usage', `"${text}" is not an upgrade. Write SYSTEM@FROM..TO, such as NAME@1.0.0..1.1.0.`);
  return { system, from, to };
}

/**
 * A release by NAME or NAME@VERSION, or, with a defect, of that system's mutant.
 * @throws Problem bad-usage, no-such-version
 */
export async function releaseNamed(text: string, defect?: string): Promise<Release> {
  if (defect === undefined) return new Releases().ofName(text);
  const { of, system } = brokenBy(defect);
  const [name] = text.split('@');
  if (of !== name) throw new Problem('bad-usage', `${defect} is a defect of ${of}, and ${name} was asked for.`);
  return new Releases().ofName(system.name);
}

/** A system of this lab, or none: a run may have been made with a config that is not here. */
export const knownSystem = (name: string): System | undefined =>
  [...allBroken(), ...knownSystems()].find((one) => one.name === name);

const allBroken = (): readonly System[] => [...mutants, ...unseenDefects.map(({ system }) => system)];

export const systemNamed = (name: string): System =>
  allBroken().find((one) => one.name === name) ?? choose('system', knownSystems(), name);

export const faultNamed = (name: string): Fault => choose('fault', knownFaults(), name);

export const crashPointNamed = (name: string): CrashPoint => choose('crash point', crashPoints, name);
