import { describe, expect, test } from 'vitest';
import type { EvidenceEvent, Moment } from '../evidence/event.ts';
import { judge } from '../judge/judge.ts';
import {
  type EvidenceBuilder,
  FIRST_TEMP,
  FOREIGN,
  failed,
  JOURNAL,
  killed,
  STORE,
  slept,
  stopped,
  storeOf,
  TEMP,
  YOUNG,
} from '../test/healthy-cell.ts';
import { checks } from './index.ts';

/** What a defect does to the evidence. */
interface Mutant {
  check: string;
  defect: string;
  evidence: () => EvidenceBuilder;
  /** The message names the effect. */
  says: RegExp;
}

type File = { text: string; ageMs?: number; ino?: number };

/** The evidence with one file of one look changed; `undefined` takes it away. */
function look(
  build: EvidenceBuilder,
  moments: readonly Moment[],
  path: string,
  file: File | undefined,
): EvidenceBuilder {
  for (const moment of moments) {
    const index = build.events.findIndex((event) => event.type === 'snapshot' && event.moment === moment);
    const old = build.events[index];
    if (old?.type !== 'snapshot') throw new Error(`the healthy cell has no look "${moment}"`);
    const entries = old.entries.filter((entry) => entry.path !== path);
    if (file !== undefined) {
      build.at(old.t - 1).snapshot(moment, { [path]: file });
      const made = build.events.pop();
      if (made?.type === 'snapshot') entries.push(...made.entries);
    }
    build.events[index] = { ...old, entries };
  }
  return build;
}

function change(
  build: EvidenceBuilder,
  matches: (event: EvidenceEvent) => boolean,
  to: (event: EvidenceEvent) => EvidenceEvent[],
): EvidenceBuilder {
  build.events = build.events.flatMap((event) => (matches(event) ? to(event) : [event]));
  return build;
}

const without = (build: EvidenceBuilder, matches: (event: EvidenceEvent) => boolean) =>
  change(build, matches, () => []);
const isOp =
  (op: string, path: string, boot = 1) =>
  (event: EvidenceEvent) =>
    event.type === 'gate' &&
    event.boot === boot &&
    event.event.ev === 'op' &&
    event.event.op === op &&
    event.event.path === path;
/** The first event that matches put behind the first one that matches `after`. */
function late(
  build: EvidenceBuilder,
  matches: (event: EvidenceEvent) => boolean,
  after: (event: EvidenceEvent) => boolean,
): EvidenceBuilder {
  const [moved] = build.events.splice(build.events.findIndex(matches), 1);
  if (moved === undefined) throw new Error('the healthy cell has no such event');
  build.events.splice(build.events.findIndex(after) + 1, 0, moved);
  return build;
}
/** The healthy cell with another promise. */
function promising(build: EvidenceBuilder, more: object): EvidenceBuilder {
  const [cell] = build.events;
  if (cell?.type !== 'cell') throw new Error('no cell');
  build.events[0] = { ...cell, promises: { ...cell.promises, ...more } };
  return build;
}
const acknowledged = (event: EvidenceEvent): EvidenceEvent[] =>
  event.type === 'turn' ? [{ ...event, result: { ...event.result, acknowledged: true, status: 200 } }] : [event];
const isTurn = (name: string) => (event: EvidenceEvent) => event.type === 'turn' && event.name === name;
const AFTER: Moment[] = ['booted', 'served', 'stopped', 'rebooted'];

/** Its calls failed, and the next write was refused when they did not fail any more; then it was asked once more. */
const again = (isMended: boolean): EvidenceBuilder =>
  change(failed(), isTurn('after'), (event) => {
    if (event.type !== 'turn') return [event];
    const refused = { ...event.result, acknowledged: false, error: 'timeout' };
    return [
      { ...event, result: refused },
      { ...event, name: 'again', durable: [], result: isMended ? event.result : refused },
    ];
  });

