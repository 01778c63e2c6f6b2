import { z } from 'zod';
import { Problem } from '../problem.ts';

/** What says which cell something is of: in the evidence, in the plan and in the matrix. */
export const cellFields = {
  id: z.string(),
  gateway: z.string(),
  version: z.string(),
  crashPoint: z.string(),
  fault: z.string(),
  aftermath: z.string(),
  memoryBytes: z.number(),
};

/** The same of a scenario. */
export const scenarioFields = {
  id: z.string(),
  scenario: z.string(),
  gateway: z.string(),
  version: z.string(),
  memoryBytes: z.number(),
  /** Fewer points, for CI: wider intervals. */
  isQuick: z.boolean(),
  /** What its steps are drawn from. Absent: nothing is left to chance. */
  seed: z.number().optional(),
};

/**
 * Refuses what a newer midwrite wrote.
 * @param where the file, and the line if it has several
 * @throws Problem bad-results
 */
export function refuseNewer(json: unknown, where: string, known: number): void {
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version !== 'number' || version <= known) return;
  throw new Problem(
    'bad-results',
    `${where} has schema version ${version}, and this midwrite reads up to ${known}: judge it with a newer one`,
  );
}
