import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { connect, type Engine } from '../engine/engine.ts';
import { releaseNamed } from '../plan/named.ts';
import { buildImagesOf } from '../run/images.ts';
import { isFull } from '../test/full.ts';
import { folder } from '../test/midwrite.ts';
import { until } from '../wait.ts';
import { workloads } from '../workload/workload.ts';
import { readAsked } from './asked.ts';
import { JOURNAL_FILE } from './boot-journal.ts';
import type { Model } from './crash-state.ts';
import type { Exploration } from './exploration.ts';
import { DRAWS, explore } from './explore.ts';
import { readKeptState } from './kept-state.ts';

const LIMIT_MS = 240_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
beforeAll(async () => {
  engine = await connect(say);
});

interface Asks {
  defect?: string;
  workload?: string;
  models?: readonly Model[];
  maxStates: number;
  everyState?: boolean;
  maxDurationMs?: number;
  crashes?: number;
  /** Stops it. */
  signal?: AbortSignal;
}

async function explored(
  look: (found: Exploration, folder: string) => void | Promise<void>,
  options: Asks,
): Promise<void> {
  await using at = await folder();
  const into = path.join(at.path, 'explore-test');
  await look(await exploredIn(into, options), into);
}

/** @param isResumed there was an exploration in the folder before */
async function exploredIn(into: string, options: Asks, isResumed = false): Promise<Exploration> {
  const release = await releaseNamed('reference', options.defect);
  const images = await buildImagesOf(engine, release, { say, signal });
  const workload = workloads.find((one) => one.name === (options.workload ?? 'turn'));
  if (workload === undefined) throw new Error('no such workload');
  return explore(engine, { release, images, memoryBytes: release.memory.defaultBytes }, into, {
    workload,
    models: options.models ?? ['process-crash', 'power-loss'],
    maxStates: options.maxStates,
    everyState: options.everyState ?? false,
    ...DRAWS,
    maxDurationMs: options.maxDurationMs ?? Number.POSITIVE_INFINITY,
    ...(options.crashes !== undefined && { crashes: options.crashes }),
    ...(isResumed && { resume: await readAsked(into) }),
    jobs: 2,
    signal: options.signal ?? signal,
    say,
  });
}

/** Calls are numbered, and a session has another id every time. */
const causesOf = (found: Exploration, check: string, model: Model) =>
  found.findings.filter((one) => one.check === check && one.model === model).map((one) => one.cause);

test('the right gateway: its states hold, real crashes leave what the model says, and what was left out is told', {
  timeout: LIMIT_MS,
}, async () => {
  await explored(
    (found, into) => {
      expect(found.findings).toEqual([]);
      expect(found.confirmed.length).toBeGreaterThan(3);
      expect(found.confirmed.filter((one) => !one.agrees)).toEqual([]);
      // At least one of the three is known at both ages.
      expect([1, 2, 3]).toContain(found.states.booted);
      expect([1, 2, 3]).toContain(found.recoveries.recorded);
      expect(found.complete).toBe('no');
      expect(found.outcome).toEqual({
        verdict: 'inconclusive',
        ofTried: 'held',
        reasons: [
          `${found.states.leftOut} of ${found.states.distinct} distinct states were not booted (--max-states, --max-duration)`,
        ],
      });
      expect(found.map.at(-2)?.verdicts.map((one) => one.verdict)).toEqual(['held', 'held']);
      expect(['recoveries', 'confirm'].filter((name) => existsSync(path.join(into, name)))).toEqual([]);
    },
    { maxStates: 3 },
  );
});

