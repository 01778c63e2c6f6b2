import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseResult } from '../evidence/schema.ts';
import { describe, Problem } from '../problem.ts';

/** The version of a search's file. */
export const SEARCH_SCHEMA_VERSION = 1;

/** A search for a change, as far as it has come: enough to go on with it. */
const SearchFile = z.object({
  schemaVersion: z.number(),
  system: z.string(),
  cell: z.string().optional(),
  scenario: z.string().optional(),
  quick: z.boolean(),
  /** From the good end to the bad one. */
  versions: z.array(z.string()),
  probes: z.array(
    z.object({
      version: z.string(),
      violated: z.array(z.string()).readonly().optional(),
      why: z.string().optional(),
      purpose: z.enum(['end', 'half', 'another change']),
      run: z.string().optional(),
      attempts: z.number(),
    }),
  ),
});
export type SearchFile = z.infer<typeof SearchFile>;

/** @throws Problem bad-usage, bad-results */
export async function readSearch(file: string): Promise<SearchFile> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Problem('bad-usage', `${file} is not a search of midwrite: ${describe(error)}`, { cause: error });
  }
  return parseResult(SearchFile, json, file, SEARCH_SCHEMA_VERSION);
}

/** What is to be gone on with: a release that was not found out, since a registry or a machine was busy, is looked at again. */
export const withoutUnknown = (search: SearchFile): SearchFile => ({
  ...search,
  probes: search.probes.filter(({ violated }) => violated !== undefined),
});
