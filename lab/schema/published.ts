import { z } from 'zod';
import { EvidenceEvent } from '../evidence/event.ts';
import { Exploration } from '../explore/exploration.ts';
import { Expectation } from '../judge/expectations.ts';
import { Matrix } from '../result/matrix.ts';
import { RunFile } from '../results.ts';

/** The JSON schemas of what the lab writes and reads, for programs of others and for editors. `npm run schemas` writes them to schemas/. */
export const published: readonly { file: string; title: string; schema: z.ZodType; io: 'input' | 'output' }[] = [
  { file: 'matrix.schema.json', title: 'matrix.json of midwrite', schema: Matrix, io: 'output' },
  { file: 'evidence.schema.json', title: 'A line of evidence.jsonl of midwrite', schema: EvidenceEvent, io: 'output' },
  {
    file: 'exploration.schema.json',
    title: 'exploration.json of midwrite',
    schema: Exploration,
    io: 'output',
  },
  { file: 'run.schema.json', title: 'run.json of midwrite', schema: RunFile, io: 'output' },
  {
    file: 'expectations.schema.json',
    title: 'Known findings, for midwrite',
    schema: z.array(Expectation),
    io: 'input',
  },
];

/** The text of a published schema (JSON Schema 2020-12). */
export function schemaText({ title, schema, io }: (typeof published)[number]): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
