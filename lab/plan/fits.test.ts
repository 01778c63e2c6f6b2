import { expect, test } from 'vitest';
import { whyUnfit } from './fits.ts';
import { plan } from './plan.ts';
import { planDuring } from './plan-during.ts';
import type { PlannedCell, Selection } from './planned.ts';

const asked = (more: Partial<Selection>): Selection => ({
  systems: ['reference'],
  faults: [],
  crashPoints: [],
  memory: [],
  cells: [],
  repeat: 1,
  ...more,
});
const cellsOf = (cells: readonly PlannedCell[], fault: string) =>
  cells.filter(({ role, spec }) => role === 'cell' && spec.fault === fault).map(({ spec }) => spec.crashPoint);

test.each([
  [['io-error'], ['replaced'], /io-error can't be injected at replaced: the call is held when the kernel has done it/],
  [['no-descriptors'], ['torn-append'], /write can’t return EMFILE.*Those that can: before-create\./],
  [
    ['short-write'],
    ['full-temp'],
    /rename writes no bytes.*Those that can: empty-temp, torn-temp, before-append, torn-append\./,
  ],
  [['sync-fails'], ['empty-temp', 'full-temp'], /write is no sync.*Those that can: unsynced-temp, before-sync\./],
])('%s at %s is refused with the places that can take it', async (faults, crashPoints, says) => {
  await expect(plan(asked({ faults, crashPoints }))).rejects.toThrow(says);
});

test('a fault that strikes the next write too strikes no boot, and not several writes at once', async () => {
  const cells = await plan(asked({ faults: ['kill-twice'] }));
  const { fault, crashPoint, release } = cells.find(({ role }) => role === 'cell') as PlannedCell;
  expect(whyUnfit(fault, crashPoint, release)).toBeUndefined();
  expect(whyUnfit(fault, crashPoint, { ...release, writesAtOnce: 3 })).toBe('several writes at once are struck once');
  await expect(planDuring(asked({ faults: ['kill-twice'] }), ['boot'], false)).rejects.toThrow(
    /kill-twice strikes a write and the next one, and a boot is none/,
  );
});

test('a whole cell by its id too', async () => {
  const cells = ['reference@1.0.0_replaced_io-error_192m'];
  await expect(plan(asked({ systems: [], cells }))).rejects.toThrow(/Those that can: before-create/);
});

test('a fault that no default place can take has its own places', async () => {
  expect(cellsOf(await plan(asked({ faults: ['sync-fails'] })), 'sync-fails')).toEqual([
    'unsynced-temp',
    'before-sync',
  ]);
  expect(cellsOf(await plan(asked({ faults: ['io-error'] })), 'io-error')).not.toContain('replaced');
});

test('all is every fault, and the default plan stays small', async () => {
  const [all, few] = await Promise.all([plan(asked({ faults: ['all'] })), plan(asked({}))]);
  const faultsOf = (cells: readonly PlannedCell[]) =>
    new Set(cells.filter(({ role }) => role === 'cell').map(({ spec }) => spec.fault));
  expect([...faultsOf(few)].sort()).toEqual(['oom', 'sigkill', 'sleep']);
  expect(faultsOf(all).size).toBeGreaterThan(20);
  expect(all.every(({ spec, role }) => role === 'control' || spec.fault !== 'none')).toBe(true);
});
