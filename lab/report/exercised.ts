import { isScenario, type MatrixRow } from '../result/matrix.ts';

/** Whether what a check saw of a held promise could have broken it. Absent: nobody says (a check of a config, an older run). */
export const isIdle = (check: MatrixRow['checks'][number]): boolean =>
  check.verdict === 'held' && check.exercised === null;

/**
 * What counts only with an ability of the system's that no cell of the run shows, does not count.
 * @param subjectOf the system that a row speaks of: a mutant's is the one that it was made from
 */
export function withAbilities(rows: readonly MatrixRow[], subjectOf: (row: MatrixRow) => string): MatrixRow[] {
  const shown = new Set(
    rows.flatMap((row) => row.checks.map((check) => `${subjectOf(row)} ${check.exercised?.shows ?? ''}`)),
  );
  return rows.map((row) => ({
    ...row,
    checks: row.checks.map((check) => {
      const needs = check.exercised?.needs;
      return needs === undefined || shown.has(`${subjectOf(row)} ${needs}`) ? check : { ...check, exercised: null };
    }),
  }));
}

/** Checks that apply to a system of a run, hold wherever they are judged, and could have been broken nowhere in it. */
export function exercisedNowhere(rows: readonly MatrixRow[]): { system: string; checks: string[] }[] {
  const judged = rows.filter((row) => !isScenario(row) && (row.role === 'cell' || row.role === 'control'));
  const bySystem = Map.groupBy(judged, (row) => `${row.system}@${row.version}`);
  return [...bySystem].flatMap(([system, own]) => {
    const all = own.flatMap((row) => row.checks);
    const ids = [...new Set(all.filter(isIdle).map((check) => check.id))];
    const checks = ids.filter((id) =>
      all.every((check) => check.id !== id || check.verdict === 'not-applicable' || isIdle(check)),
    );
    return checks.length === 0 ? [] : [{ system, checks }];
  });
}

/** A mutant, where it shows and what catches it there. */
export interface ShownMutant {
  of: string;
  defect: string;
  system: string;
  caughtBy: string;
  shownBy: { crashPoint: string; fault: string; aftermath: string } | { scenario: string };
}

/**
 * Controls that prove nothing: one that no promise of was put to the test, and the right system's cell beside a mutant in which the check that must catch
 * the mutant had nothing to judge.
 */
export function idleControls(rows: readonly MatrixRow[], mutants: readonly ShownMutant[]): string[] {
  const systems = new Set(rows.map((row) => row.system));
  const idle = rows.flatMap((row) => {
    if (row.role !== 'control' || row.verdict !== 'held') return [];
    const held = row.checks.filter((check) => check.verdict === 'held');
    return held.length > 0 && held.every(isIdle)
      ? [`the control ${row.id} puts no promise to the test: ${held.map((check) => check.id).join(', ')}`]
      : [];
  });
  const beside = mutants.flatMap(({ of, defect, system, caughtBy, shownBy }) => {
    if (!systems.has(system) || 'scenario' in shownBy) return [];
    const right = rows.find(
      (row) =>
        !isScenario(row) &&
        row.system === of &&
        row.crashPoint === shownBy.crashPoint &&
        row.fault === shownBy.fault &&
        row.aftermath === shownBy.aftermath,
    );
    const check = right?.checks.find((one) => one.id === caughtBy);
    if (right === undefined || check === undefined || !isIdle(check)) return [];
    return [`${right.id} does not put ${caughtBy} to the test, which must catch ${defect} there`];
  });
  return [...idle, ...beside];
}
