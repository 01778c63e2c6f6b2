import { z } from 'zod';
import { Problem } from '../problem.ts';

/** What says which cell something is of: in the evidence, in the plan and in the matrix. */
export const cellFields = {
  id: z.string(),
  system: z.string(),
  version: z.string(),
  crashPoint: z.string(),
  /** What a place that was learned from a write is, in words. Absent: the crash point has a name of its own. */
  place: z.string().optional(),
  fault: z.string(),
  aftermath: z.string(),
  memoryBytes: z.number(),
};

/** The same of a scenario. */
export const scenarioFields = {
  id: z.string(),
  scenario: z.string(),
  system: z.string(),
  version: z.string(),
  memoryBytes: z.number(),
  /** Fewer points, for CI: wider intervals. */
  isQuick: z.boolean(),
  /** Of an upgrade: the release before. */
  from: z.string().optional(),
  /** What its steps are drawn from. Absent: nothing is left to chance. */
  seed: z.number().optional(),
};

/** The same of an exploration. */
export const explorationFields = {
  id: z.string(),
  /** The name of what was recorded. */
  exploration: z.string(),
  system: z.string(),
  version: z.string(),
  memoryBytes: z.number(),
  models: z.array(z.string()),
  /** At most so many states are booted. Absent: as many as it takes. */
  maxStates: z.number().optional(),
};

/** What was called otherwise: a system was a gateway before matrix.json 4, run.json 3 and evidence.jsonl 2. */
const RENAMED: Readonly<Record<string, string>> = {
  gateway: 'system',
  gatewayMs: 'systemMs',
  isGatewayRunning: 'isSystemRunning',
};

/** A file that an older midwrite wrote, with today's names of fields, at any depth. */
export function withNewNames<T>(json: T): T {
  if (Array.isArray(json)) return json.map(withNewNames) as T;
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [RENAMED[name] ?? name, withNewNames(value)]),
  ) as T;
}

/**
 * What a file of midwrite's holds.
 * @param json as its newest version has it
 * @param known the newest version that this midwrite knows
 * @param where the file, for the message
 * @throws Problem bad-results: it is newer than this midwrite, or damaged
 */
export function parseResult<T>(schema: z.ZodType<T>, json: unknown, where: string, known: number): T {
  refuseNewer(json, where, known);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem('bad-results', `${where} is damaged: ${issue?.path.join('.')}: ${issue?.message}`);
}

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