const mutants: Mutant[] = [
  {
    check: 'store-valid',
    defect: 'the store is cut in half',
    evidence: () => look(killed(), ['struck'], STORE, { text: '{"a": {"sess' }),
    says: /struck: it is no JSON after 12 bytes/,
  },
  {
    check: 'store-valid',
    defect: 'the store is empty',
    evidence: () => look(killed(), ['booted'], STORE, { text: '' }),
    says: /booted: it is empty/,
  },
  {
    check: 'store-valid',
    defect: 'the store is gone',
    evidence: () => look(killed(), ['served'], STORE, undefined),
    says: /served: the store is missing/,
  },
  {
    check: 'store-valid',
    defect: 'the store is a list',
    evidence: () => look(killed(), ['served'], STORE, { text: '[]' }),
    says: /no JSON object/,
  },
  {
    check: 'store-valid',
    defect: 'a row lost a field',
    evidence: () => look(killed(), ['served'], STORE, { text: '{"k": {"sessionId": "1"}}' }),
    says: /"k" has no updatedAt/,
  },
  {
    check: 'store-valid',
    defect: 'broken on waking',
    evidence: () => look(slept(), ['woken'], STORE, { text: '{' }),
    says: /woken: it is no JSON/,
  },
  {
    check: 'no-orphans',
    defect: 'no sweep',
    evidence: () => look(killed(), AFTER, TEMP, { text: 'x', ageMs: 3_600_000 }),
    says: /1 orphan with 1 bytes left: .*0a1b2c3d/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'no sweep',
    evidence: () => look(killed(), AFTER, TEMP, { text: 'x', ageMs: 3_600_000 }),
    says: /did not remove .*0a1b2c3d/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'takes young temps',
    evidence: () => look(killed(), AFTER, YOUNG, undefined),
    says: /not its own: .*young temp/,
  },
  {
    check: 'sweep-on-boot',
    defect: "takes others' files",
    evidence: () => look(killed(), AFTER, FOREIGN, undefined),
    says: /not its own: .*foreign file/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'takes temps although the store is corrupt',
    evidence: () => look(killed('corrupt-store'), AFTER, TEMP, undefined),
    says: /the store was unreadable and one may be the only copy/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'takes what is younger than the grace',
    evidence: () => look(killed('fresh'), AFTER, TEMP, undefined),
    says: /younger than the grace/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'somebody else swept',
    evidence: () =>
      without(killed(), (event) => event.type === 'gate' && event.event.ev === 'op' && event.event.op === 'unlink'),
    says: /no unlink of the system's was seen/,
  },
  {
    check: 'sweep-on-boot',
    defect: 'sweeps much later',
    evidence: () =>
      change(
        killed(),
        (event) => event.type === 'gate' && event.event.ev === 'op' && event.event.op === 'unlink',
        (event) =>
          event.type === 'gate' ? [{ ...event, event: { ...event.event, t: event.t + 5_000 } as never }] : [event],
      ),
    says: /later than 500 ms after it was ready/,
  },
  {
    check: 'acked-durable',
    defect: 'an acknowledged turn is not in the store',
    evidence: () => look(killed(), ['booted'], STORE, { text: storeOf('other') }),
    says: /booted: the acknowledged turn "warm" is not in/,
  },
  {
    check: 'acked-durable',
    defect: 'acknowledged before it is written',
    evidence: () =>
      change(killed(), isTurn('struck'), (event) =>
        event.type === 'turn' ? [{ ...event, result: { ...event.result, acknowledged: true } }] : [event],
      ),
    says: /"struck" is not in/,
  },
  {
    check: 'all-or-nothing',
    defect: 'half of the new store',
    evidence: () => look(killed(), ['struck'], STORE, { text: storeOf('warm', 'struck').slice(0, 40) }),
    says: /40 bytes; it is not the old one \(\d+\) and no whole new one/,
  },
  {
    check: 'all-or-nothing',
    defect: 'the store is gone',
    evidence: () => look(killed(), ['struck'], STORE, undefined),
    says: /neither the old one nor a new one/,
  },
  {
    check: 'all-or-nothing',
    defect: 'doubled on waking',
    evidence: () => look(slept(), ['woken'], STORE, { text: storeOf('warm', 'struck') + storeOf('warm') }),
    says: /no whole new one/,
  },
  {
    check: 'boots',
    defect: 'never ready',
    evidence: () =>
      change(
        killed(),
        (event) => event.type === 'ready' && event.boot === 2,
        (event) => [
          {
            t: event.t,
            type: 'not-ready',
            boot: 2,
            why: 'the system was not ready within 10 s',
            lastLines: 'lock is held by 7',
          },
        ],
      ),
    says: /boot 2: the system was not ready within 10 s.*\n {2}lock is held by 7/,
  },
  {
    check: 'boots',
    defect: 'slow',
    evidence: () =>
      change(
        killed(),
        (event) => event.type === 'ready' && event.boot === 2,
        (event) => (event.type === 'ready' ? [{ ...event, tookMs: 12_000 }] : [event]),
      ),
    says: /took 12000 ms; 10000 ms are promised/,
  },
  {
    check: 'boots',
    defect: 'the second boot rewrites',
    evidence: () => look(killed(), ['rebooted'], STORE, { text: storeOf('warm', 'after'), ino: 2 }),
    says: /wrote the same store anew/,
  },
  {
    check: 'boots',
    defect: 'the second boot changes the store',
    evidence: () => look(killed(), ['rebooted'], STORE, { text: storeOf('warm') }),
    says: /changed the store/,
  },
  {
    check: 'boots',
    defect: 'the second boot leaves a temp',
    evidence: () => look(killed(), ['rebooted'], TEMP, { text: 'x' }),
    says: /the second boot left .*0a1b2c3d/,
  },
  {
    check: 'serves',
    defect: 'a stale lock',
    evidence: () =>
      change(killed(), isTurn('after'), (event) =>
        event.type === 'turn'
          ? [{ ...event, result: { ...event.result, acknowledged: false, error: 'status 500: locked' } }]
          : [event],
      ),
    says: /the next turn failed after \d+ ms: status 500: locked/,
  },
  {
    check: 'serves',
    defect: 'waits for a lock',
    evidence: () =>
      change(killed(), isTurn('after'), (event) =>
        event.type === 'turn'
          ? [{ ...event, result: { ...event.result, tSent: event.result.tEnded - 9_000 } }]
          : [event],
      ),
    says: /took 9000 ms; 5000 ms are promised/,
  },
  {
    check: 'wakes',
    defect: 'the held turn fails',
    evidence: () =>
      change(slept(), isTurn('struck'), (event) =>
        event.type === 'turn'
          ? [{ ...event, result: { ...event.result, acknowledged: false, error: 'ENOENT' } }]
          : [event],
      ),
    says: /the held write failed after it woke: ENOENT/,
  },
  {
    check: 'wakes',
    defect: 'its temp is swept',
    evidence: () => slept().op(1, 'unlink', TEMP),
    says: /its temp .* was removed/,
  },
  {
    check: 'wakes',
    defect: 'it dies on waking',
    evidence: () =>
      slept().gate(1, { ev: 'exit', code: 1, oomKillsAtStart: 0, oomKills: 0, currentBytes: 1, peakBytes: 1 }),
    says: /ended with code 1 when it woke/,
  },
  {
    check: 'no-orphans',
    defect: 'a write that failed leaves its temp',
    evidence: () => look(slept(), ['woken', 'served'], TEMP, { text: 'x' }),
    says: /a finished write left .*0a1b2c3d/,
  },
  {
    check: 'sweep-on-timer',
    defect: 'no timer',
    evidence: () => look(killed('fresh'), ['outlived'], TEMP, { text: 'x', ageMs: 3_600_000 }),
    says: /0a1b2c3d.* is still there \d+ ms after it had outlived its grace/,
  },
  {
    check: 'sweep-on-timer',
    defect: "takes others' files",
    evidence: () => look(killed('fresh'), ['outlived'], FOREIGN, undefined),
    says: /not its own: .*notes-of-another-program/,
  },
  {
    check: 'sweep-on-timer',
    defect: 'somebody else swept',
    evidence: () => without(killed('fresh'), isOp('unlink', TEMP, 2)),
    says: /no unlink of the system's was seen/,
  },
  {
    check: 'synced',
    defect: 'the file is never synced',
    evidence: () => without(killed(), isOp('sync', FIRST_TEMP)),
    says: /the rename .* put data in place that was never synced/,
  },
  {
    check: 'synced',
    defect: 'the file is synced after its rename',
    evidence: () => late(killed(), isOp('sync', FIRST_TEMP), isOp('rename', FIRST_TEMP)),
    says: /the rename .* put data in place that was synced only after it/,
  },
  {
    check: 'synced',
    defect: 'the folder is not synced before what it replaces goes',
    evidence: () =>
      late(
        killed(),
        (event) => isOp('sync', '/state')(event) && event.t > 1_000_000_000_012,
        isOp('unlink', '/state/sessions.journal.1'),
      ),
    says: /journal\.1 was removed, and the folder \/state was not synced since the rename/,
  },
  {
    check: 'synced',
    defect: 'the folder of a new transcript is not synced before the journal goes',
    evidence: () =>
      promising(
        late(
          killed().op(1, 'create', '/state/transcripts/a.jsonl'),
          isOp('create', '/state/transcripts/a.jsonl'),
          isOp('sync', FIRST_TEMP),
        ),
        { durable: [{ file: ['/state/sessions.journal.*', '/state/transcripts/*.jsonl'], contains: '{text}' }] },
      ),
    says: /the folder \/state\/transcripts was not synced since the create/,
  },
  {
    check: 'synced',
    defect: 'the folder of a new journal is not synced',
    evidence: () => without(killed(), (event) => isOp('sync', '/state')(event) && event.t < 1_000_000_000_012),
    says: /"warm" was acknowledged, and the folder \/state was not synced since .*journal\.2 was made/,
  },
  {
    check: 'synced',
    defect: 'acknowledged before the sync',
    evidence: () => without(killed(), isOp('sync', JOURNAL)),
    says: /"warm" was acknowledged, and .*journal\.2 was not synced/,
  },
  {
    check: 'synced',
    defect: 'acknowledged before the write',
    evidence: () => without(killed(), isOp('write', JOURNAL, 2)),
    says: /"after" was acknowledged, and nothing had been written for it/,
  },
  {
    check: 'synced',
    defect: 'a store that relies on what is not synced',
    evidence: () =>
      late(
        killed().op(1, 'write', '/state/archive/sessions.jsonl', { bytes: 9 }),
        isOp('write', '/state/archive/sessions.jsonl'),
        isOp('sync', FIRST_TEMP),
      ),
    says: /relies on \/state\/archive\/sessions\.jsonl, which was not synced/,
  },
  {
    check: 'retention',
    defect: 'what is due stays',
    evidence: () => look(killed(), ['before'], STORE, { text: storeOf('warm', 'model-run-1') }),
    says: /before: midwrite-model-run-1 is still there/,
  },
  {
    check: 'retention',
    defect: 'no limit',
    evidence: () => look(killed(), ['served'], STORE, { text: storeOf('warm', 'after', 'one', 'more') }),
    says: /served: the store has 4 durable rows, and at most 3 are promised/,
  },
  {
    check: 'retention',
    defect: 'a durable row is lost',
    evidence: () => look(killed(), ['served'], STORE, { text: storeOf('after') }),
    says: /served: the durable row midwrite-warm is gone: it is neither in the store nor in the archive/,
  },
  {
    check: 'retention',
    defect: 'a durable row is archived although there is room',
    evidence: () =>
      look(look(killed(), ['served'], STORE, { text: storeOf('after') }), ['served'], '/state/archive/sessions.jsonl', {
        text: '{"key":"midwrite-warm"}\n',
      }),
    says: /the durable row midwrite-warm is gone from the store, which has 1 of 3/,
  },
  {
    check: 'retention',
    defect: 'what is not due goes',
    evidence: () => {
      const build = killed();
      const rules = [{ keys: 'midwrite-model-run-*', afterMs: 10 ** 15 }];
      return promising(build, { retention: { maxRows: 3, archive: '/state/archive/*.jsonl', expires: rules } });
    },
    says: /midwrite-model-run-1 is gone, and its time has not come/,
  },
  {
    check: 'writes-bounded',
    defect: 'the whole store for one turn',
    evidence: () => promising(killed(), { turnWritesAtMostBytes: 350 }),
    says: /one turn wrote \d+ bytes, and at most 350 are promised, beside a store of \d+ bytes: 300 to .*journal/,
  },
  {
    check: 'reports-failure',
    defect: 'success for a write that is not there',
    evidence: () => change(failed(), isTurn('struck'), acknowledged),
    says: /woken: the turn "struck" had succeeded, and it is not in/,
  },
  {
    check: 'reports-failure',
    defect: 'success for a write that a boot does not find',
    evidence: () => {
      const build = change(failed(), isTurn('struck'), acknowledged);
      for (const moment of ['woken', 'served'] as const)
        look(build, [moment], STORE, { text: storeOf('warm', 'struck') });
      return build;
    },
    says: /rebooted: the turn "struck" had succeeded/,
  },
  {
    check: 'recovers',
    defect: 'a lock that stays',
    evidence: () =>
      change(failed(), isTurn('after'), (event) =>
        event.type === 'turn'
          ? [{ ...event, result: { ...event.result, acknowledged: false, error: 'timeout' } }]
          : [event],
      ),
    says: /the next write failed after \d+ ms: timeout; only a boot makes it work again/,
  },
  {
    check: 'recovers',
    defect: 'a lock that stays, however often it is tried',
    evidence: () => again(false),
    says: /the next write failed after \d+ ms: timeout, and the one after it too; only a boot makes it work again/,
  },
  {
    check: 'recovers',
    defect: 'not even a boot mends it',
    evidence: () => {
      const build = without(failed(), isTurn('after'));
      return change(build, isTurn('restarted'), (event) =>
        event.type === 'turn' ? [{ ...event, result: { ...event.result, acknowledged: false } }] : [event],
      );
    },
    says: /and after a boot as well/,
  },
  {
    check: 'stops',
    defect: 'a drain that is longer than a stop',
    evidence: () =>
      change(stopped(), isTurn('struck'), (event) => [
        { t: event.t, type: 'strike', step: 'killed', facts: { afterMs: 10_000 } },
        event,
      ]),
    says: /10000 ms after SIGTERM it still ran and had to be killed, and 10000 ms are promised/,
  },
  {
    check: 'no-orphans',
    defect: 'a replacement that failed leaves its temp',
    evidence: () => look(failed(), ['woken', 'served'], TEMP, { text: storeOf('warm', 'struck'), ino: 7 }),
    says: /a finished write left .*sessions\.json\.0a1b2c3d/,
  },
  {
    check: 'memory-bounded',
    defect: 'an OOM of its own',
    evidence: () => killed().gate(2, { ev: 'memory', currentBytes: 1, peakBytes: 1, oomKills: 1 }),
    says: /boot 2: 1 OOM kill, of which 0 injected/,
  },
];

