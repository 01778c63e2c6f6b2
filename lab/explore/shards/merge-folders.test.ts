import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { explored, finding } from '../../test/explored.ts';
import { folder } from '../../test/midwrite.ts';
import { keepAsked } from '../asked.ts';
import { type Exploration, type FoundFinding, readExploration } from '../exploration.ts';
import { explorationInWords } from '../report.ts';
import { keepExploration } from '../run-explorations.ts';
import { mergeExplorationFolders } from './merge-folders.ts';

const COUNT = 3;

interface Part {
  index: number;
  count?: number;
  planHash?: string;
  findings?: readonly FoundFinding[];
  more?: Partial<Exploration>;
  /** It did not come to its end. */
  isBegun?: boolean;
  isWhole?: boolean;
  seed?: number;
  /** The group that all shards have states of. */
  young?: { key: string; seen: boolean; settled: boolean };
}

const group = (key: string, seen = true, settled = true) => ({ key, seen, settled });

/** A shard as the explorer leaves it. @returns its folder */
async function store(root: string, part: Part): Promise<string> {
  const {
    index,
    count = COUNT,
    planHash = 'abc',
    findings = [],
    more = {},
    isBegun,
    isWhole,
    seed = 1,
    young = group('young'),
  } = part;
  const at = path.join(root, `shard-${index}-${Math.random().toString(36).slice(2)}`);
  await mkdir(path.join(at, 'record'), { recursive: true });
  await writeFile(path.join(at, 'record/record.jsonl'), `${index}\n`);
  for (const { kept } of findings) {
    await mkdir(path.join(at, kept), { recursive: true });
    await writeFile(path.join(at, kept, 'state.json'), `of ${index}\n`);
  }
  const shard = { index, count };
  await keepAsked(at, {
    midwriteVersion: '1',
    system: 'one',
    version: '1.0.0',
    image: 'one:1',
    workload: 'turn',
    models: ['process-crash', 'power-loss'],
    everyState: false,
    seed,
    samples: 200,
    ...(isWhole !== true && { shard }),
  });
  if (isBegun === true) return at;
  const groups = { write: [group(`only ${index}`), young], recovery: [group('recovery')] };
  const found = explored(findings, { ...more, ...(isWhole !== true && { shard: { ...shard, planHash, groups } }) });
  await keepExploration(at, found);
  return at;
}

async function merged(
  parts: readonly Part[],
  look: (found: Exploration, into: string) => void | Promise<void>,
): Promise<void> {
  await using root = await folder();
  const folders: string[] = [];
  for (const part of parts) folders.push(await store(root.path, part));
  const into = path.join(root.path, 'merged');
  const found = await mergeExplorationFolders(folders, into);
  expect(await readExploration(into)).toEqual(found);
  await look(found, into);
}

const all: readonly Part[] = [{ index: 1 }, { index: 2 }, { index: 3 }];

