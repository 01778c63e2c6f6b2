import { randomInt } from 'node:crypto';
import { Problem } from '../problem.ts';
import { scenarioId } from '../scenario/scenario-id.ts';
import { scenarios } from '../scenarios/index.ts';
import { UPGRADE } from '../scenarios/upgrade.ts';
import { choose, parseUpgrade, Releases, systemNamed } from './named.ts';
import type { PlannedScenario, Role } from './planned.ts';

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
  const { system, from, to } = parseUpgrade(text);
  return withScenario('cell', UPGRADE, `${system}@${to}`, isQuick, new Releases(), undefined, from);
}

export async function withScenario(
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
  // A release that lacks what the scenario is about is refused before anything runs.
  scenario.boot?.(release);
  const memoryBytes = scenario.memoryBytes?.(release) ?? memory.defaultBytes;
  const drawn = seed === undefined ? {} : { seed };
  const old = from === undefined ? undefined : await releases.ofName(`${system}@${from}`);
  const before = old === undefined ? {} : { from: old.version };
  const most = Math.max(memoryBytes, old?.memory.defaultBytes ?? 0);
  const spec = { scenario: name, system, version, memoryBytes: most, isQuick, ...before, ...drawn };
  const planned = { id: scenarioId(spec), role, spec, system: systemNamed(system), release, scenario };
  return old === undefined ? planned : { ...planned, old };
}
