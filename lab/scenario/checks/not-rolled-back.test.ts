import { expect, test } from 'vitest';
import type { EvidenceEvent } from '../../evidence/event.ts';
import { judge } from '../../judge/judge.ts';
import { EvidenceBuilder, STORE, slept, storeOf, TEMP } from '../../test/healthy-cell.ts';

const OLD = storeOf('warm');
const BESIDE = storeOf('warm', 'second');
const WOKEN = storeOf('warm', 'second', 'struck');
const SERVED = storeOf('warm', 'second', 'struck', 'after');

const MERGED = TEMP.replace('.2.tmp', '.3.tmp');

interface Told {
  /** What others left while the system slept. Without the temp: the second system took it away, or somebody whom nobody saw. */
  beside?: { store: string; temp?: string; isUnseen?: boolean };
  woken?: string;
  served?: string;
  rebooted?: string;
  /** The second system refuses, and changes nothing. */
  isRefused?: boolean;
  /** What the system that was asleep does when it wakes. */
  isDead?: boolean;
}

/** The evidence of one sleep, with a second system on the folder, as a right one leaves it. */
function sleeper({
  beside = { store: BESIDE, temp: WOKEN },
  woken = WOKEN,
  served = SERVED,
  rebooted = SERVED,
  isRefused = false,
  isDead = false,
}: Told = {}) {
  const build = slept();
  const [cell] = build.events;
  if (cell?.type !== 'cell') throw new Error('no cell');
  const { crashPoint: _, fault, aftermath: __, type: ___, ...common } = cell;
  const header: EvidenceEvent = {
    ...common,
    type: 'scenario',
    id: 'sleeper-and-sweeper_reference@1.0.0_192m',
    scenario: 'sleeper-and-sweeper',
    isQuick: true,
    steps: 1,
    fault,
  };
  const files = (store: string, temp?: string) => ({
    [STORE]: { text: store },
    ...(temp === undefined ? {} : { [TEMP]: { text: temp, ageMs: 3_600_000 } }),
  });
  /** Events of others, at the time of one of the cell's. */
  const made = (at: EvidenceEvent, add: (others: EvidenceBuilder) => EvidenceBuilder): EvidenceEvent[] => {
    const others = add(new EvidenceBuilder().at(at.t - 1));
    for (const [sha, content] of others.contents) build.contents.set(sha, content);
    return others.events.map((event) => ({ ...event, t: at.t }));
  };
  build.events = build.events.slice(1).flatMap((event): EvidenceEvent[] => {
    if (event.type === 'snapshot' && event.moment === 'before')
      return [{ t: event.t, type: 'phase', name: 'step 1' }, event];
    if (event.type === 'snapshot' && event.moment === 'woken')
      return made(event, (others) =>
        // It reads what is there before it writes.
        others
          .op(1, 'create', MERGED)
          .op(1, 'write', MERGED, { bytes: woken.length })
          .op(1, 'rename', MERGED, { to: STORE })
          .op(1, 'sync', '/state')
          .snapshot('woken', files(woken)),
      );
    if (event.type === 'snapshot' && event.moment === 'served')
      return [
        ...made(event, (others) => others.snapshot('served', files(served))),
        ...(isDead
          ? []
          : made(event, (others) =>
              others.add({ type: 'stopped', boot: 1, exitCode: 0, oomKilled: false, byLab: true }),
            )),
        ...made(event, (others) =>
          others
            .gate(1, { ev: 'exit', code: 0, oomKillsAtStart: 0, oomKills: 0, currentBytes: 1, peakBytes: 1 })
            .started(3)
            .ready(3)
            .snapshot('rebooted', files(rebooted)),
        ),
      ];
    if (event.type !== 'aged') return [event];
    return [
      event,
      ...made(event, (others) => {
        others.add({ type: 'second', boot: 2 }).started(2);
        if (isRefused) {
          others.add({ type: 'not-ready', boot: 2, why: 'it ended with code 1', lastLines: 'locked' });
          return others.snapshot('beside', files(OLD, WOKEN));
        }
        others.ready(2).turn('second', 2);
        if (beside.temp === undefined && beside.isUnseen !== true) others.op(2, 'unlink', TEMP);
        return others.snapshot('beside', files(beside.store, beside.temp));
      }),
    ];
  });
  build.events = [header, ...build.events];
  return judge(build.done());
}

const check = (result: ReturnType<typeof judge>, id: string) => result.checks.find((one) => one.id === id);

test('what the second system wrote is there after the first has woken: all hold', () => {
  const result = sleeper();
  expect(result.checks.filter((one) => one.verdict !== 'held')).toEqual([]);
  expect(check(result, 'not-rolled-back')?.detail).toBe('1 rows that were written in 1 sleeps are there, and no older');
});

test('a second system that refuses is right too', () => {
  const refused = sleeper({
    isRefused: true,
    woken: storeOf('warm', 'struck'),
    served: storeOf('warm', 'struck', 'after'),
    rebooted: storeOf('warm', 'struck', 'after'),
  });
  expect(refused.checks.filter((one) => one.verdict !== 'held')).toMatchObject([
    {
      id: 'not-rolled-back',
      verdict: 'not-applicable',
      detail: 'nobody wrote to the store while the system slept',
    },
  ]);
});

test.each([
  ['when it wakes', { woken: storeOf('warm', 'struck') }, /step 1 .*woken: the row "midwrite-second" is gone/],
  ['when it is booted again', { rebooted: storeOf('warm', 'struck', 'after') }, /rebooted: the row "midwrite-second"/],
  [
    'to an older row',
    { beside: { store: BESIDE.replaceAll('"updatedAt":2', '"updatedAt":9'), temp: WOKEN } },
    /woken: the row "midwrite-warm" went back by 7 ms/,
  ],
])('what was written while it slept is lost %s', (_, told, says) => {
  const found = check(sleeper(told), 'not-rolled-back');
  expect(found?.verdict).toBe('violated');
  expect(found?.detail).toMatch(says);
  expect(found?.lines.every((line) => line > 0)).toBe(true);
});

test('an acknowledged turn of the second system that is lost is lost', () => {
  const found = check(sleeper({ rebooted: storeOf('warm', 'struck', 'after') }), 'acked-durable');
  expect(found).toMatchObject({ verdict: 'violated', detail: expect.stringMatching(/"second" is not in/) });
});

test('its temp is taken by the second system, or by a command', () => {
  const taken = check(sleeper({ beside: { store: BESIDE } }), 'wakes');
  expect(taken?.verdict).toBe('violated');
  expect(taken?.detail).toMatch(/its temp .* was taken from under it while it slept, by a second system/);
  const unseen = check(sleeper({ beside: { store: BESIDE, isUnseen: true } }), 'wakes');
  expect(unseen?.detail).toMatch(/while it slept, by a command/);
});

test('it dies when it wakes', () => {
  expect(check(sleeper({ isDead: true }), 'wakes')?.detail).toMatch(/the system ended with code 0 when it woke/);
});

test('a store that can not be read while it slept: not known what was lost', () => {
  expect(check(sleeper({ beside: { store: '{"cut', temp: WOKEN } }), 'not-rolled-back')?.verdict).toBe('inconclusive');
});
