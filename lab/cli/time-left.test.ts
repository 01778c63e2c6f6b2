import { expect, test } from 'vitest';
import { plan } from '../plan/plan.ts';
import { planScenario } from '../plan/plan-scenarios.ts';
import { TimeLeft } from './time-left.ts';

test('the time left goes by what cells took before, then by what others took', async () => {
  const cells = await plan({
    systems: ['reference'],
    faults: ['sigkill'],
    crashPoints: ['replaced'],
    memory: [],
    cells: [],
    repeat: 1,
  });
  const [control, canary, cell] = cells;
  if (control === undefined || canary === undefined || cell === undefined) throw new Error('the plan has three cells');
  expect(new TimeLeft(cells, 1, new Map()).inWords()).toBeUndefined();
  const known = new TimeLeft(cells, 2, new Map(cells.map((one) => [one.id, 60_000])));
  expect(known.inWords()).toBe('about 2 min');
  const left = new TimeLeft(cells, 1, new Map());
  left.ended(control, 4_000);
  expect(left.ms()).toBe(8_000);
  left.ended(canary, 10_000);
  expect(left.inWords()).toBe('about 4 s');
  left.ended(cell, 1);
  expect(left.ms()).toBe(0);
});

test('a long one goes on at the pace that it has shown', async () => {
  const [long] = await planScenario('openclaw-89520', ['reference'], false);
  if (long === undefined) throw new Error('the scenario has one system');
  const left = new TimeLeft([long], 1, new Map());
  left.started(long, 1_000);
  left.progressed(long, 0, 2_000);
  expect(left.ms(2_000)).toBeUndefined();
  left.progressed(long, 0.25, 11_000);
  expect(left.ms(11_000)).toBe(30_000);
  expect(left.ms(21_000)).toBe(20_000);
});
