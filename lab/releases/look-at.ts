import { parseCellId } from '../cell-id.ts';
import { activityOf } from '../crash-point/activity.ts';
import type { Engine } from '../engine/engine.ts';
import { platformOf } from '../image/build.ts';
import { idOf } from '../image/given.ts';
import { tagOf } from '../image/recipe.ts';
import { releaseNamed } from '../plan/named.ts';
import { planRun } from '../plan/plan.ts';
import { planDuring } from '../plan/plan-during.ts';
import { planScenario, planUpgrade } from '../plan/plan-scenarios.ts';
import type { Planned, Selection } from '../plan/planned.ts';
import { describe, Problem } from '../problem.ts';
import { buildImagesOf, imageOf } from '../run/images.ts';
import type { Plan } from '../run/observe-plan.ts';
import type { Release } from '../system.ts';
import { type CellOfAny, cellOfRelease } from './cell-of.ts';

/** What is run of each release. */
export type What = { cell: CellOfAny } | { scenario: string; isQuick: boolean } | { upgrade: true; isQuick: boolean };

/** A release that can be run, and the id of its row; or why it can't. */
export type Prepared =
  | { version: string; release: Release; id: string; plan: Plan }
  /** `isSilent`: the registry did not answer, which says nothing of the release. */
  | { version: string; why: string; isSilent?: true };

const NONE: Selection = { systems: [], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };

/** Problems of one release: another one may be well. What is wrong with the machine or with what was asked for ends all. */
const OF_A_RELEASE: ReadonlySet<string> = new Set([
  'no-such-version',
  'no-registry',
  'stage-failed',
  'bad-usage',
  'process-failed',
]);

/**
 * Plans what is to be run of a release, and builds its image.
 * @param before the release before it, for an upgrade
 * @returns with `why`: npm has it no more, it does not install, it has no such crash point
 * @throws Problem of the machine: engine-lost, no-space, …
 */
export async function prepareRelease(
  engine: Engine,
  system: string,
  version: string,
  what: What,
  how: { say(line: string): void; signal: AbortSignal },
  before?: string,
): Promise<Prepared> {
  try {
    const release = await releaseNamed(`${system}@${version}`);
    if ('upgrade' in what && before === undefined)
      return { version, why: 'there is no release before it to be upgraded from' };
    const { id, plan } = await planOf(release, what, before);
    await buildImagesOf(engine, release, how);
    return { version, release, id, plan };
  } catch (error) {
    how.signal.throwIfAborted();
    const isOfBuild =
      error instanceof Problem && error.code === 'engine-failed' && /building|build/.test(error.message);
    if (error instanceof Problem && (OF_A_RELEASE.has(error.code) || isOfBuild))
      return {
        version,
        why: firstLines(describe(error)),
        ...(error.code === 'no-registry' && { isSilent: true as const }),
      };
    throw error;
  }
}

const LINES_SHOWN = 3;
const firstLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, LINES_SHOWN)
    .join(' | ');

async function planOf(release: Release, what: What, before?: string): Promise<{ id: string; plan: Plan }> {
  const name = `${release.system}@${release.version}`;
  if ('upgrade' in what) {
    const planned = await planUpgrade(`${release.system}@${before}..${release.version}`, what.isQuick);
    return { id: planned.id, plan: { cells: [planned], outsiders: [] } };
  }
  if ('scenario' in what) {
    const planned = await planScenario(what.scenario, [name], what.isQuick);
    return { id: planned[0]?.id ?? '', plan: { cells: planned, outsiders: [] } };
  }
  const id = cellOfRelease(what.cell, release);
  const selection = { ...NONE, cells: [id] };
  if (activityOf(parseCellId(id).crashPoint) === undefined)
    return { id, plan: { cells: await planRun(selection, [], false), outsiders: [] } };
  return { id, plan: { cells: [], outsiders: [], during: await planDuring(selection, [], false) } };
}

/** Several plans as one: controls that they share stand in it once. */
export function together(plans: readonly Plan[]): Plan {
  const cells = new Map<string, Planned>();
  for (const plan of plans) for (const cell of plan.cells) cells.set(cell.id, cell);
  return { cells: [...cells.values()], outsiders: [], during: plans.flatMap(({ during = [] }) => during) };
}

/** The tags of a release's own images: what is below them belongs to others too. */
function tagsOf(engine: Engine, { image, promises }: Release): string[] {
  const platform = platformOf(engine);
  return [tagOf(imageOf({ image, promises }), platform), tagOf(image, platform)];
}

/** Which of a release's own images the engine has. */
export async function imagesThere(engine: Engine, release: Release): Promise<string[]> {
  const tags = tagsOf(engine, release);
  const there = await Promise.all(tags.map((tag) => idOf(engine.docker, tag)));
  return tags.filter((_, index) => there[index] !== undefined);
}

/** Removes images by their tags, the upper ones first. */
export async function removeImages(engine: Engine, tags: readonly string[]): Promise<void> {
  for (const tag of tags)
    try {
      await engine.docker.getImage(tag).remove();
    } catch (error) {
      // Gone already, or another lab runs a container on it: then it is that one's to keep.
      const code = (error as { statusCode?: unknown }).statusCode;
      if (code !== 404 && code !== 409) throw error;
    }
}
