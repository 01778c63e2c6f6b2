import { describe, expect, test } from 'vitest';
import type { MatrixRow } from '../result/matrix.ts';
import type { VerdictName } from '../result/verdict.ts';
import { explored, exploredRow, finding } from '../test/explored.ts';
import { row } from '../test/matrix.ts';
import { parseExpectations } from './expectations.ts';
import type { Review } from './new-expectations.ts';
import { updateExpectations } from './update-expectations.ts';

const ISSUE = 'https://example.com/1';
const TODAY = '2026-11-21';

const FILE = `# Known findings of g.
# Looked through by people.

# The temps stay: upstream has not answered yet.
- versions: 1.0.0 || 1.1.0
  crashPoint: "*-temp" # before the rename
  fault: "{sigkill,oom}"
  checks: [no-orphans, sweep-on-boot]
  issue: ${ISSUE}
  note: The temp of the killed writer stays; a long sentence that is longer than eighty characters stays in one line.

# Slow disks only.
- versions: ">=2"
  checks:
    - boots # see the log
  issue: https://example.com/2
  until: 2026-12-31
  note: x
`;

function cell(checks: Record<string, VerdictName>, more: object = {}): MatrixRow {
  const list = Object.entries(checks).map(([id, verdict]) => ({ id, verdict, detail: `${id} said`, lines: [] }));
  const verdict = Object.values(checks).includes('violated') ? 'violated' : 'held';
  return row({ verdict, checks: list, ...more });
}
const update = (rows: readonly MatrixRow[], review: Review = {}, text = FILE, day = TODAY) =>
  updateExpectations(text, 'f.yaml', rows, day, review);
const both = (no: VerdictName, sweep: VerdictName, more: object = {}) =>
  cell({ 'no-orphans': no, 'sweep-on-boot': sweep }, more);

test('nothing to do: not a byte is changed', () => {
  const odd = FILE.replace('versions: 1.0.0', 'versions:   1.0.0');
  expect(update([both('violated', 'violated')], {}, odd)).toEqual({ text: odd, changes: [], byHand: [] });
});

describe('what did not happen any more is taken out', () => {
  test('one version of several, and every comment stays', () => {
    const { text, changes } = update([both('violated', 'violated'), both('held', 'held', { version: '1.1.0' })]);
    expect(text).toBe(FILE.replace('versions: 1.0.0 || 1.1.0', 'versions: 1.0.0'));
    expect(changes).toEqual([`fixed: no-orphans, sweep-on-boot of g@1.1.0 (${ISSUE})`]);
  });

  test('the whole of it, with its own comment and no other', () => {
    const { text } = update([both('held', 'held'), both('held', 'held', { version: '1.1.0' })]);
    expect(text).toContain('# Looked through by people.');
    expect(text).toContain('# Slow disks only.');
    expect(text).not.toContain('no-orphans');
    expect(parseExpectations(text, 'f')).toHaveLength(1);
  });

  test('one check of one version: that version stands by itself', () => {
    const { text } = update([both('held', 'violated')]);
    expect(parseExpectations(text, 'f').map((one) => [one.versions, one.checks])).toEqual([
      ['1.1.0', ['no-orphans', 'sweep-on-boot']],
      ['1.0.0', ['sweep-on-boot']],
      ['>=2', ['boots']],
    ]);
  });

  test('a version of a range is for people', () => {
    const { text, changes, byHand } = update([cell({ boots: 'held' }, { version: '2.0.0' })]);
    expect([text, changes]).toEqual([FILE, []]);
    expect(byHand).toEqual(['boots of g@2.0.0 (https://example.com/2) did not happen: take it out of ">=2"']);
  });

  test('a version that another system has as well is for people', () => {
    const rows = [both('held', 'held'), both('violated', 'violated', { system: 'h' })];
    expect(update(rows)).toMatchObject({ text: FILE, changes: [], byHand: [expect.stringContaining('of g@1.0.0')] });
  });
});