describe('every check catches its mutants', () => {
  test.each(mutants)('$check: $defect', ({ check, evidence, says }) => {
    const result = judge(evidence().done()).checks.find((one) => one.id === check);
    expect(result?.detail).toMatch(says);
    expect(result?.verdict).toBe('violated');
    expect(result?.lines.length, 'lines of evidence').toBeGreaterThan(0);
    expect(Math.min(...(result?.lines ?? []))).toBeGreaterThan(1);
  });

  test('and no check is without one', () => {
    expect([...new Set(mutants.map((mutant) => mutant.check))].sort()).toEqual(checks.map((check) => check.id).sort());
  });
});

describe('a right gateway holds', () => {
  test('when a younger journal is made while an older one is folded', () => {
    const build = killed().op(1, 'create', '/state/sessions.journal.3');
    const younger = late(
      build,
      isOp('create', '/state/sessions.journal.3'),
      (event) => isOp('sync', '/state')(event) && event.t > 1_000_000_000_012,
    );
    expect(judge(younger.done()).checks.find((check) => check.id === 'synced')?.verdict).toBe('held');
  });

  test("when the machine's clock is behind the lab's: what the next turn writes is not the last one's", () => {
    const behind = change(
      killed(),
      ({ type }) => type === 'gate' || type === 'turn',
      (event) => {
        if (event.type === 'gate') return [{ ...event, event: { ...event.event, t: event.event.t - 1_500 } }];
        if (event.type !== 'turn') return [event];
        const { tSent, tEnded } = event.result;
        return [{ ...event, result: { ...event.result, tSent: tSent - 1_500, tEnded: tEnded - 1_500 } }];
      },
    );
    const written = (build: EvidenceBuilder) =>
      judge(build.done()).checks.find((check) => check.id === 'writes-bounded')?.detail;
    expect(written(behind)).toMatch(/^one turn wrote \d+ bytes in \d+ writes/);
    expect(written(behind)).toBe(written(killed()));
  });

  test.each([
    ['killed', killed()],
    ['killed, and booted at once', killed('fresh')],
    ['killed, with a corrupt store', killed('corrupt-store')],
    ['slept', slept()],
    ['a call failed', failed()],
    ['stopped', stopped()],
  ] as const)('%s', (_, build) => {
    const result = judge(build.done());
    expect(result.checks.filter((check) => check.verdict !== 'held' && check.verdict !== 'not-applicable')).toEqual([]);
    expect(result.verdict).toBe('held');
  });
});

