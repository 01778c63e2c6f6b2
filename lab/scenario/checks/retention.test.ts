import { describe, expect, test } from 'vitest';
import { judge } from '../../judge/judge.ts';
import { openclawModelRun } from '../../scenarios/openclaw-model-run.ts';
import { retention, type ToldOfRetention } from '../../test/healthy-retention.ts';
import type { StoredRow } from '../../workload/stored-rows.ts';

const DAY_MS = 24 * 60 * 60_000;

const judged = (told?: ToldOfRetention) =>
  Object.fromEntries(judge(retention(told)).checks.map((check) => [check.id, check]));
const verdicts = (told?: ToldOfRetention) =>
  Object.fromEntries(Object.values(judged(told)).map(({ id, verdict }) => [id, verdict]));
const HELD = {
  'durable-rows-stay': 'held',
  'probes-leave': 'held',
  'cleanup-as-announced': 'held',
  boots: 'held',
  survives: 'held',
};
/** The rows without one. */
const without = (key: string) => (rows: StoredRow[]) => rows.filter((row) => row.key !== key);

test('a system that keeps conversations and lets probes go holds', () => {
  expect(verdicts()).toEqual(HELD);
  expect(judged()['probes-leave']?.detail).toBe(
    '12 rows of one-shot runs got older than 48 hours, and none was left after 2 clean-ups',
  );
});

describe('durable-rows-stay', () => {
  test.each(['served', 'cleaned'] as const)('a conversation that is gone when it was %s', (moment) => {
    const told: ToldOfRetention = {
      rows: (rows, at) => (at.step === 2 && at.moment === moment ? without('cron-4')(rows) : rows),
    };
    expect(verdicts(told)).toEqual({ ...HELD, 'durable-rows-stay': 'violated' });
    const found = judged(told)['durable-rows-stay'];
    expect(found?.detail).toBe(
      `1 of 8 durable rows younger than 30 days are gone (1 in step 2, ${moment}: 1 cron), such as cron-4 (13.0 days)`,
    );
    expect(found?.lines).toHaveLength(1);
  });

  test('an expiry that takes every row that is older than a day', () => {
    const told: ToldOfRetention = {
      rows: (rows, { moment, now }) =>
        moment === 'served' ? rows.filter((row) => now - row.updatedAt < DAY_MS) : rows,
    };
    expect(judged(told)['durable-rows-stay']).toMatchObject({
      verdict: 'violated',
      detail: expect.stringMatching(/^8 of 8 durable rows .*8 in step 1, served/),
    });
  });

  test('one whose own time had come may go', () => {
    const told: ToldOfRetention = {
      rows: (rows, { step, moment }) => {
        if (step === 0)
          return rows.map((row) => (row.key === 'cron-4' ? { ...row, updatedAt: row.updatedAt - 25 * DAY_MS } : row));
        return step === 2 && moment === 'served' ? without('cron-4')(rows) : rows;
      },
    };
    expect(verdicts(told)).toEqual(HELD);
  });

  test('no count after the system had run: inconclusive', () => {
    expect(verdicts({ until: { step: 1, moment: 'served' } })['durable-rows-stay']).toBe('inconclusive');
    expect(verdicts({ rows: (rows) => rows.filter((row) => row.lasts === 'one-shot') })['durable-rows-stay']).toBe(
      'inconclusive',
    );
  });
});

describe('probes-leave', () => {
  const old: StoredRow[] = [];
  const staying = (count: number, until = 'cleaned'): ToldOfRetention => ({
    rows: (rows, { step, moment }) => {
      if (step === 2 && moment === 'passed')
        old.splice(0, old.length, ...rows.filter((row) => row.lasts === 'one-shot'));
      return step === 2 && moment === until ? [...rows, ...old.slice(0, count)] : rows;
    },
  });

  test('probes that never expire', () => {
    expect(verdicts(staying(12))).toEqual({ ...HELD, 'probes-leave': 'violated' });
    expect(judged(staying(12))['probes-leave']?.detail).toBe(
      'after the clean-up of step 2, 12 of 20 rows are of one-shot runs older than 48 hours: of the 500 that the store may have they leave 488, and 8 durable rows are there',
    );
  });

  test('probes that only the clean-up takes: no expiry was promised, or it was and is not kept', () => {
    expect(verdicts(staying(12, 'served'))).toEqual(HELD);
    const told = { ...staying(12, 'served'), expires: true };
    expect(verdicts(told)).toEqual({ ...HELD, 'probes-leave': 'violated' });
    expect(judged(told)['probes-leave']?.detail).toMatch(/^before the clean-up of step 2, 12 of 20 rows/);
    expect(verdicts({ expires: true })).toEqual(HELD);
  });

  test('one that is left is one too many', () => {
    expect(verdicts(staying(1))['probes-leave']).toBe('violated');
  });

  test('no clean-up, or no run that got old: inconclusive', () => {
    expect(verdicts({ until: { step: 1, moment: 'cleaned' } })['probes-leave']).toBe('inconclusive');
    expect(verdicts({ rows: (rows) => rows.filter((row) => row.lasts === 'durable') })['probes-leave']).toBe(
      'inconclusive',
    );
  });
});

describe('cleanup-as-announced', () => {
  test.each<[string, ToldOfRetention, RegExp]>([
    [
      'a dry run that takes rows away',
      { rows: (rows, { moment }) => (moment === 'announced' ? without('run-3')(rows) : rows) },
      /^the dry run took 1 rows away, such as run-3$/,
    ],
    [
      'other numbers than it has announced',
      { announced: { before: 20, after: 12 } },
      /^announced: 20 rows, 12 after it; found: 20, 20 after it$/,
    ],
    ['one that fails', { exitCode: 1 }, /^dry-run ended with 1: it can not$/],
  ])('%s', (_, told, says) => {
    expect(verdicts(told)).toEqual({ ...HELD, 'cleanup-as-announced': 'violated' });
    expect(judged(told)['cleanup-as-announced']?.detail).toMatch(says);
  });

  test('no dry run: inconclusive', () => {
    expect(verdicts({ until: { step: 1, moment: 'announced' } })['cleanup-as-announced']).toBe('inconclusive');
  });
});

test('the figures have the form of the document, and say what it says nothing of', () => {
  const figures = openclawModelRun.figures(retention());
  expect(figures[0]).toMatchObject({
    measured:
      '20: cron 2, group 2, direct 2, other 2, model-run 12; older7d 2, older1d 8, active4h 12; 60 % of the rows are of runs',
    reproduced: 'yes',
  });
  expect(figures.find((one) => one.what.startsWith('conversations'))).toMatchObject({
    measured: '0 of 8: 0 while the system ran, 0 by the clean-up',
    reproduced: 'no',
  });
  expect(figures.find((one) => one.what.startsWith('8 days later'))).toMatchObject({ reproduced: 'no' });
});
