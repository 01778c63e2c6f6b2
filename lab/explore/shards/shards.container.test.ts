import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { connect, type Engine } from '../../engine/engine.ts';
import { releaseNamed } from '../../plan/named.ts';
import { buildImagesOf } from '../../run/images.ts';
import { isFull } from '../../test/full.ts';
import { folder } from '../../test/midwrite.ts';
import { workloadOf } from '../../workload/workload.ts';
import type { Exploration } from '../exploration.ts';
import { DRAWS, explore } from '../explore.ts';
import { keepExploration } from '../run-explorations.ts';
import { mergeExplorationFolders } from './merge-folders.ts';
import type { ExplorationShard } from './part.ts';

const LIMIT_MS = 900_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
beforeAll(async () => {
  engine = await connect(say);
});

async function exploredIn(into: string, shard?: ExplorationShard): Promise<Exploration> {
  const release = await releaseNamed('reference', 'fixed-temp-name');
  const images = await buildImagesOf(engine, release, { say, signal });
  const found = await explore(engine, { release, images, memoryBytes: release.memory.defaultBytes }, into, {
    workload: workloadOf('turn', release),
    models: ['process-crash'],
    maxStates: Number.POSITIVE_INFINITY,
    everyState: false,
    ...DRAWS,
    maxDurationMs: Number.POSITIVE_INFINITY,
    ...(shard !== undefined && { shard }),
    crashes: 2,
    jobs: 2,
    signal,
    say,
  });
  await keepExploration(into, found);
  return found;
}

/** What was found, without what another record of the same write has otherwise. */
const causesIn = ({ findings }: Exploration): string[] =>
  [...new Set(findings.map(({ check, model }) => `${check} ${model}`))].sort();

// The command line's own test has two shards and their merge, of a state each.
test.runIf(isFull)(
  'two shards, each with a record of its own, find together what the whole finds, and boot its states once',
  {
    timeout: LIMIT_MS,
  },
  async () => {
    await using root = await folder();
    const at = (name: string) => path.join(root.path, name);
    const whole = await exploredIn(at('whole'));
    const parts = [
      await exploredIn(at('one'), { index: 1, count: 2 }),
      await exploredIn(at('two'), { index: 2, count: 2 }),
    ];
    const merged = await mergeExplorationFolders([at('two'), at('one')], at('merged'));
    expect(causesIn(merged)).toEqual(causesIn(whole));
    expect(causesIn(merged)).toEqual(['no-orphans process-crash', 'sweep-on-boot process-crash']);
    // What can't be used of a recovery on a busy machine is told of each, and is another one each time.
    expect([merged.outcome.verdict, merged.outcome.ofTried]).toEqual([whole.outcome.verdict, whole.outcome.ofTried]);
    expect(merged.complete).toBe('by-representatives');
    expect(merged.states.distinct).toBe(whole.states.distinct);
    expect(merged.groups.all).toBe(whole.groups.all);
    expect(merged.groups.settled).toBe(merged.groups.all);
    expect(merged.confirmed).toHaveLength(whole.confirmed.length);
    for (const { states } of parts) expect(states.distinct).toBeLessThan(whole.states.distinct * 0.75);
  },
);
