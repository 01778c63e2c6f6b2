import pMap from 'p-map';
import { watchActivity } from '../during/watch.ts';
import type { Engine } from '../engine/engine.ts';
import type { PlannedExploration } from '../explore/plan-explorations.ts';
import { type Observation, observe } from '../observe/observe.ts';
import { withAnswers } from '../observe/plan-places.ts';
import { canaries } from '../plan/controls.ts';
import { cellsDuring, type During, watchedInWords } from '../plan/plan-during.ts';
import { cellsOf, type Outsider } from '../plan/plan-outside.ts';
import type { Planned } from '../plan/planned.ts';
import { Problem } from '../problem.ts';
import type { Shard } from '../results.ts';
import { slowed } from '../session/slowed.ts';
import { withOwnStart } from '../source/own-start.ts';
import { isJudgedByAnswers } from '../system.ts';
import type { Images } from './images.ts';

/** What is to run. Cells of systems from outside are planned when their writes were observed. */
export interface Plan {
  cells: readonly Planned[];
  outsiders: readonly Outsider[];
  /** Boots, stops and clean-ups that are to be struck: their cells are planned when they were watched. Absent: none. */
  during?: readonly During[];
  /** What is explored when the cells have run. Absent: nothing. */
  explorations?: readonly PlannedExploration[];
  /** The part of all of it that is to run. Absent: all. */
  part?(cells: readonly Planned[]): { cells: Planned[]; shard?: Shard };
  /** How a cell of it is run again. */
  again?: string;
  /** Gets what each observation saw, before its cells run. */
  told?(outsider: Outsider, observation: Observation): void;
}

/** Watches a write of each system from outside, so many at a time, and plans its cells behind those that were planned before. */
export async function observeAll(
  plan: Plan,
  { engine, images }: { engine: Engine; images: Images },
  { jobs, signal, say }: { jobs: number; signal: AbortSignal; say: (line: string) => void },
): Promise<Planned[]> {
  const cells: Planned[] = [...(await canaries()), ...plan.cells];
  const watched = await allOf(plan.outsiders, jobs, signal, (asked, stop) => {
    const system = images.system.get(`${asked.release.system}@${asked.release.version}`) ?? '';
    return observeOne(engine, asked, { system, sidecar: images.sidecar }, stop, say);
  });
  for (const { outsider, observation } of watched) {
    plan.told?.(outsider, observation);
    cells.push(...cellsOf(outsider, observation));
  }
  for (const asked of plan.during ?? []) {
    signal.throwIfAborted();
    const { memoryBytes, every, activity } = asked;
    const release = await withOwnStart(engine, asked.release, { say, signal });
    const system = images.system.get(`${release.system}@${release.version}`) ?? '';
    const observed = { release, images: { system, sidecar: images.sidecar }, memoryBytes };
    const how = { label: `watch-${release.system}`, every, signal };
    say(`${release.system}@${release.version}: an undisturbed ${activity}`);
    const asWatched = isJudgedByAnswers(release)
      ? withAnswers(release, await observe(engine, observed, { ...how, every: false }))
      : release;
    const watched = await watchActivity(engine, { ...observed, release: asWatched }, activity, how);
    for (const line of watchedInWords(asked, watched)) say(line);
    cells.push(...cellsDuring(asked, watched, asWatched));
  }
  const seen = new Set<string>();
  return cells.filter(({ id }) => !seen.has(id) && seen.add(id) !== undefined);
}

/** The results in the order of their items. What fails first stops the others, and is thrown when they have cleaned up. */
async function allOf<Item, Result>(
  items: readonly Item[],
  jobs: number,
  signal: AbortSignal,
  one: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const begun: Promise<Result>[] = [];
  const begin = (item: Item): Promise<Result> => {
    either.throwIfAborted();
    const result = one(item, either);
    begun.push(result);
    return result;
  };
  try {
    return await pMap(items, begin, { concurrency: jobs });
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(begun);
    throw error;
  }
}

async function observeOne(
  engine: Engine,
  outsider: Outsider,
  images: { system: string; sidecar: string },
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<{ outsider: Outsider; observation: Observation }> {
  const { system, memoryBytes, every, otherwise } = outsider;
  const slowness = engine.slowness ?? 1;
  const started = { ...outsider, release: await withOwnStart(engine, outsider.release, { say, signal }) };
  const release = slowed(started.release, slowness);
  say(`${system.name}: two undisturbed lives`);
  const how = { label: `observe-${system.name}`, every, signal };
  try {
    const seen = await observe(engine, { release, images, memoryBytes }, how);
    // Its cells are slowed once more: what was learned is kept as on a machine like any other.
    const observation = seen.quietMs === undefined ? seen : { ...seen, quietMs: seen.quietMs / slowness };
    return { outsider: started, observation };
  } catch (error) {
    if (otherwise === undefined || !(error instanceof Problem) || error.code !== 'write-failed') throw error;
    // What is wrong with the first way is what a person wants to hear if the second one does not work either.
    const second = await observeOne(engine, otherwise, images, signal, say).catch(() => undefined);
    if (second === undefined) throw error;
    return second;
  }
}
