import { describe, expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { MatrixCell } from '../result/matrix.ts';
import { failed, killed, slept, TEMP } from '../test/healthy-cell.ts';
import { row } from '../test/matrix.ts';
import { exercisedNowhere, idleControls, isIdle, withAbilities } from './exercised.ts';

type MatrixCheck = MatrixCell['checks'][number];

const check = (id: string, exercised: MatrixCheck['exercised'], verdict: MatrixCheck['verdict'] = 'held') => ({
  id,
  verdict,
  detail: 'fine',
  lines: [],
  ...(exercised !== undefined && { exercised }),
});

describe('what a check says of what it saw', () => {
  const of = (result: ReturnType<typeof judge>, id: string) => result.checks.find((one) => one.id === id)?.exercised;

  test('a temp that had to go puts the sweep to the test, and shows that there is one', () => {
    expect(of(judge(killed().done()), 'sweep-on-boot')).toMatchObject({
      by: expect.stringContaining(TEMP),
      shows: 'sweep',
    });
  });

  test('a temp that had to stay counts only where the system sweeps at all', () => {
    expect(of(judge(killed('fresh').done()), 'sweep-on-boot')).toMatchObject({ needs: 'sweep' });
  });

  test('nothing was there to sweep', () => {
    const build = killed();
    build.events = build.events.map((event) =>
      event.type === 'snapshot' ? { ...event, entries: event.entries.filter((entry) => entry.path !== TEMP) } : event,
    );
    const result = judge(build.done());
    expect(of(result, 'sweep-on-boot')).toBeNull();
    expect(of(result, 'no-orphans')).toBeNull();
    expect(of(result, 'store-valid')).toMatchObject({ by: expect.stringContaining('in the middle of a write') });
  });

  test('a call that failed puts the report of it to the test; without one nobody asks', () => {
    expect(of(judge(failed().done()), 'reports-failure')).toMatchObject({ by: expect.stringContaining('EIO') });
    expect(of(judge(slept().done()), 'reports-failure')).toBeUndefined();
  });
});

test('what needs an ability does not count where no cell of the system shows it', () => {
  const spared = row({ id: 'a', checks: [check('sweep-on-boot', { by: 'a temp', needs: 'sweep' })] });
  const swept = row({ id: 'b', checks: [check('sweep-on-boot', { by: 'a temp', shows: 'sweep' })] });
  const other = row({
    id: 'c',
    system: 'mutant',
    checks: [check('sweep-on-boot', { by: 'x', shows: 'sweep' }, 'violated')],
  });
  const bySystem = ({ system }: { system: string }) => system;
  const exercisedOf = (rows: Parameters<typeof withAbilities>[0], subject = bySystem) =>
    withAbilities(rows, subject)[0]?.checks[0]?.exercised;
  expect(exercisedOf([spared])).toBeNull();
  expect(exercisedOf([spared, other])).toBeNull();
  expect(exercisedOf([spared, other], () => 'g')).not.toBeNull();
  expect(exercisedOf([spared, swept])).not.toBeNull();
});

test('a run lists what was exercised nowhere, and nothing of which nobody says anything', () => {
  const rows = [
    row({ id: 'a', checks: [check('wakes', null), check('serves', null), check('own', undefined)] }),
    row({ id: 'b', checks: [check('wakes', null), check('serves', { by: 'a write' })] }),
  ];
  expect(exercisedNowhere(rows)).toEqual([{ system: 'g@1.0.0', checks: ['wakes'] }]);
  expect(rows[0]?.checks.map(isIdle)).toEqual([true, true, false]);
});

describe('a control that puts nothing to the test is not sound', () => {
  test('one in which no promise could have been broken', () => {
    const idle = row({ id: 'control', role: 'control', checks: [check('wakes', null)] });
    expect(idleControls([idle], [])).toEqual(['the control control puts no promise to the test: wakes']);
  });

  test('the right system beside a mutant', () => {
    const shownBy = { crashPoint: 'full-temp', fault: 'sigkill', aftermath: 'aged' };
    const mutant = { of: 'g', defect: 'no-boot-sweep', system: 'm', caughtBy: 'sweep-on-boot', shownBy };
    const caught = row({ id: 'm', system: 'm', role: 'mutant', verdict: 'violated' });
    const right = (exercised: MatrixCheck['exercised']) => row({ checks: [check('sweep-on-boot', exercised)] });
    expect(idleControls([caught, right(null)], [mutant])).toEqual([
      'g@1.0.0_full-temp_sigkill_1g does not put sweep-on-boot to the test, which must catch no-boot-sweep there',
    ]);
    expect(idleControls([caught, right({ by: 'a temp' })], [mutant])).toEqual([]);
    // Without the mutant nobody asks.
    expect(idleControls([right(null)], [mutant])).toEqual([]);
  });
});