test('every state of the right gateway is booted, or another one stands for it: it holds as a whole', {
  timeout: LIMIT_MS,
}, async () => {
  await explored(
    ({ outcome, complete, states, groups, recoveries }) => {
      expect(outcome).toEqual({ verdict: 'held', ofTried: 'held', reasons: [] });
      expect(complete).toBe('by-representatives');
      expect(states.booted).toBeGreaterThan(10);
      // A torn temp is the same to its recovery at each of its pages.
      expect(states.stoodFor).toBeGreaterThan(0);
      expect(states.booted + states.represented + states.stoodFor).toBe(states.distinct);
      expect(groups).toMatchObject({ seen: groups.all, settled: groups.all, split: [] });
      expect(recoveries.groups).toMatchObject({ seen: recoveries.groups.all, settled: recoveries.groups.all });
      expect(recoveries.crashPoints).toBeGreaterThan(recoveries.states);
      // Nearly all of them do the same.
      expect(recoveries.equal).toBeGreaterThan(recoveries.recorded / 2);
    },
    { models: ['process-crash'], maxStates: Number.POSITIVE_INFINITY, crashes: 0 },
  );
});

test('one that had no time left goes on: what it knows is not booted again, and it comes to the same', {
  timeout: LIMIT_MS,
}, async () => {
  await using at = await folder();
  const into = path.join(at.path, 'explore-test');
  const asks = { defect: 'fixed-temp-name', models: ['process-crash'], maxStates: 9_999, crashes: 2 } as const;
  const known = () => readFileSync(path.join(into, JOURNAL_FILE), 'utf8').trim().split('\n');
  // Stopped by hand, in the middle of a boot; then without time for anything more.
  const stop = new AbortController();
  const isUnderWay = until({ name: 'the first boots', limitMs: LIMIT_MS }, async () =>
    existsSync(path.join(into, JOURNAL_FILE)) && known().length > 3 ? true : undefined,
  ).then(() => stop.abort());
  await expect(exploredIn(into, { ...asks, signal: stop.signal })).rejects.toThrow();
  await isUnderWay;
  const first = known();
  const late = await exploredIn(into, { ...asks, maxDurationMs: 0 }, true);
  expect(late.complete).toBe('no');
  expect(known()).toEqual(first);
  const found = await exploredIn(into, asks, true);
  expect(found.complete).toBe('by-representatives');
  expect(known().slice(0, first.length)).toEqual(first);
  const boots = known().filter((line) => line.includes('"kind":"boot"'));
  expect(new Set(boots.map((line) => JSON.stringify([JSON.parse(line).digest, JSON.parse(line).age]))).size).toBe(
    boots.length,
  );
  expect(boots).toHaveLength(found.boots);
  expect(found.findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['no-orphans', 'sweep-on-boot']));
  expect(existsSync(path.join(into, 'recoveries'))).toBe(false);
});

/** What was found, without what another record of the same write has otherwise. */
const causesIn = ({ findings }: Exploration): string[] =>
  [...new Set(findings.map(({ check, model, place }) => `${check} ${model} ${place}`))].sort();

describe('ground truth: representatives find what every state finds', { timeout: 4 * LIMIT_MS }, () => {
  const all = { models: ['process-crash'], maxStates: Number.POSITIVE_INFINITY, crashes: 0 } as const;
  const both = { ...all, models: ['process-crash', 'power-loss'] } as const;
  test.runIf(isFull).each([
    ['fixed-temp-name', all],
    ['no-file-sync', both],
    ['rename-before-sync', both],
    ['no-directory-sync', both],
    ['acknowledge-before-write', both],
    ['write-in-place', both],
    ['second-boot-rewrites', both],
    [undefined, both],
  ] as const)('%s', async (defect, options) => {
    const found: Exploration[] = [];
    const asked = { ...options, ...(defect !== undefined && { defect }) };
    await explored((one) => void found.push(one), asked);
    await explored((one) => void found.push(one), { ...asked, everyState: true });
    const [fewer, every] = found;
    if (fewer === undefined || every === undefined) throw new Error('two explorations');
    expect([fewer.complete, every.complete]).toEqual(['by-representatives', 'every-state']);
    expect(causesIn(fewer)).toEqual(causesIn(every));
    expect(causesIn(every).length > 0).toBe(defect !== undefined);
    expect(fewer.boots).toBeLessThan(every.boots);
  });
});

