import { readFileSync } from 'node:fs';
import path from 'node:path';
import picomatch from 'picomatch';
import semver from 'semver';
import { z } from 'zod';
import type { Mutant } from '../gateway.ts';
import { imagesFolder } from '../image/recipe.ts';
import { describe, Problem } from '../problem.ts';
import type { MatrixCell, MatrixScenario } from '../report/matrix.ts';
import type { CellResult } from './judge.ts';

/** A known finding: which cells, which checks, where it is discussed. Patterns are globs over names. */
const Expectation = z.strictObject({
  versions: z.string().refine((range) => semver.validRange(range) !== null, 'no range of versions'),
  crashPoint: z.string().default('*'),
  fault: z.string().default('*'),
  aftermath: z.string().default('*'),
  /** Of scenarios and not of cells: a pattern over their names. */
  scenario: z.string().optional(),
  checks: z.array(z.string()).min(1),
  issue: z.url(),
  note: z.string(),
});
export type Expectation = z.infer<typeof Expectation>;

const files = new Map<string, Expectation[]>();

/** A gateway's file of known findings, read once: every cell is compared with it. */
export function readExpectations(file: string | undefined): readonly Expectation[] {
  if (file === undefined) return [];
  const read = files.get(file) ?? parseExpectations(file);
  files.set(file, read);
  return read;
}

function parseExpectations(file: string): Expectation[] {
  const full = path.join(imagesFolder, file);
  try {
    return z.array(Expectation).parse(JSON.parse(readFileSync(full, 'utf8')));
  } catch (error) {
    throw new Problem('bad-definition', `${full} is no list of expectations: ${describe(error)}`, { cause: error });
  }
}

type Where =
  | Pick<MatrixCell, 'version' | 'crashPoint' | 'fault' | 'aftermath'>
  | Pick<MatrixScenario, 'version' | 'scenario'>;

function fits(one: Expectation, where: Where): boolean {
  if ('scenario' in where) return one.scenario !== undefined && picomatch.isMatch(where.scenario, one.scenario);
  return (
    one.scenario === undefined &&
    picomatch.isMatch(where.crashPoint, one.crashPoint) &&
    picomatch.isMatch(where.fault, one.fault) &&
    picomatch.isMatch(where.aftermath, one.aftermath)
  );
}

function find(expectations: readonly Expectation[], cell: Where, check: string): Expectation | undefined {
  return expectations.find(
    (one) =>
      semver.satisfies(cell.version, one.versions, { includePrerelease: true }) &&
      fits(one, cell) &&
      one.checks.includes(check),
  );
}

/**
 * Puts to each violated check the issue that knows of it, and says whether the cell is what it should be.
 * @param mutant of a canary or a mutant: the check that exists for its defect must be violated, and must say so
 */
export function compare(
  cell: Where,
  result: CellResult,
  expectations: readonly Expectation[],
  mutant: Pick<Mutant, 'caughtBy' | 'says'> | undefined,
): { expected: boolean; checks: MatrixCell['checks'] } {
  const checks = result.checks.map((check): MatrixCell['checks'][number] => {
    const known = check.verdict === 'violated' ? find(expectations, cell, check.id) : undefined;
    return known === undefined ? check : { ...check, issue: known.issue };
  });
  if (mutant !== undefined) {
    const says = new RegExp(mutant.says);
    const caught = checks.some(
      (check) => check.id === mutant.caughtBy && check.verdict === 'violated' && says.test(check.detail),
    );
    return { expected: result.verdict === 'violated' && caught, checks };
  }
  const allKnown = checks.every((check) => check.verdict !== 'violated' || check.issue !== undefined);
  return {
    expected:
      result.verdict === 'held' || result.verdict === 'not-applicable' || (result.verdict === 'violated' && allKnown),
    checks,
  };
}
