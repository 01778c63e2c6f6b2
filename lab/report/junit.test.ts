import { describe, expect, test } from 'vitest';
import { create } from 'xmlbuilder2';
import { canary, control, HOSTILE, matrixOf, row, violated } from '../test/matrix.ts';
import { faultsOfJUnit } from '../test/published-schema.ts';
import { junitReport } from './junit.ts';
import type { FailOn } from './reporter.ts';

const KNOWN = 'https://example.com/1';
const all = [
  control,
  canary,
  row(),
  violated('no-orphans'),
  violated('no-orphans', KNOWN),
  row({ id: 'missed', verdict: 'missed', expected: false, detail: 'no hold took place' }),
  row({ id: 'skipped', verdict: 'not-applicable' }),
];

/** Each test of a report, by name, with what became of it. */
function results(xml: string): Record<string, string> {
  const tests = [...xml.matchAll(/<testcase [^>]*? name="([^"]*)"[^>]*>\s*(?:<(skipped|error|failure)\b)?/g)];
  return Object.fromEntries(tests.map(([, name = '', result = 'passed']) => [name, result]));
}

describe('the JUnit report', () => {
  test("fits Jenkins' schema", async () => {
    expect(await faultsOfJUnit(junitReport(matrixOf(all), 'unexpected'))).toEqual([]);
    expect(await faultsOfJUnit(junitReport(matrixOf([]), 'unexpected'))).toEqual([]);
  });

  test('the schema refuses what is none', async () => {
    const xml = junitReport(matrixOf(all), 'unexpected');
    expect(await faultsOfJUnit(xml.replace('<skipped>', '<skipped colour="red">'))).not.toEqual([]);
    expect(await faultsOfJUnit(xml.replace('tests="', 'test="'))).not.toEqual([]);
  });

  test('hostile names and log lines are text and nothing else', async () => {
    const check = { id: 'store-valid', verdict: 'violated' as const, detail: HOSTILE, lines: [2] };
    const hostile = row({ id: HOSTILE, system: HOSTILE, verdict: 'violated', expected: false, checks: [check] });
    const lost = row({ id: 'lost', verdict: 'missed', expected: false, detail: HOSTILE, reproduce: HOSTILE });
    const xml = junitReport(matrixOf([hostile, lost]), 'unexpected');
    expect(await faultsOfJUnit(xml)).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(xml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e\ufffe\uffff]|<script|\]\]>/);
    expect(xml.isWellFormed()).toBe(true);
    expect(results(xml).lost).toBe('error');
    const read = create(xml).end({ format: 'object' }) as { testsuites: { testsuite: unknown[] } };
    expect(read.testsuites.testsuite).toHaveLength(3);
  });

  test.each<[FailOn, string, string, string]>([
    ['unexpected', 'failure', 'skipped', 'error'],
    ['any', 'failure', 'failure', 'error'],
    ['never', 'skipped', 'skipped', 'error'],
  ])('--fail-on %s: new %s, known %s, missed %s', (failOn, fresh, known, missed) => {
    expect(results(junitReport(matrixOf(all), failOn))).toEqual({
      'the run as a whole': 'error',
      control: 'passed',
      canary: 'passed',
      'g@1.0.0_full-temp_sigkill_1g': 'passed',
      'no-orphans new': fresh,
      'no-orphans known': known,
      missed,
      skipped: 'skipped',
    });
  });

  test('a control that does not hold and a canary that sings are errors', () => {
    const wrong = { ...control, verdict: 'violated' as const, expected: false };
    const sings = { ...canary, verdict: 'held' as const, expected: false };
    const xml = junitReport(matrixOf([wrong, sings]), 'never');
    expect(results(xml)).toEqual({ 'the run as a whole': 'error', control: 'error', canary: 'error' });
    expect(xml).toMatch(/<testsuites tests="3" failures="0" errors="3"/);
  });
});
