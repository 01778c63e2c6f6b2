import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MATRIX_SCHEMA_VERSION, readMatrix } from './result/matrix.ts';
import { ResultsFolder } from './results.ts';
import { judgeRun } from './run/judge-run.ts';
import { runOfVersion1 } from './test/stored-run.ts';

describe('what an older midwrite wrote', () => {
  test('is judged as it was then', async () => {
    await using run = await runOfVersion1();
    const stored = readMatrix(await readFile(path.join(run.path, 'matrix.json'), 'utf8'), 'matrix.json');
    const known = new Set(stored.cells.flatMap((cell) => cell.checks.map(({ id }) => id)));
    const judged = await judgeRun(new ResultsFolder(run.path));
    expect(stored.schemaVersion).toBe(MATRIX_SCHEMA_VERSION);
    expect(stored.cells.map((cell) => cell.role)).toEqual(['control', 'canary', 'cell']);
    expect(judged.outcome).toEqual(stored.outcome);
    const verdicts = ({ cells }: typeof stored) =>
      cells.map(({ id, verdict, expected, checks }) => ({
        id,
        verdict,
        expected,
        // Checks that came later say what they have to say; those that there were say the same.
        checks: checks.filter(({ id }) => known.has(id)).map((check) => [check.id, check.verdict, check.lines]),
      }));
    expect(verdicts(judged)).toEqual(verdicts(stored));
  });
});

describe('what a newer midwrite wrote is refused', () => {
  test('matrix.json', () => {
    expect(() => readMatrix('{"schemaVersion": 99}', 'x/matrix.json')).toThrow(
      /x\/matrix\.json has schema version 99, and this midwrite reads up to 5: judge it with a newer one/,
    );
  });

  test.each([
    ['run.json', /"schemaVersion": 1/, /run\.json has schema version 99/],
    ['cells/canary@1.0.0_torn-temp_sigkill_192m/evidence.jsonl', /"schemaVersion":1/, /line 1 has schema version 99/],
  ])('%s', async (name, version, says) => {
    await using run = await runOfVersion1();
    const file = path.join(run.path, name);
    await writeFile(file, (await readFile(file, 'utf8')).replace(version, '"schemaVersion":99'));
    await expect(judgeRun(new ResultsFolder(run.path))).rejects.toThrow(says);
  });
});

test.each([
  ['{', /is not JSON: it was changed or is damaged/],
  ['{"schemaVersion": 2, "run": {}}', /is damaged: run\.id/],
  ['null', /is damaged/],
])('a damaged matrix: %s', (text, says) => {
  expect(() => readMatrix(text, 'matrix.json')).toThrow(says);
});