describe('what is new is added', () => {
  const at = (crashPoint: string, fault: string, more: object = {}) =>
    cell({ serves: 'violated', boots: 'held' }, { crashPoint, fault, version: '3.0.0', ...more });

  test('as few entries as say exactly these cells', () => {
    const rows = [
      at('torn-temp', 'oom'),
      at('full-temp', 'oom'),
      at('full-temp', 'sigkill'),
      at('torn-temp', 'sigkill'),
      at('replaced', 'sleep'),
    ];
    const { text, changes } = update(rows, { issue: 'https://example.com/3', note: 'why', until: '2027-01-31' });
    const about = { issue: 'https://example.com/3', since: TODAY, until: '2027-01-31', note: 'why', aftermath: 'aged' };
    const added = parseExpectations(text, 'f').slice(2);
    expect(added).toEqual([
      {
        ...about,
        system: 'g',
        versions: '3.0.0',
        crashPoint: '{full-temp,torn-temp}',
        fault: '{oom,sigkill}',
        checks: ['serves'],
      },
      { ...about, system: 'g', versions: '3.0.0', crashPoint: 'replaced', fault: 'sleep', checks: ['serves'] },
    ]);
    expect(changes).toHaveLength(2);
    expect(text.startsWith(FILE.trimEnd())).toBe(true);
    expect(update(rows, {}, text).changes).toEqual([]);
  });

  test('a scenario by its name', () => {
    const { crashPoint: _, fault: __, aftermath: ___, ...rest } = row({ verdict: 'violated', version: '3.0.0' });
    const checks = [{ id: 'disk-bounded', verdict: 'violated' as const, detail: 'it \u001bgrew', lines: [] }];
    const scenario: MatrixRow = { ...rest, scenario: 'many', isQuick: true, figures: [], curves: [], checks };
    const { text } = update([scenario], { issue: ISSUE });
    expect(parseExpectations(text, 'f')[2]).toMatchObject({ scenario: 'many', note: 'it \\u001bgrew' });
    expect(update([scenario], {}, text).changes).toEqual([]);
  });

  test('nothing without an issue, and controls and mutants are none', () => {
    expect(() => update([at('replaced', 'oom')])).toThrow(/Add --issue .*: serves/);
    expect(
      update([at('replaced', 'oom', { role: 'control' }), at('replaced', 'oom', { role: 'canary' })]).changes,
    ).toEqual([]);
  });

  test('to a file that has none yet', () => {
    expect(update([at('replaced', 'oom')], { issue: ISSUE }, '# mine\n').text).toMatch(/^# mine\n\n?- system: g\n/);
  });

  test('a version that reads like a number stays a text', () => {
    const { text } = update([at('replaced', 'oom', { version: '2026.5.28' })], { issue: ISSUE, note: '2026' });
    expect(parseExpectations(text, 'f').at(-1)).toMatchObject({ versions: '2026.5.28', note: '2026' });
  });
});

describe('what has expired', () => {
  const late = '2027-02-01';
  const happens = [cell({ boots: 'violated' }, { version: '2.0.0' })];

  test('is new again, and for people', () => {
    const { byHand, changes } = update(happens, { issue: ISSUE }, FILE, late);
    expect(byHand).toEqual([expect.stringMatching(/boots of >=2 .* expired on 2026-12-31: fix it, or give --until/)]);
    expect(changes).toHaveLength(1);
  });

  test('gets another date where one is given', () => {
    const { text, changes } = update(happens, { until: '2027-03-31' }, FILE, late);
    expect(text).toBe(FILE.replace('2026-12-31', '2027-03-31'));
    expect(changes).toEqual(['expected until 2027-03-31: boots of >=2 (https://example.com/2)']);
  });
});

test('a finding of an exploration is expected of explorations alone', () => {
  const found = exploredRow(explored([finding()]));
  const { text, changes } = updateExpectations(FILE, 'f.yaml', [found], TODAY, { issue: ISSUE });
  expect(changes).toHaveLength(1);
  const added = parseExpectations(text, 'f').at(-1);
  expect(added).toMatchObject({ system: 'one', versions: '1.0.0', exploration: 'turn', checks: ['store-valid'] });
  expect(updateExpectations(text, 'f.yaml', [found], TODAY, {}).changes).toEqual([]);
});
