import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { connect, type Engine } from '../../engine/engine.ts';
import { releaseNamed } from '../../plan/named.ts';
import { buildImagesOf } from '../../run/images.ts';
import type { Release } from '../../system.ts';
import { isFull } from '../../test/full.ts';
import { folder } from '../../test/midwrite.ts';
import { workloadOf } from '../../workload/workload.ts';
import type { Exploration } from '../exploration.ts';
import { DRAWS, explore } from '../explore.ts';
import { readKeptState } from '../kept-state.ts';
import { openRecord } from '../record-file.ts';

const LIMIT_MS = 300_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
let images: Awaited<ReturnType<typeof buildImagesOf>>;
let right: Release;
beforeAll(async () => {
  engine = await connect(say);
  right = await releaseNamed('reference');
  images = await buildImagesOf(engine, right, { say, signal });
}, LIMIT_MS);

async function explored(release: Release, into: string): Promise<Exploration> {
  return explore(engine, { release, images, memoryBytes: release.memory.defaultBytes }, into, {
    workload: workloadOf('turn', release),
    models: ['process-crash', 'power-loss'],
    maxStates: 0,
    crashes: 0,
    everyState: false,
    ...DRAWS,
    maxDurationMs: Number.POSITIVE_INFINITY,
    jobs: 1,
    signal,
    say,
  });
}

/** The gateway itself, but one sync of its life does nothing: the nth that it asks Node for. */
function withoutSync(release: Release, nth: number): Release {
  const code = `
    import { open } from 'node:fs/promises';
    const handle = await open('/dev/null');
    const kind = Object.getPrototypeOf(handle);
    await handle.close();
    let count = 0;
    for (const name of ['sync', 'datasync']) {
      const real = kind[name];
      kind[name] = function () {
        count += 1;
        return count === ${nth} ? Promise.resolve() : real.call(this);
      };
    }`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`;
  return { ...release, boot: { ...release.boot, env: { ...release.boot.env, NODE_OPTIONS } } };
}

/** What breaks under a power loss, and the folder or file that was not synced, without the ids of a record. */
const brokenIn = ({ findings }: Exploration): string[] =>
  [...new Set(findings.map(({ check, model }) => `${check} (${model})`))].sort();

describe('what is said of each sync of the right gateway is found in the gateway without it', () => {
  // Each mutant below is one of them.
  test.runIf(isFull)('all of them', { timeout: LIMIT_MS }, async () => {
    await using root = await folder();
    const into = path.join(root.path, 'right');
    const { advice, findings } = await explored(right, into);
    expect(findings).toEqual([]);
    const syncs = (advice?.steps ?? []).filter(({ kind }) => kind !== 'rename');
    expect(syncs.length).toBeGreaterThan(8);
    // Those before the record count too: the gateway counts from its start.
    using open = openRecord(path.join(into, 'record'));
    const before = open.record.seen.filter((event) => event.ev === 'op' && event.op === 'sync').length;
    const said: string[][] = [];
    const found: string[][] = [];
    for (const [index, sync] of syncs.entries()) {
      const without = await explored(
        withoutSync(right, before + index + 1),
        path.join(root.path, `without-${sync.call}`),
      );
      // It is the right one that is gone: the calls before it are the same, and it is not among them.
      expect(without.map.length, `call ${sync.call}`).toBe(1 + open.record.steps.length - 1);
      said.push([`call ${sync.call}`, ...sync.breaks.map(({ check, model }) => `${check} (${model})`).sort()]);
      found.push([`call ${sync.call}`, ...brokenIn(without)]);
    }
    expect(found).toEqual(said);
    // Both kinds are among them.
    expect(new Set(syncs.map(({ advice: one }) => one))).toEqual(new Set(['needed', 'redundant']));
    for (const { breaks } of syncs)
      for (const { kept } of breaks)
        expect((await readKeptState(path.join(into, kept ?? ''))).system).toBe('reference');
  });

  // What it lacks is what the right one has.
  test.each([
    ['no-file-sync', /^file sync: \/state\/sessions\.json\..*\.tmp$/],
    ['rename-before-sync', /^file sync: \/state\/sessions\.json\..*\.tmp$/],
    ['no-directory-sync', /^folder sync: \/state(\/transcripts)?$/],
  ] as const)('%s lacks what the right one has', { timeout: LIMIT_MS }, async (defect, is) => {
    await using root = await folder();
    const broken = await releaseNamed('reference', defect);
    const { advice, findings } = await explored(broken, path.join(root.path, 'broken'));
    const missing = (advice?.missing ?? []).map(({ of, path: file }) => `${of} sync: ${file}`);
    expect(missing.length).toBeGreaterThan(0);
    for (const one of missing) expect(one).toMatch(is);
    expect(advice?.beyond).toEqual([]);
    const saved = new Set(advice?.missing.flatMap(({ saves }) => saves.map(({ check }) => check)));
    expect([...saved].sort()).toEqual([...new Set(findings.map(({ check }) => check))].sort());
  });

  test('an answer that is given before its write is too early', { timeout: LIMIT_MS }, async () => {
    await using root = await folder();
    const early = await releaseNamed('reference', 'acknowledge-before-write');
    const { advice } = await explored(early, path.join(root.path, 'early'));
    expect(advice?.answers).toMatchObject([{ turn: 'struck', advice: 'too early', call: 1 }]);
    expect(advice?.answers[0]?.earliest).toBeGreaterThan(2);
  });
});
