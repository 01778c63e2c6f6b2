import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { systems } from '../../images/index.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { imagesFolder } from '../image/recipe.ts';
import { json } from '../report/json.ts';
import { ResultsFolder } from '../results.ts';
import { judgeRun } from '../run/judge-run.ts';
import { killed, slept } from '../test/healthy-cell.ts';
import { faultsOf, writtenSchema } from '../test/published-schema.ts';
import { runOfVersion1 } from '../test/stored-run.ts';
import { published, schemaText } from './published.ts';

const schemas = new URL('../../schemas/', import.meta.url);

describe('the published schemas', () => {
  test.each(published)('$file is up to date (else: npm run schemas)', (one) => {
    expect(writtenSchema(one.file)).toBe(schemaText(one));
  });

  test('and there are no others', () => {
    expect(readdirSync(schemas).sort()).toEqual(published.map((one) => one.file).sort());
  });
});

describe('real output fits its schema', () => {
  test('matrix.json, run.json and every line of the evidence', async () => {
    await using run = await runOfVersion1();
    const results = new ResultsFolder(run.path);
    const matrix = await judgeRun(results);
    const text = await json.write({
      matrix,
      failOn: 'unexpected',
      evidenceOf: async () => undefined,
      explorationOf: async () => undefined,
    });
    expect(faultsOf('matrix.schema.json', JSON.parse(text))).toEqual([]);
    expect(faultsOf('run.schema.json', structuredClone(await results.readRun()))).toEqual([]);
    for (const { id } of matrix.cells) {
      const events = (await loadEvidence(results.cell(id)))?.events ?? [];
      expect(events.length).toBeGreaterThan(50);
      expect(faultsOf('evidence.schema.json', ...events)).toEqual([]);
    }
  });

  test('evidence of every fault in the tests', () => {
    for (const build of [killed('fresh'), slept()])
      expect(faultsOf('evidence.schema.json', ...build.events)).toEqual([]);
  });

  test("every system's known findings", async () => {
    const files = new Set(systems.flatMap(({ expectations }) => expectations ?? []));
    expect(files.size).toBeGreaterThan(0);
    for (const file of files) {
      const text = await readFile(path.join(imagesFolder, file), 'utf8');
      expect(faultsOf('expectations.schema.json', parse(text)), file).toEqual([]);
    }
  });
});

describe('spoiled output does not', () => {
  test('a verdict that is none, a missing field, a field too many', async () => {
    await using run = await runOfVersion1();
    const matrix = await judgeRun(new ResultsFolder(run.path));
    const spoil = (change: (copy: typeof matrix) => void) => {
      const copy = structuredClone(matrix);
      change(copy);
      return faultsOf('matrix.schema.json', copy);
    };
    expect(spoil(() => undefined)).toEqual([]);
    expect(spoil((copy) => Object.assign(copy.cells[0] ?? {}, { verdict: 'fine' }))).not.toEqual([]);
    expect(spoil((copy) => Object.assign(copy, { outcome: undefined }))).not.toEqual([]);
    expect(spoil((copy) => Object.assign(copy, { schemaVersion: 99 }))).not.toEqual([]);
    expect(spoil((copy) => Object.assign(copy, { colour: 'red' }))).not.toEqual([]);
  });
});
