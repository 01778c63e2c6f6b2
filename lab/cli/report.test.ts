import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { RunFile } from '../results.ts';
import { runOfVersion1 } from '../test/stored-run.ts';
import { reportCommand } from './report.ts';

/** What is printed while something is done. */
async function printed(work: () => Promise<unknown>): Promise<string> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await work();
    return log.mock.calls.flat().join('\n');
  } finally {
    log.mockRestore();
  }
}

test('two stored runs are compared, beside the later one', async () => {
  await using earlier = await runOfVersion1();
  await using root = await runOfVersion1();
  const later = `${root.path}-later`;
  await cp(root.path, later, { recursive: true });
  const file = path.join(later, 'run.json');
  const run = JSON.parse(await readFile(file, 'utf8')) as RunFile;
  const [gone, ...stay] = run.plan;
  await writeFile(file, JSON.stringify({ ...run, plan: stay }));
  const said = await printed(() => reportCommand([earlier.path, later], { compare: true }));
  expect(said).toContain(`1 gone, ${stay.length} the same.`);
  expect(said).toContain(`− gone: ${gone?.id}`);
  const page = await readFile(path.join(later, 'comparison.html'), 'utf8');
  expect(page.includes(`data-cell="${gone?.id}"`)).toBe(true);
});

test.each([
  [['a', 'b'], {}],
  [['a'], { compare: true }],
  [['a', 'b', 'c'], { compare: true }],
])('%j with %j is no question', async (folders, options) => {
  await expect(reportCommand(folders, options)).rejects.toThrow(/takes one run, and with --compare two/);
});
