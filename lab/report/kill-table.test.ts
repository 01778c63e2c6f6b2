import { describe, expect, test } from 'vitest';
import { mutants, unseenDefects } from '../../images/index.ts';
import { checks } from '../checks/index.ts';
import { planMutants } from '../plan/plan-mutants.ts';
import { MATRIX_SCHEMA_VERSION, type Matrix, type MatrixRow } from '../result/matrix.ts';
import { scenarios } from '../scenarios/index.ts';
import { kills, killTable } from './kill-table.ts';

/** A run in which every mutant was caught, as its definition says. */
async function caught(): Promise<Matrix> {
  const cells = (await planMutants([])).map(({ id, role, spec, system }): MatrixRow => {
    const broken = role === 'mutant' || role === 'canary';
    const check = { id: system.mutant?.caughtBy ?? 'boots', detail: 'its effect', lines: [7, 9] };
    return {
      ...spec,
      id,
      role,
      verdict: broken ? 'violated' : 'held',
      expected: true,
      detail: '',
      durationMs: 1,
      checks: [{ ...check, verdict: broken ? 'violated' : 'held' }],
      reproduce: `npx midwrite run --cell ${id}`,
      figures: [],
      curves: [],
    };
  });
  const run = { id: 'r', startedAt: '', engine: 'e', kernel: 'k', cgroupVersion: 1 as const, midwriteVersion: '0' };
  return {
    schemaVersion: MATRIX_SCHEMA_VERSION,
    run,
    outcome: { kind: 'sound', reasons: [] },
    stale: [],
    cells,
    explorations: [],
  };
}

describe('the kill table', () => {
  test('a row for each defect: the check, the cell and the line of evidence', async () => {
    const list = kills(await caught(), [], 'results/r');
    expect(list.map((kill) => kill.defect)).toEqual([
      ...mutants.map((one) => one.mutant?.defect),
      ...unseenDefects.map((one) => one.defect),
    ]);
    expect(list.find((kill) => kill.defect === 'lock-by-pid-only')).toEqual({
      defect: 'lock-by-pid-only',
      caughtBy: 'boots',
      cell: 'mutant-lock-by-pid-only@1.0.0_replaced_sigkill_192m',
      evidence: 'results/r/cells/mutant-lock-by-pid-only@1.0.0_replaced_sigkill_192m/evidence.jsonl:7',
      says: 'its effect',
    });
    for (const kill of list) expect(kill.caughtBy === null, kill.defect).toBe(kill.needs !== undefined);
  });

  test('a mutant that was caught by another check only has survived', async () => {
    const matrix = await caught();
    for (const cell of matrix.cells) if (cell.system === 'mutant-no-file-sync') cell.expected = false;
    const [kill] = kills(matrix, ['no-file-sync'], 'results/r');
    expect(kill).toMatchObject({ defect: 'no-file-sync', caughtBy: null, evidence: null });
    const text = killTable([kill as typeof kill & object], matrix, { colour: false });
    expect(text).toContain('NOT CAUGHT');
    expect(text).toContain('0 of 1 mutants were caught');
    expect(text).toContain('npx midwrite run --cell mutant-no-file-sync@1.0.0_replaced_sigkill_192m');
  });

  test('a false alarm is told beside it', async () => {
    const matrix = await caught();
    for (const cell of matrix.cells)
      if (cell.role === 'cell') Object.assign(cell, { verdict: 'violated', expected: false });
    expect(killTable(kills(matrix, [], 'r'), matrix, { colour: false })).toMatch(
      /the right gateway held in 1 of \d+ cells/,
    );
  });
});

describe('the index of mutants', () => {
  test('every one names a check that exists, and its message', () => {
    for (const { name, mutant } of mutants) {
      const shownBy = mutant?.shownBy ?? { scenario: '' };
      const known =
        'scenario' in shownBy ? scenarios.flatMap((one) => (one.name === shownBy.scenario ? one.checks : [])) : checks;
      expect(
        known.map((check) => check.id),
        name,
      ).toContain(mutant?.caughtBy);
      expect(() => new RegExp(mutant?.says ?? '('), name).not.toThrow();
    }
  });
});