describe('each mutant is caught, and the missing step is named', { timeout: LIMIT_MS }, () => {
  test.each([
    [
      'no-file-sync',
      'store-valid',
      'power-loss',
      /^the rename at call \d+ replaced \/state\/sessions\.json with data never synced/,
    ],
    [
      'rename-before-sync',
      'store-valid',
      'power-loss',
      /^the rename at call \d+ replaced \/state\/sessions\.json with data synced only at call \d+/,
    ],
    [
      'no-directory-sync',
      'acked-durable',
      'power-loss',
      /^call \d+ \((mkdir|create) .*\) is not on the disk: the folder \/state(\/transcripts)? was never synced/,
    ],
    [
      'acknowledge-before-write',
      'acked-durable',
      'process-crash',
      /^the acknowledgement went out before call 1 \(write \/state\/sessions\.journal\.\d+\)/,
    ],
    ['write-in-place', 'store-valid', 'process-crash', /^behind call \d+ \(truncate \/state\/sessions\.json\)/],
  ] as const)('%s', async (defect, check, model, says) => {
    await explored(
      async (found, into) => {
        expect(found.outcome.verdict).toBe('violated');
        const causes = causesOf(found, check, model);
        expect(
          causes.some((cause) => says.test(cause)),
          causes.join('\n'),
        ).toBe(true);
        const [first] = found.findings;
        const kept = await readKeptState(path.join(into, first?.kept ?? ''));
        expect(kept.cause).toBe(first?.cause);
      },
      { defect, maxStates: 0, crashes: 1 },
    );
  });

  // The one that is taken up again is this mutant, too.
  test.runIf(isFull)('fixed-temp-name, when the system is booted on what a crash left', async () => {
    await explored(
      (found) => {
        const orphans = found.findings.filter((one) => one.check === 'no-orphans');
        expect(orphans).toMatchObject([{ model: 'process-crash', booted: 'aged', promised: true }]);
        expect(orphans[0]?.detail).toMatch(/sessions\.json\.tmp/);
      },
      { defect: 'fixed-temp-name', models: ['process-crash'], maxStates: 12, crashes: 0 },
    );
  });
});

test('a state that is refused is booted again, and is a finding where it is refused again', {
  timeout: LIMIT_MS,
}, async () => {
  await explored(
    (found) => {
      expect(found.findings).toMatchObject([{ check: 'boots', model: 'process-crash' }]);
      // Of the one that is aged a record was begun.
      expect(found.boots).toBe(2);
      expect(found.outcome.ofTried).toBe('violated');
    },
    { defect: 'lock-by-pid-only', models: ['process-crash'], maxStates: 1, crashes: 0 },
  );
});

test.runIf(isFull)('what only a crash of the recovery shows is found', { timeout: LIMIT_MS }, async () => {
  await explored(
    (found) => {
      const causes = causesOf(found, 'boots', 'process-crash');
      expect(causes).toContainEqual(
        expect.stringMatching(/^in the recovery from .*: behind call \d+ \(mkdir \/state\/gateway\.owner\.reclaim\)/),
      );
      expect(found.findings.map(({ check }) => check)).toEqual(causes.map(() => 'boots'));
    },
    { defect: 'take-over-guard-stays', models: ['process-crash'], maxStates: Number.POSITIVE_INFINITY, crashes: 0 },
  );
});

test('a boot, a stop and a clean-up can be recorded as well', { timeout: LIMIT_MS }, async () => {
  for (const workload of isFull ? ['boot', 'stop', 'cleanup'] : ['boot'])
    await explored(
      (found) => {
        expect(found.findings).toEqual([]);
        expect(found.outcome.reasons.filter((one) => !one.includes('not booted'))).toEqual([]);
        expect(found.confirmed.length, workload).toBeGreaterThan(0);
        expect(found.confirmed.filter((one) => !one.agrees)).toEqual([]);
      },
      { workload, maxStates: 0, crashes: 3 },
    );
});
