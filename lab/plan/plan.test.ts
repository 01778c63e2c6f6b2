import { describe, expect, test } from 'vitest';
import { plan } from './plan.ts';
import type { Selection } from './planned.ts';

const all: Selection = { systems: ['reference'], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };
const ids = async (more: Partial<Selection> = {}) => (await plan({ ...all, ...more })).map((cell) => cell.id);

describe('the plan', () => {
  test('six crash points, three faults, two other aftermaths, and the controls first', async () => {
    const cells = await plan(all);
    expect(cells.map((cell) => cell.role)).toEqual(['control', 'canary', ...Array.from({ length: 20 }, () => 'cell')]);
    expect(cells[0]?.id).toBe('reference@1.0.0_full-temp_none_192m');
    expect(cells[1]?.id).toBe('canary@1.0.0_torn-temp_sigkill_192m');
    expect(cells.slice(-2).map((cell) => cell.id)).toEqual([
      'reference@1.0.0_full-temp_sigkill_192m_fresh',
      'reference@1.0.0_full-temp_sigkill_192m_corrupt-store',
    ]);
  });

  test('a part of it, and its controls all the same', async () => {
    expect(await ids({ faults: ['oom'], crashPoints: ['replaced'], memory: ['128m', '256m'] })).toEqual([
      'reference@1.0.0_full-temp_none_128m',
      'reference@1.0.0_full-temp_none_256m',
      'canary@1.0.0_torn-temp_sigkill_192m',
      'reference@1.0.0_replaced_oom_128m',
      'reference@1.0.0_replaced_oom_256m',
    ]);
  });

  test('one cell by its id, as often as asked', async () => {
    const id = 'reference@1.0.0_before-create_sigkill_192m_fresh';
    expect((await ids({ systems: [], cells: [id], repeat: 3 })).slice(2)).toEqual([id, `${id}_r2`, `${id}_r3`]);
  });

  test('the control that is asked for as a cell is there once', async () => {
    const cells = await plan({ ...all, faults: ['none'], crashPoints: ['full-temp'] });
    expect(cells.map((cell) => [cell.id, cell.role])).toEqual([
      ['reference@1.0.0_full-temp_none_192m', 'control'],
      ['canary@1.0.0_torn-temp_sigkill_192m', 'canary'],
    ]);
  });
});

describe('what can not be planned', () => {
  test.each([
    [{ systems: ['nope'] }, /[Uu]nknown system "nope"\. Available: openclaw, reference, canary/],
    [{ faults: ['nope'] }, /nknown fault "nope"/],
    [{ crashPoints: ['nope'] }, /nknown crash point "nope"/],
    [
      { crashPoints: ['torn-frame'] },
      /torn-frame needs a SQLite database; reference@1\.0\.0 has a JSON store, with a journal\. Try before-create, /,
    ],
    [{ memory: ['64m'] }, /needs 96m of memory to boot, and 64m \(64 MiB\) was asked for/],
    [
      { systems: [], cells: ['reference@1.0.0_replaced_oom_192m', 'reference@1.0.0_replaced_oom_192m'] },
      /is named twice/,
    ],
    [{ cells: ['reference@1.0.0_replaced_oom_192m'] }, /--cell says all of a cell/],
  ])('%j', async (more, says) => {
    await expect(plan({ ...all, ...more })).rejects.toThrow(says);
  });
});
