import { readFileSync } from 'node:fs';
import path from 'node:path';
import semver from 'semver';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { withNewNames } from '../evidence/schema.ts';
import { imagesFolder } from '../image/recipe.ts';
import { fitsPattern } from '../patterns.ts';
import { describe, Problem } from '../problem.ts';
import type { MatrixCell, MatrixExploration, MatrixScenario } from '../result/matrix.ts';
import type { Mutant } from '../system.ts';
import type { CellResult } from './judge.ts';

/** A known finding: which cells, which checks, where it is discussed, and until when it may stay. Patterns are globs over names. */
export const Expectation = z.strictObject({
  /** Absent: every system that the file is for. */
  system: z.string().optional(),
  versions: z.string().refine((range) => semver.validRange(range) !== null, 'no range of versions'),
  crashPoint: z.string().default('*'),
  fault: z.string().default('*'),
  aftermath: z.string().default('*'),
  /** Of scenarios and not of cells: a pattern over their names. */
  scenario: z.string().optional(),
  /** Of explorations and not of cells: a pattern over the names of workloads. */
  exploration: z.string().optional(),
  checks: z.array(z.string()).min(1),
  issue: z.url(),
  /** The day since which it is known. */
  since: z.iso.date().optional(),
  /** The last day on which it is expected; after that it fails. Absent: until it is fixed. */
  until: z.iso.date().optional(),
  /** It takes chance as well: that it did not happen does not say that it is fixed. */
  sometimes: z.literal(true).optional(),
  note: z.string(),
});
export type Expectation = z.infer<typeof Expectation>;

const files = new Map<string, Expectation[]>();

/** A system's own file is named from images/ on. */
export const expectationsFile = (file: string): string => path.resolve(imagesFolder, file);

/**
 * A file of known findings, read once: every cell is compared with it.
 * @param file absolute, or below images/
 * @throws Problem bad-definition
 */
export function readExpectations(file: string | undefined): readonly Expectation[] {
  if (file === undefined) return [];
  const full = expectationsFile(file);
  const read = files.get(full) ?? parseExpectations(readExpectationsText(full), full);
  files.set(full, read);
  return read;
}

/** The file as people find it: a system's own from the project's root, another one from where they are. */
export function shownExpectations(file: string): string {
  const full = expectationsFile(file);
  const own = path.relative(imagesFolder, full);
  return own.startsWith('..') ? path.relative(process.cwd(), full) : path.join('images', own);
}

export function readExpectationsText(full: string): string {
  try {
    return readFileSync(full, 'utf8');
  } catch (error) {
    throw new Problem('bad-definition', `${full} can't be read: ${describe(error)}`, { cause: error });
  }
}

/**
 * YAML, of which JSON is a part.
 * @param where the file, for the message
 * @throws Problem bad-definition
 */
export function parseExpectations(text: string, where: string): Expectation[] {
  const document = parseDocument(text);
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new Problem('bad-definition', `${where} is not YAML: ${broken.message}`, { cause: broken });
  const parsed = z.array(Expectation).safeParse(withNewNames(document.toJS() ?? []));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem(
    'bad-definition',
    `${where} is no list of expectations: ${issue?.path.join('.')}: ${issue?.message}`,
    { cause: parsed.error },
  );
}

/**
 * Those whose time is not over.
 * @param day as YYYY-MM-DD: when the run was made, so that a stored run is judged as on its own day
 */
export function inForce(expectations: readonly Expectation[], day: string): Expectation[] {
  return expectations.filter((one) => !isExpired(one, day));
}

export const isExpired = (one: Expectation, day: string): boolean => one.until !== undefined && one.until < day;

type Where =
  | Pick<MatrixCell, 'system' | 'version' | 'crashPoint' | 'fault' | 'aftermath'>
  | Pick<MatrixScenario, 'system' | 'version' | 'scenario'>
  | Pick<MatrixExploration, 'system' | 'version' | 'exploration'>;

/** Whether an expectation is of this cell, scenario or exploration. */
export function fits(one: Expectation, where: Where): boolean {
  // A version need not be a number: an image's is its tag.
  if (one.versions !== '*' && !semver.satisfies(where.version, one.versions, { includePrerelease: true })) return false;
  if (one.system !== undefined && !fitsPattern(where.system, one.system)) return false;
  if ('exploration' in where) return one.exploration !== undefined && fitsPattern(where.exploration, one.exploration);
  if (one.exploration !== undefined) return false;
  if ('scenario' in where) return one.scenario !== undefined && fitsPattern(where.scenario, one.scenario);
  return (
    one.scenario === undefined &&
    fitsPattern(where.crashPoint, one.crashPoint) &&
    fitsPattern(where.fault, one.fault) &&
    fitsPattern(where.aftermath, one.aftermath)
  );
}

function find(expectations: readonly Expectation[], cell: Where, check: string): Expectation | undefined {
  return expectations.find((one) => fits(one, cell) && one.checks.includes(check));
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
