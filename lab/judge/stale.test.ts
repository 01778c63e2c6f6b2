import { describe, expect, test } from 'vitest';
import type { MatrixCell } from '../result/matrix.ts';
import type { VerdictName } from '../result/verdict.ts';
import { scenarioRow } from '../test/judged-run.ts';
import { row } from '../test/matrix.ts';
import { type Expectation, inForce, parseExpectations } from './expectations.ts';
import { staleExpectations } from './stale.ts';

const known: Expectation = {
  versions: '1.0.0 || 1.1.0',
  crashPoint: '*-temp',
  fault: '*',
  aftermath: '*',
  checks: ['no-orphans', 'sweep-on-boot'],
  issue: 'https://example.com/1',
  note: '',
};

const cell = (orphans: VerdictName, sweep: VerdictName, more: Partial<MatrixCell> = {}): MatrixCell =>
  row({
    checks: [
      { id: 'no-orphans', verdict: orphans, detail: '', lines: [] },
      { id: 'sweep-on-boot', verdict: sweep, detail: '', lines: [] },
    ],
    ...more,
  });

const stale = (rows: readonly MatrixCell[], more: Partial<Expectation> = {}, day = '2026-11-21') =>
  staleExpectations({ file: 'f.yaml', expectations: [{ ...known, ...more }], rows }, day);
const inShort = (rows: readonly MatrixCell[], more: Partial<Expectation> = {}) =>
  stale(rows, more).map(({ why, version, checks }) => [why, version, ...checks]);

describe('a known finding that no longer happens', () => {
  test('is fixed: remove it', () => {
    expect(stale([cell('held', 'held')])).toEqual([
      {
        why: 'fixed',
        system: 'g',
        version: '1.0.0',
        checks: ['no-orphans', 'sweep-on-boot'],
        issue: 'https://example.com/1',
        detail:
          'no-orphans, sweep-on-boot of g@1.0.0 (https://example.com/1) did not happen in g@1.0.0_full-temp_sigkill_1g: it is fixed, remove it from f.yaml',
      },
    ]);
  });

  test('what takes chance as well is not fixed when it does not happen; its day comes all the same', () => {
    expect(inShort([cell('held', 'held')], { sometimes: true })).toEqual([]);
    expect(stale([cell('held', 'held')], { sometimes: true, until: '2026-01-01' })).toMatchObject([{ why: 'expired' }]);
  });

  test('the quick form of a scenario looks at less, and can not say that it is fixed', () => {
    const scenario = (isQuick: boolean) => ({
      ...scenarioRow('storm', 'g', 0),
      isQuick,
      checks: cell('held', 'held').checks,
    });
    const of = (isQuick: boolean) =>
      staleExpectations(
        { file: 'f', expectations: [{ ...known, scenario: 'storm' }], rows: [scenario(isQuick)] },
        '2026-11-21',
      );
    expect(of(true)).toEqual([]);
    expect(of(false)).toMatchObject([{ why: 'fixed' }]);
  });

  test.each<[string, MatrixCell[], string[][]]>([
    ['it happens', [cell('violated', 'violated')], []],
    ['one check of it does', [cell('held', 'violated')], [['fixed', '1.0.0', 'no-orphans']]],
    ['it happens in one of its cells', [cell('held', 'violated'), cell('violated', 'held')], []],
    [
      'it happens in one release and not in another one',
      [cell('violated', 'violated'), cell('held', 'held', { version: '1.1.0' })],
      [['fixed', '1.1.0', 'no-orphans', 'sweep-on-boot']],
    ],
    ['a promise that is not made any more', [cell('not-applicable', 'violated')], [['fixed', '1.0.0', 'no-orphans']]],
    ['nothing is proven', [cell('missed', 'missed'), cell('held', 'held')], []],
    ['one cell proves nothing', [cell('held', 'held'), cell('inconclusive', 'violated')], []],
    ['none of its cells ran: another crash point', [cell('held', 'held', { crashPoint: 'replaced' })], []],
    ['none of its cells ran: another release', [cell('held', 'held', { version: '2.0.0' })], []],
    ['a control is none of its cells', [cell('held', 'held', { role: 'control' })], []],
  ])('%s', (_, rows, expected) => {
    expect(inShort(rows)).toEqual(expected);
  });

  test('of another system of the same file', () => {
    expect(inShort([cell('held', 'held')], { system: 'other' })).toEqual([]);
    expect(inShort([cell('held', 'held')], { system: 'g*' })).toHaveLength(1);
  });
});

describe('an expectation whose time is over', () => {
  const until = '2026-11-20';

  test('is stale whether it happens or not, and excuses nothing', () => {
    expect(inShort([cell('violated', 'violated')], { until })).toEqual([
      ['expired', '1.0.0', 'no-orphans', 'sweep-on-boot'],
    ]);
    expect(stale([cell('held', 'held')], { until })[0]?.detail).toMatch(/expired on 2026-11-20: look whether/);
    expect(inForce([{ ...known, until }], '2026-11-21')).toEqual([]);
  });

  test('its last day is still in time', () => {
    expect(stale([cell('violated', 'violated')], { until }, '2026-11-20')).toEqual([]);
    expect(inForce([{ ...known, until }], '2026-11-20')).toHaveLength(1);
  });
});

describe('the file', () => {
  test('is YAML with comments, or JSON', () => {
    const yaml = '# reviewed\n- versions: ">=1"\n  checks: [boots] # why\n  issue: https://example.com/1\n  note: x\n';
    const asJson = '[{"versions": ">=1", "checks": ["boots"], "issue": "https://example.com/1", "note": "x"}]';
    expect(parseExpectations(yaml, 'f')).toEqual(parseExpectations(asJson, 'f'));
    expect(parseExpectations('# nothing is known yet\n', 'f')).toEqual([]);
  });

  test.each([
    ['- versions: [', /f is not YAML: .*line 1/s],
    ['- versions: ">=1"', /f is no list of expectations: 0\.checks/],
    ['- {versions: ">=1", checks: [boots], issue: none, note: x}', /0\.issue/],
    ['- {versions: what, checks: [boots], issue: "https://example.com", note: x}', /no range of versions/],
    ['- {versions: ">=1", checks: [boots], issue: "https://example.com", note: x, until: soon}', /0\.until/],
    ['- {versions: ">=1", checks: [boots], issue: "https://example.com", note: x, untill: 2026-01-01}', /untill/],
  ])('%s', (text, says) => {
    expect(() => parseExpectations(text, 'f')).toThrow(says);
  });
});
