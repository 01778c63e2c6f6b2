import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeProblem } from '../evidence/recorder.ts';
import { parseResult } from '../evidence/schema.ts';
import { Problem } from '../problem.ts';
import { MODELS } from './crash-state.ts';
import { Oracle } from './oracle.ts';

const ASKED_SCHEMA_VERSION = 1;
const ASKED_FILE = 'explore.json';

/** What an exploration was asked for, and what it runs on: one that is taken up again is the same in all of it. */
export const Asked = z.object({
  schemaVersion: z.literal(ASKED_SCHEMA_VERSION),
  midwriteVersion: z.string(),
  system: z.string(),
  version: z.string(),
  /** Its image, as it is named. */
  image: z.string(),
  defect: z.string().optional(),
  config: z.string().optional(),
  workload: z.string(),
  /** Of an upgrade: the release that has lived in the folder. */
  from: z.string().optional(),
  models: z.array(z.enum(MODELS)),
  maxStates: z.number().optional(),
  everyState: z.boolean(),
  seed: z.number(),
  samples: z.number(),
  sourceLines: z.boolean().optional(),
  /** What power failures left is read too, while its write is recorded. */
  power: z.literal('block-log').optional(),
  oracle: Oracle.optional(),
  /** Which part of the groups it boots. Absent: all. */
  shard: z.object({ index: z.number(), count: z.number() }).optional(),
});
export type Asked = z.infer<typeof Asked>;

/** Is it the folder of an exploration whose record is whole? */
export const isExploration = (folder: string): boolean => existsSync(path.join(folder, ASKED_FILE));

/** Its folder has a whole record from now on. */
export async function keepAsked(folder: string, asked: Omit<Asked, 'schemaVersion'>): Promise<void> {
  const file = path.join(folder, ASKED_FILE);
  const text = `${JSON.stringify({ schemaVersion: ASKED_SCHEMA_VERSION, ...asked }, null, 2)}\n`;
  await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
    throw writeProblem(file, error);
  });
}

/**
 * Reads what was asked for.
 * @throws Problem bad-usage, bad-results
 */
export async function readAsked(folder: string): Promise<Asked> {
  const file = path.join(folder, ASKED_FILE);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Problem(
      'bad-usage',
      `${folder} is no exploration that can be resumed: it was broken off before its record was whole. Begin a new one.`,
      { cause: error },
    );
  }
  return parseResult(Asked, json, file, ASKED_SCHEMA_VERSION);
}

/**
 * Verdicts of two releases of midwrite, or of two images, are not put together.
 * @throws Problem bad-results
 */
export function refuseOther(asked: Asked, now: Pick<Asked, 'midwriteVersion' | 'image'>): void {
  for (const name of ['midwriteVersion', 'image'] as const)
    if (asked[name] !== now[name])
      throw new Problem(
        'bad-results',
        `the exploration was begun with ${name} ${asked[name]}, and here it is ${now[name]}: resume it there, or begin a new one.`,
      );
}
