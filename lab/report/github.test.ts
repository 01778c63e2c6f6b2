import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { canary, control, HOSTILE, matrixOf, row, violated } from '../test/matrix.ts';
import { folder } from '../test/midwrite.ts';
import { annotations, github, summary } from './github.ts';
import type { FailOn, Report } from './reporter.ts';

const all = [control, canary, row(), violated('no-orphans'), violated('boots', 'https://example.com/1')];
const reportOf = (matrix = matrixOf(all)): Report => ({
  matrix,
  failOn: 'unexpected',
  evidenceOf: async () => undefined,
  explorationOf: async () => undefined,
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('annotations', () => {
  test.each<[FailOn, string, string]>([
    ['unexpected', 'error', 'notice'],
    ['any', 'error', 'error'],
    ['never', 'warning', 'notice'],
  ])('--fail-on %s: new as %s, known as %s', (failOn, fresh, known) => {
    expect(annotations(matrixOf(all), failOn)).toEqual([
      expect.stringMatching(
        new RegExp(`^::${fresh} title=no-orphans new%3A violated%2C new::no-orphans: 1 orphan%0Anpx midwrite`),
      ),
      expect.stringMatching(
        new RegExp(`^::${known} title=.*::boots: 1 orphan \\(known: https://example.com/1\\)%0Anpx`),
      ),
    ]);
  });

  test('a run that is not sound says so first, whatever fails it', () => {
    const [first] = annotations(matrixOf([row({ verdict: 'missed', expected: false })]), 'never');
    expect(first).toMatch(/^::error title=the run is not sound::.*has no canary/);
  });

  test('a log line can not become a command', () => {
    const lines = annotations(matrixOf([row({ id: HOSTILE, verdict: 'missed', detail: HOSTILE })]), 'unexpected');
    for (const line of lines) {
      expect(line).toMatch(/^::(error|warning|notice) title=[^:,]*::/);
      expect(line).not.toMatch(/[\n\r]/);
      expect(line).toContain('x%250A');
    }
  });
});

describe('the job summary', () => {
  test('is appended to what other steps wrote', async () => {
    await using root = await folder();
    const file = path.join(root.path, 'summary.md');
    vi.stubEnv('GITHUB_STEP_SUMMARY', file);
    await github.write(reportOf());
    await github.write(reportOf());
    expect((await readFile(file, 'utf8')).match(/# Fault matrix/g)).toHaveLength(2);
  });

  test('without the variable only annotations are printed', async () => {
    vi.stubEnv('GITHUB_STEP_SUMMARY', '');
    expect(await github.write(reportOf())).toMatch(/^::error/);
  });

  test('is cut where GitHub would refuse it, between characters', () => {
    const long = Array.from({ length: 3_000 }, (_, index) => ({
      ...violated('no-orphans'),
      id: `${index}`,
      detail: '😀'.repeat(200),
    }));
    const text = summary(matrixOf(long));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
    expect(text).toMatch(/[^\uFFFD]\n\nThis is cut off: the whole of it is in matrix\.md\.\n$/);
  });
});
