import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { midwrite } from '../test/midwrite.ts';
import type { Sweep } from './sweep-report.ts';

/** One run of the sweep: the rename of the store fails. */
const CELL = (system: string) => `${system}@1.0.0_sessions.json.x.tmp.call-21_io-error_192m`;

async function sweepOf(
  defect: readonly string[],
  system: string,
): Promise<{ sweep: Sweep; exitCode: number | undefined; map: string }> {
  const results = await mkdtemp(path.join(tmpdir(), 'midwrite-errors-'));
  try {
    const asked = ['explore', '--errors', '--system', 'reference', ...defect, '--cell', CELL(system)];
    const { stdout, stderr, exitCode } = await midwrite([...asked, '--results', results, '--json']);
    expect(stdout, stderr).toContain('"schemaVersion"');
    return {
      sweep: JSON.parse(stdout) as Sweep,
      exitCode,
      map: await readFile(path.join(results, 'latest', 'errors.md'), 'utf8'),
    };
  } finally {
    await rm(results, { recursive: true });
  }
}

test('a defect that only an error shows is found at its call, and not in the right gateway', {
  timeout: 240_000,
}, async () => {
  const broken = await sweepOf(['--defect', 'temp-stays-after-an-error'], 'mutant-temp-stays-after-an-error');
  expect(broken.sweep.findings).toMatchObject([{ check: 'no-orphans', at: [{ call: 21, fault: 'io-error' }] }]);
  expect(broken.exitCode).toBe(1);
  expect(broken.map).toContain('✗ no-orphans');
  const right = await sweepOf([], 'reference');
  expect(right.sweep.findings).toEqual([]);
  expect(right.sweep.fates).toMatchObject([{ call: 21, fate: 'succeeded' }]);
  expect(right.exitCode).toBe(0);
});
