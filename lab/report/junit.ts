import { create } from 'xmlbuilder2';
import { plain } from '../plain.ts';
import { unreachable } from '../problem.ts';
import type { AnyRow, Matrix } from '../result/matrix.ts';
import { machinesOf } from './ran-on.ts';
import type { FailOn, Reporter } from './reporter.ts';
import { fails, standingOf, violations } from './standing.ts';

/**
 * The result as JUnit XML, which CI servers draw as tests: a suite for each system, a test for each cell, and one for the run as a whole. It is written
 * to the model of Jenkins' xUnit plugin (lab/test/jenkins-junit.xsd).
 */
export const junit: Reporter = {
  name: 'junit',
  summary: 'JUnit XML, for CI servers',
  file: 'junit.xml',
  write: ({ matrix, failOn }) => junitReport(matrix, failOn),
};

interface Test {
  classname: string;
  name: string;
  durationMs: number;
  /** Absent: it passed. */
  result?: { element: 'skipped' | 'error' | 'failure'; type: string; lines: readonly string[] };
  output: readonly string[];
}

export function junitReport(matrix: Matrix, failOn: FailOn): string {
  const { run } = matrix;
  const suites = new Map([['midwrite', [wholeRun(matrix, failOn)]]]);
  for (const row of [...matrix.cells, ...matrix.explorations]) {
    const name = `${row.system}@${row.version}`;
    suites.set(name, [...(suites.get(name) ?? []), testOf(row, failOn)]);
  }
  // XML 1.0 has no place at all for some characters, not even as references: https://www.w3.org/TR/xml/#charsets
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }).ele('testsuites', {
    ...countsOf([...suites.values()].flat()),
    name: 'midwrite',
  });
  for (const [name, tests] of suites) {
    const { tests: count, failures, errors, time } = countsOf(tests);
    const skipped = tests.filter((test) => test.result?.element === 'skipped').length;
    const suite = root.ele('testsuite', {
      name: plain(name),
      tests: count,
      failures,
      errors,
      skipped,
      time,
      timestamp: run.startedAt,
    });
    const cgroup = [...new Set(machinesOf(run).map((one) => one.cgroup))].join('; ');
    const facts = { run: run.id, midwrite: run.midwriteVersion, engine: run.engine, kernel: run.kernel, cgroup };
    const properties = suite.ele('properties');
    for (const [key, value] of Object.entries(facts)) properties.ele('property', { name: key, value: plain(value) });
    for (const test of tests) {
      const { classname, result } = test;
      const element = suite.ele('testcase', {
        classname: plain(classname),
        name: plain(test.name),
        time: seconds(test.durationMs),
      });
      if (result !== undefined) {
        const text = plain(result.lines.join('\n'));
        // Old models know no attributes of `skipped`.
        const attributes =
          result.element === 'skipped' ? {} : { type: result.type, message: plain(result.lines[0] ?? result.type) };
        element.ele(result.element, attributes).txt(text);
      }
      element.ele('system-out').txt(plain(test.output.join('\n')));
    }
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function testOf(row: AnyRow, failOn: FailOn): Test {
  const test = { classname: `${row.system}@${row.version}`, name: row.id, durationMs: row.durationMs };
  const output = [row.detail, `again: ${row.reproduce}`];
  const standing = standingOf(row);
  switch (standing) {
    case 'as it should be':
      return { ...test, output };
    case 'not applicable':
      return { ...test, output, result: { element: 'skipped', type: standing, lines: [row.detail] } };
    case 'unknown': {
      const lines = [`${row.role} ${row.verdict}: ${row.detail}`, ...unknownChecks(row), ...violations(row)];
      return { ...test, output, result: { element: 'error', type: row.verdict, lines } };
    }
    case 'known':
    case 'new': {
      const element = fails(standing, failOn) ? 'failure' : 'skipped';
      return { ...test, output, result: { element, type: `violated, ${standing}`, lines: violations(row) } };
    }
    default:
      return unreachable(standing);
  }
}

const unknownChecks = (row: AnyRow): string[] =>
  row.checks
    .filter((check) => check.verdict === 'missed' || check.verdict === 'inconclusive')
    .map((check) => `${check.id} is ${check.verdict}: ${check.detail}`);

function wholeRun({ run, outcome }: Matrix, failOn: FailOn): Test {
  const test = { classname: 'midwrite', name: 'the run as a whole', durationMs: run.durationMs ?? 0, output: [run.id] };
  if (outcome.kind === 'sound') return test;
  const isGreen = outcome.kind === 'unexpected' && failOn === 'never';
  const element = isGreen ? 'skipped' : outcome.kind === 'unexpected' ? 'failure' : 'error';
  return { ...test, result: { element, type: outcome.kind, lines: outcome.reasons } };
}

function countsOf(tests: readonly Test[]): { tests: number; failures: number; errors: number; time: string } {
  const count = (element: string) => tests.filter((test) => test.result?.element === element).length;
  return {
    tests: tests.length,
    failures: count('failure'),
    errors: count('error'),
    time: seconds(tests.reduce((sum, test) => sum + test.durationMs, 0)),
  };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
