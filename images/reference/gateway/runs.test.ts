import { expect, test } from 'vitest';
import type { Defect } from './defects.ts';
import { Runs } from './runs.ts';

function recorded(...defects: Defect[]) {
  const lines: Record<string, unknown>[] = [];
  const runs = new Runs((level, event, fields) => lines.push({ level, event, ...fields }), new Set(defects));
  return { runs, lines };
}

test('the steps of a run are counted, and nothing is left of it when it has ended', () => {
  const { runs, lines } = recorded();
  const run = runs.start('k'.repeat(256));
  expect({ running: runs.running, counters: runs.counters }).toEqual({ running: 1, counters: 1 });
  runs.step(run, 'asked');
  runs.step(run, 'kept', { turns: 3 });
  runs.end(run, 'ended');
  const fields = { level: 'info', event: 'run', run, key: 'k'.repeat(64) };
  expect(lines).toEqual([
    { ...fields, seq: 1, step: 'started' },
    { ...fields, seq: 2, step: 'asked' },
    { ...fields, seq: 3, step: 'kept', turns: 3 },
    { ...fields, seq: 4, step: 'ended' },
  ]);
  expect({ running: runs.running, counters: runs.counters }).toEqual({ running: 0, counters: 0 });
});

test('a run that fails leaves nothing either, and runs are counted apart', () => {
  const { runs, lines } = recorded();
  const [first, second] = [runs.start('a'), runs.start('b')];
  runs.end(first, 'failed', { error: 'why' });
  expect(lines.at(-1)).toMatchObject({ run: first, seq: 2, step: 'failed', key: 'a', error: 'why' });
  runs.end(second, 'ended');
  expect(lines.at(-1)).toMatchObject({ run: second, seq: 2, step: 'ended', key: 'b' });
  expect({ running: runs.running, counters: runs.counters }).toEqual({ running: 0, counters: 0 });
});

test('the defect run-counters-leak keeps the counter of each run', () => {
  const { runs } = recorded('run-counters-leak');
  for (let n = 0; n < 100; n += 1) runs.end(runs.start('a'), 'ended');
  expect({ running: runs.running, counters: runs.counters }).toEqual({ running: 0, counters: 100 });
});