test('a check that has seen too little is inconclusive and not held', () => {
  const blind = without(killed(), (event) => event.type === 'snapshot');
  const verdicts = new Map(judge(blind.done()).checks.map((check) => [check.id, check.verdict]));
  for (const id of ['store-valid', 'no-orphans', 'sweep-on-boot', 'acked-durable', 'all-or-nothing', 'boots'])
    expect(verdicts.get(id), id).toBe('inconclusive');
});

describe('a store in SQLite', () => {
  const ROWS = `${STORE}#rows`;
  const dump = (...texts: string[]) =>
    JSON.stringify({ integrity: 'ok', tables: { sessions: texts.map((text) => ({ text: `midwrite-text-${text}` })) } });
  /** The killed cell with a database as its store: every look has the rows beside the file. */
  function inDatabase(): EvidenceBuilder {
    const build = killed();
    const [cell] = build.events;
    if (cell?.type !== 'cell') throw new Error('no cell');
    const { retention: _, turnWritesAtMostBytes: __, ...promised } = cell.promises;
    build.events[0] = {
      ...cell,
      promises: { ...promised, store: { path: STORE, format: 'sqlite' }, level: 'process-crash' },
    };
    build.events = build.events.map((event) =>
      event.type === 'turn' ? { ...event, durable: event.durable.map((place) => ({ ...place, file: ROWS })) } : event,
    );
    look(build, ['before', 'held', 'struck', 'prepared', 'booted'], ROWS, { text: dump('warm') });
    return look(build, ['served', 'stopped', 'rebooted'], ROWS, { text: dump('warm', 'after') });
  }

  test('holds', () => {
    expect(judge(inDatabase().done())).toMatchObject({ verdict: 'held' });
  });

  test.each([
    [
      'store-valid',
      () =>
        look(inDatabase(), ['booted'], ROWS, {
          text: JSON.stringify({ integrity: 'row 3 missing from index', tables: {} }),
        }),
      /SQLite says: row 3 missing from index/,
    ],
    [
      'all-or-nothing',
      () => look(inDatabase(), ['struck'], ROWS, { text: dump('half') }),
      /neither the old ones nor those/,
    ],
    ['acked-durable', () => look(inDatabase(), ['booted'], ROWS, { text: dump() }), /"warm" is not in .*#rows/],
    ['boots', () => look(inDatabase(), ['rebooted'], ROWS, { text: dump('warm') }), /changed the store/],
  ] as const)('%s catches its mutant', (id, evidence, says) => {
    const check = judge(evidence().done()).checks.find((one) => one.id === id);
    expect(check?.detail).toMatch(says);
    expect(check?.verdict).toBe('violated');
  });
});

describe('a database whose system was let go, to stop by itself', () => {
  const ROWS = `${STORE}#rows`;
  const rows = (integrity: string) => JSON.stringify({ integrity, tables: { sessions: [{ text: 'more' }] } });
  const verdict = (integrity: string) => {
    const build = look(killed(), ['before', 'held'], ROWS, {
      text: JSON.stringify({ integrity: 'ok', tables: { sessions: [] } }),
    });
    look(build, ['struck'], ROWS, { text: rows(integrity) });
    const [cell] = build.events;
    if (cell?.type !== 'cell') throw new Error('no cell');
    build.events[0] = { ...cell, promises: { ...cell.promises, store: { path: STORE, format: 'sqlite' } } };
    const heldEvent = build.events.find((event) => event.type === 'gate' && event.event.ev === 'held');
    if (heldEvent?.type !== 'gate') throw new Error('no hold');
    const event = { ...heldEvent.event, ev: 'released', how: 'continued' } as never;
    build.events = build.events.flatMap((one): EvidenceEvent[] =>
      one.type === 'phase' && one.name === 'strike' ? [one, { ...heldEvent, t: one.t, event }] : [one],
    );
    return judge(build.done()).checks.find(({ id }) => id === 'all-or-nothing');
  };

  test('what it committed on its way is its own, as long as SQLite finds it whole', () => {
    expect(verdict('ok')?.detail ?? '').not.toMatch(/neither the old ones/);
    expect(verdict('row 3 missing from index')).toMatchObject({ verdict: 'violated' });
  });
});

describe('the first boot of all', () => {
  /** Killed before it had made its store, or (`isLost`) with the store gone after a turn was answered. */
  const checkOf = (id: string, crashPoint: string, isLost = false) => {
    const build = killed();
    const [cell] = build.events;
    if (cell?.type !== 'cell') throw new Error('no cell');
    build.events[0] = { ...cell, crashPoint };
    const gone = ['before', 'struck', ...(isLost ? ['served'] : [])];
    build.events = build.events.map((event) =>
      event.type === 'snapshot' && gone.includes(event.moment)
        ? { ...event, entries: event.entries.filter(({ path }) => path !== STORE) }
        : event,
    );
    return judge(build.done()).checks.find((check) => check.id === id)?.verdict;
  };

  test('has no store before it, and need not have made one when it is struck', () => {
    expect(checkOf('store-valid', 'first-boot+most')).toBe('held');
    expect(checkOf('all-or-nothing', 'first-boot+most')).toBe('not-applicable');
  });

  test('has one when it has answered a turn; and any other boot has one before', () => {
    expect(checkOf('store-valid', 'first-boot+most', true)).toBe('violated');
    expect(checkOf('store-valid', 'boot+most')).toBe('violated');
  });
});

describe('after a power cut', () => {
  const FACTS = {
    witnessBytes: 65_536,
    witnessLeftBytes: -1,
    bootBefore: 'a',
    bootAfter: 'b',
    kernel: '6.12',
    fileSystem: 'ext4',
  };
  /** A power cut that lost the turn that had been acknowledged. */
  function cut(level: 'process-crash' | 'power-loss'): EvidenceBuilder {
    const build = look(killed(), ['booted'], STORE, { text: storeOf('other') });
    const [cell] = build.events;
    if (cell?.type !== 'cell') throw new Error('no cell');
    build.events[0] = { ...cell, fault: 'power-cut', promises: { ...cell.promises, level } };
    const cutAt = (event: EvidenceEvent): EvidenceEvent => ({ t: event.t, type: 'strike', step: 'cut', facts: FACTS });
    return change(
      without(build, (event) => event.type === 'docker'),
      (event) => event.type === 'phase' && event.name === 'strike',
      (event) => [event, cutAt(event)],
    );
  }
  const ackedOf = (build: EvidenceBuilder) => judge(build.done()).checks.find((one) => one.id === 'acked-durable');

  test('a lost turn is a violation where it was promised to survive one', () => {
    expect(ackedOf(cut('power-loss'))).toMatchObject({
      verdict: 'violated',
      detail: expect.stringContaining('"warm" is not in'),
    });
  });

  test('and none where only process crashes were spoken of', () => {
    expect(ackedOf(cut('process-crash'))).toMatchObject({ verdict: 'not-applicable' });
  });
});

describe('what works again', () => {
  const recoversOf = (build: EvidenceBuilder) => judge(build.done()).checks.find((one) => one.id === 'recovers');

  test('at the second try, without a restart: it is said, and no violation', () => {
    expect(recoversOf(again(true))).toMatchObject({
      verdict: 'held',
      detail: expect.stringMatching(/the next write failed after \d+ ms: timeout; the one after it was acknowledged/),
    });
  });
});
