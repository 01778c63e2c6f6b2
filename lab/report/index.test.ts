import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ResultsFolder } from '../results.ts';
import { canary, control, matrixOf, row } from '../test/matrix.ts';
import { folder } from '../test/midwrite.ts';
import { defaultReporters, printedReports, reporters, reportersNamed, reportOf, writeReports } from './index.ts';

describe('the index of reporters', () => {
  test('each is a file of its own, and says what it is', async () => {
    for (const { name, summary } of reporters) {
      expect(await readFile(new URL(`${name}.ts`, import.meta.url), 'utf8')).toContain(`name: '${name}'`);
      expect(summary, name).not.toBe('');
    }
    expect(new Set(reporters.map(({ name }) => name)).size).toBe(reporters.length);
  });

  test('a name that is none', () => {
    expect(() => reportersNamed(['json', 'pdf'])).toThrow(
      /Unknown reporter "pdf"\. Available: terminal, markdown, json, /,
    );
  });
});

test('what is a file is written, the rest is printed, and nothing else', async () => {
  await using root = await folder();
  const results = new ResultsFolder(root.path);
  const report = reportOf(matrixOf([control, canary, row()]), results, 'unexpected');
  await writeReports(report, results, reportersNamed(['json', 'terminal']));
  expect(JSON.parse(await readFile(path.join(root.path, 'matrix.json'), 'utf8'))).toEqual(report.matrix);
  await expect(readFile(path.join(root.path, 'matrix.md'))).rejects.toThrow(/ENOENT/);
  expect(await printedReports(report, reportersNamed(['json', 'terminal']))).toEqual([
    expect.stringContaining('✓ held'),
  ]);
});

test('a run writes all files unless told otherwise', () => {
  const written = defaultReporters.flatMap(({ file }) => (file === undefined ? [] : [file]));
  expect(written).toEqual(expect.arrayContaining(['matrix.md', 'matrix.json', 'junit.xml']));
});
