import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseResult } from '../evidence/schema.ts';
import { GateEvent, type GateEventOf } from '../gate/protocol.ts';
import { Problem } from '../problem.ts';
import type { SeenWrite } from './watch.ts';

/** What a sweep of errors was asked for and the write that it saw: with these it goes on. */
export const BEGUN_FILE = 'begun.json';
export const BEGUN_SCHEMA_VERSION = 1;

const isOp = (event: GateEvent): event is GateEventOf<'op'> => event.ev === 'op';

const Begun = z.strictObject({
  schemaVersion: z.literal(BEGUN_SCHEMA_VERSION),
  asked: z.strictObject({
    system: z.string().optional(),
    defect: z.string().optional(),
    config: z.string().optional(),
    fault: z.array(z.string()).optional(),
    cell: z.array(z.string()).optional(),
    everyCall: z.boolean(),
  }),
  /** Of the system. */
  image: z.string(),
  ops: z.array(GateEvent),
  /** With their sizes, where those are known. */
  existing: z.union([z.array(z.string()), z.record(z.string(), z.number())]),
});
export type Begun = z.infer<typeof Begun>;

export function begunText(asked: Begun['asked'], image: string, { ops, existing }: SeenWrite): string {
  const there = existing instanceof Map ? Object.fromEntries(existing) : [...existing.keys()];
  const begun: Begun = { schemaVersion: BEGUN_SCHEMA_VERSION, asked, image, ops: [...ops], existing: there };
  return `${JSON.stringify(begun)}\n`;
}

/** Whether a folder is that of a sweep of errors. */
export const isSweep = (folder: string): boolean => existsSync(path.join(folder, BEGUN_FILE));

/** @throws Problem bad-usage: it is no sweep's folder; bad-results */
export async function readBegun(folder: string): Promise<Begun & { write: SeenWrite }> {
  const file = path.join(folder, BEGUN_FILE);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Problem('bad-usage', `${folder} is no sweep of errors that can be resumed. Begin a new one.`, {
      cause: error,
    });
  }
  const begun = parseResult(Begun, json, file, BEGUN_SCHEMA_VERSION);
  const existing = Array.isArray(begun.existing) ? new Set(begun.existing) : new Map(Object.entries(begun.existing));
  return { ...begun, write: { ops: begun.ops.filter(isOp), existing } };
}