describe('shards of an exploration, merged', () => {
  test('hold where all of them do: what each booted is added up, what all judged is told once', async () => {
    await merged(all.toReversed(), async (found, into) => {
      const one = explored();
      expect(found.outcome).toEqual({ verdict: 'held', ofTried: 'held', reasons: [] });
      expect(found.complete).toBe('by-representatives');
      expect(found.states).toEqual({ distinct: 18, booted: 12, represented: 3, stoodFor: 3, leftOut: 0 });
      expect(found.boots).toBe(3 * one.boots);
      expect(found.recoveries).toMatchObject({ recorded: 3, states: 6 });
      // The group of young states is in all of them.
      expect(found.groups).toMatchObject({ all: 4, seen: 4, settled: 4 });
      expect(found.recoveries.groups.all).toBe(1);
      expect(found.models).toEqual(one.models);
      expect(found.map).toEqual(one.map);
      expect(found.confirmed).toHaveLength(3);
      expect(found.tookMs).toEqual(one.tookMs);
      expect(found.mergedFrom).toEqual({ count: 3, shards: [1, 2, 3] });
      expect(found.shard).toBeUndefined();
      expect(explorationInWords(found)).toMatch(/✓ held, complete by representatives, merged from 3 of 3 shards/);
      expect(await readFile(path.join(into, 'record/record.jsonl'), 'utf8')).toBe('1\n');
    });
  });

  test('a shard that is not there, or did not come to its end, takes from the whole: never held', async () => {
    await merged([{ index: 1 }, { index: 3 }], ({ outcome, complete }) => {
      expect(outcome).toEqual({
        verdict: 'inconclusive',
        ofTried: 'held',
        reasons: ['shard 2/3 is not there: what it would have booted is not known'],
      });
      expect(complete).toBe('no');
    });
    await merged([{ index: 1 }, { index: 2, isBegun: true }, { index: 3 }], ({ outcome }) => {
      expect(outcome.reasons).toEqual(['shard 2/3 did not come to its end: what it would have booted is not known']);
      expect(outcome.verdict).toBe('inconclusive');
    });
  });

  test('a group that one of them has not settled is not settled', async () => {
    const young = group('young', true, false);
    await merged([{ index: 1 }, { index: 2, young }, { index: 3 }], ({ groups: { all: count, seen, settled } }) => {
      expect([count, seen, settled]).toEqual([4, 4, 3]);
    });
  });

  test('what one of them found is found, with the state that it kept; what several found is one finding', async () => {
    const early = finding({ calls: [2], booted: 'aged', kept: 'states/a', states: 2, step: 1 });
    const again = { ...early, kept: 'states/b', states: 3, step: 4 };
    const { calls: _, ...inRecovery } = { ...early, kept: 'states/c', states: 1, step: 0 };
    const before = finding({ check: 'all-or-nothing', calls: [2], kept: 'states/d', states: 5 });
    const parts = [
      { index: 1, findings: [inRecovery, before] },
      { index: 2, findings: [again, { ...before, states: 6 }] },
      { index: 3, findings: [early] },
    ];
    await merged(parts, async (found, into) => {
      expect(found.outcome.verdict).toBe('violated');
      expect(found.findings.map(({ check, kept, states }) => [check, kept, states])).toEqual([
        // Told of the write, at its first crash point; each booted states of its own.
        ['store-valid', 'states/a', 6],
        // Seen by each in all states.
        ['all-or-nothing', 'states/d', 6],
      ]);
      expect(await readFile(path.join(into, 'states/a/state.json'), 'utf8')).toBe('of 3\n');
      expect(existsSync(path.join(into, 'states/b'))).toBe(false);
      for (const { kept, reproduce } of found.findings) {
        const shown = path.join(path.relative(process.cwd(), into), kept);
        expect(reproduce).toBe(`npx midwrite explore --state ${shown}`);
      }
      expect(found.map[2]?.verdicts[1]).toMatchObject({
        verdict: 'violated',
        violated: ['store-valid', 'all-or-nothing'],
      });
    });
  });

  test('a finding counts though a shard is missing; what one could not judge is told with its number', async () => {
    await merged([{ index: 2, findings: [finding()] }], ({ outcome }) => {
      expect(outcome.verdict).toBe('violated');
      expect(outcome.reasons).toHaveLength(2);
    });
    const reasons = ['the replay is not the folder'];
    const unsure: Exploration['outcome'] = { verdict: 'inconclusive', ofTried: 'inconclusive', reasons };
    const parts = [{ index: 1 }, { index: 2, more: { outcome: unsure } }, { index: 3 }];
    await merged(parts, ({ outcome }) => {
      expect(outcome).toEqual({ ...unsure, reasons: ['shard 2/3: the replay is not the folder'] });
    });
    // Of a record that proves nothing no finding is proven.
    const broken = { index: 2, findings: [finding()], more: { outcome: unsure } };
    await merged([{ index: 1 }, broken, { index: 3 }], ({ outcome }) => expect(outcome.verdict).toBe('inconclusive'));
  });

  test('what is no shard, is there twice or is of another plan is refused', async () => {
    const refused = async (parts: readonly Part[], code: string, says: RegExp) => {
      const merging = merged(parts, () => undefined);
      await expect(merging).rejects.toMatchObject({ code });
      await expect(merging).rejects.toThrow(says);
    };
    await refused([{ index: 1 }, { index: 2, isWhole: true }], 'bad-usage', /is a whole exploration, not a shard/);
    await refused([...all, { index: 2 }], 'bad-usage', /shard 2\/3 .* are the same shard/);
    await refused(
      [{ index: 1 }, { index: 2, planHash: 'of another seed' }],
      'bad-results',
      /not of one plan \(abc and of another/,
    );
    await refused([{ index: 1 }, { index: 2, count: 4 }], 'bad-results', /not of one plan/);
    await refused([{ index: 1 }, { index: 2, seed: 2 }], 'bad-results', /not of one plan: seed is 1 and 2/);
    // One that did not come to its end is of a plan all the same.
    await refused([{ index: 1, isBegun: true, seed: 2 }, { index: 2 }], 'bad-results', /seed is 2 and 1/);
    await refused([{ index: 1, isBegun: true }], 'bad-results', /none of the shards came to its end/);
    await using root = await folder();
    const run = path.join(root.path, 'run');
    await mkdir(run);
    const shard = await store(root.path, { index: 1 });
    await expect(mergeExplorationFolders([shard, run], path.join(root.path, 'm'))).rejects.toThrow(/is no exploration/);
    await rm(run, { recursive: true });
  });
});
