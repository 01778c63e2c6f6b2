import type { Reporter } from './reporter.ts';

/** The result for programs, as schemas/matrix.schema.json describes it. */
export const json: Reporter = {
  name: 'json',
  summary: 'the result for programs',
  file: 'matrix.json',
  write: ({ matrix }) => `${JSON.stringify(matrix, null, 2)}\n`,
};
