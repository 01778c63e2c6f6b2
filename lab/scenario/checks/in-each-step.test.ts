import { describe, expect, test } from 'vitest';
import type { EvidenceEvent, Moment } from '../../evidence/event.ts';
import { judge } from '../../judge/judge.ts';
import { type EvidenceBuilder, FOREIGN, JOURNAL, STORE, storeOf, TEMP } from '../../test/healthy-cell.ts';
import { storm, type ToldOfStorm } from '../../test/healthy-storm.ts';

const check = (result: ReturnType<typeof judge>, id: string) => result.checks.find((one) => one.id === id);

/** Spoils the cell that one step is. */
const inStep =
  (number: number, spoil: (cell: EvidenceBuilder) => EvidenceBuilder): ToldOfStorm['spoil'] =>
  (step, cell) =>
    step === number ? spoil(cell) : cell;

function change(cell: EvidenceBuilder, to: (event: EvidenceEvent) => EvidenceEvent[]): EvidenceBuilder {
  cell.events = cell.events.flatMap(to);
  return cell;
}
const without = (cell: EvidenceBuilder, matches: (event: EvidenceEvent) => boolean) =>
  change(cell, (event) => (matches(event) ? [] : [event]));
const isGate = (ev: string) => (event: EvidenceEvent) => event.type === 'gate' && event.event.ev === ev;
const isOp = (op: string, path: string, boot: number) => (event: EvidenceEvent) =>
  event.type === 'gate' &&
  event.boot === boot &&
  event.event.ev === 'op' &&
  event.event.op === op &&
  event.event.path === path;

/** One file of some looks with another text; undefined takes it away. */
function look(cell: EvidenceBuilder, moments: readonly Moment[], path: string, text: string | undefined, ageMs = 0) {
  return change(cell, (event) => {
    if (event.type !== 'snapshot' || !moments.includes(event.moment)) return [event];
    const entries = event.entries.filter((entry) => entry.path !== path);
    if (text === undefined) return [{ ...event, entries }];
    cell.at(event.t - 1).snapshot(event.moment, { [path]: { text, ageMs } });
    const made = cell.events.pop();
    return [{ ...event, entries: [...entries, ...(made?.type === 'snapshot' ? made.entries : [])] }];
  });
}

/** The boot after the fault fails. */
function neverReady(cell: EvidenceBuilder): EvidenceBuilder {
  const at = cell.events.findIndex((event) => event.type === 'ready' && event.boot === 2);
  const t = cell.events[at]?.t ?? 0;
  cell.events.splice(at, cell.events.length, {
    t,
    type: 'not-ready',
    boot: 2,
    why: 'it was not ready',
    lastLines: 'boom',
  });
  return cell;
}

test('a right gateway holds, in as many steps as there are', () => {
  const result = judge(storm());
  expect(result).toMatchObject({
    verdict: 'held',
    detail: 'seed 7: 5 faults landed where they were to: 3 sigkill, 2 sleep',
  });
  expect(result.checks.map((one) => [one.id, one.verdict])).toEqual([
    ['store-valid', 'held'],
    ['all-or-nothing', 'held'],
    ['acked-durable', 'held'],
    ['synced', 'held'],
    ['no-orphans', 'held'],
    ['sweep-on-boot', 'held'],
    ['retention', 'held'],
    ['serves', 'held'],
    ['wakes', 'held'],
    ['memory-bounded', 'held'],
    ['boots', 'held'],
    ['survives', 'held'],
    ['disk-bounded', 'held'],
  ]);
});

describe('each check catches its defect in the one step that has it', () => {
  const mutants: [string, string, ToldOfStorm['spoil'], RegExp][] = [
    [
      'store-valid',
      'a store cut in half',
      inStep(3, (cell) => look(cell, ['struck'], STORE, '{"a": {"sess')),
      /^step 3 \(sigkill at full-temp\): struck: it is no JSON after 12 bytes/,
    ],
    [
      'all-or-nothing',
      'a mixture',
      inStep(5, (cell) => look(cell, ['struck'], STORE, `${storeOf('warm')} `)),
      /^step 5 .*is not the old one .* and no whole new one/,
    ],
    [
      'acked-durable',
      'a turn that is gone in its own step',
      inStep(3, (cell) => look(cell, ['served'], STORE, storeOf('warm'))),
      /^step 3 .*served: the acknowledged turn "after" is not in/,
    ],
    [
      'acked-durable',
      'a turn that goes in a later step',
      inStep(5, (cell) => look(cell, ['served'], STORE, storeOf('warm', 'after'))),
      /^at the end the acknowledged turn "struck" is not in/,
    ],
    [
      'synced',
      'an acknowledgement before the sync',
      inStep(2, (cell) => without(cell, isOp('sync', JOURNAL, 1))),
      /^step 2 \(sleep at full-temp\): boot 1: the turn "struck" was acknowledged, and .* was not synced/,
    ],
    [
      'no-orphans',
      'a temp of a dead writer',
      inStep(1, (cell) => look(cell, ['served'], TEMP, 'x', 3_600_000)),
      /^step 1 .*1 orphan with 1 bytes left/,
    ],
    [
      'sweep-on-boot',
      "another's file taken",
      inStep(3, (cell) => look(cell, ['booted', 'served'], FOREIGN, undefined)),
      /^step 3 .*not its own: .*foreign file/,
    ],
    [
      'retention',
      'a durable row that is gone',
      inStep(4, (cell) => look(cell, ['woken'], STORE, storeOf('struck'))),
      /^step 4 .*woken: the durable row midwrite-warm is gone/,
    ],
    [
      'serves',
      'a refused turn',
      inStep(5, (cell) =>
        change(cell, (event) =>
          event.type === 'turn' && event.name === 'after'
            ? [{ ...event, result: { ...event.result, acknowledged: false, error: 'status 503: locked' } }]
            : [event],
        ),
      ),
      /^step 5 .*the next turn failed .*locked/,
    ],
    [
      'wakes',
      'its temp taken in its sleep',
      inStep(4, (cell) => {
        const at = cell.events.findIndex(isGate('released'));
        cell.at((cell.events[at]?.t ?? 0) - 1).op(1, 'unlink', TEMP);
        cell.events.splice(at, 0, ...cell.events.splice(-1));
        return cell;
      }),
      /^step 4 .*its temp .* was removed while it slept/,
    ],
    [
      'memory-bounded',
      'an OOM kill of its own',
      inStep(5, (cell) => {
        const at = cell.events.findIndex((event) => event.type === 'snapshot' && event.moment === 'booted');
        cell.at((cell.events[at]?.t ?? 0) - 1).gate(2, { ev: 'memory', currentBytes: 1, peakBytes: 1, oomKills: 1 });
        cell.events.splice(at, 0, ...cell.events.splice(-1));
        return cell;
      }),
      /^step 5 .*boot 2: 1 OOM kill, of which 0 injected/,
    ],
    ['boots', 'no boot after a fault', inStep(3, neverReady), /^boot 3: it was not ready\..*\n {2}boom/],
  ];

  test.each(mutants)('%s: %s', (id, _, spoil, says) => {
    const result = judge(storm(spoil === undefined ? {} : { spoil }));
    const found = check(result, id);
    expect(found?.verdict).toBe('violated');
    expect(found?.detail).toMatch(says);
    expect(found?.lines.every((line) => line > 0)).toBe(true);
    expect(result.verdict).toBe('violated');
  });

  test('a system that does not come back from its first fault is violated, and nothing of it is unclear', () => {
    const result = judge(storm({ spoil: (_, cell) => neverReady(cell) }));
    expect(result.verdict).toBe('violated');
    expect(new Set(result.checks.map((one) => one.verdict))).toEqual(new Set(['violated', 'held', 'not-applicable']));
  });

  test('a violation in several steps is told once, with their number', () => {
    const spoil = (_: number, cell: EvidenceBuilder) => look(cell, ['served'], TEMP, 'x', 3_600_000);
    expect(check(judge(storm({ spoil })), 'no-orphans')?.detail).toMatch(/^step 1 .*; in 5 of 5 steps$/);
  });
});

describe('a turn that slept at a moment that nobody chose', () => {
  const ended = (error: string, status?: number): ToldOfStorm['spoil'] =>
    inStep(4, (cell) =>
      change(cell, (event) =>
        event.type === 'turn' && event.name === 'struck'
          ? [
              {
                ...event,
                result: { tSent: event.t, tEnded: event.t, acknowledged: false, error, ...(status && { status }) },
              },
            ]
          : [event],
      ),
    );
  const wakes = (spoil: ToldOfStorm['spoil']) => check(judge(storm(spoil === undefined ? {} : { spoil })), 'wakes');

  test('may be refused with an answer', () => {
    expect(wakes(ended('status 500: its file has changed', 500))).toMatchObject({
      verdict: 'held',
      detail: expect.stringMatching(/the held write was refused: status 500/),
    });
  });

  test('is not left without one', () => {
    expect(wakes(ended('timeout: no complete answer'))?.detail).toMatch(
      /^step 4 .*the held write failed after it woke: timeout/,
    );
  });
});

describe('disk-bounded', () => {
  const left = (bytes: readonly number[]) => check(judge(storm({ left: (step) => bytes[step] ?? 0 })), 'disk-bounded');

  test('what rises again and never goes is growth, however few the steps', () => {
    expect(left([0, 0, 50, 50, 50, 90])).toMatchObject({
      verdict: 'violated',
      detail: '1 temps with 90 bytes after 5 faults: steps 2, 5 left something, and none of it ever went',
    });
  });

  test('what one step left says nothing of growth; what goes again is none', () => {
    expect(left([0, 0, 0, 50, 50, 50])?.verdict).toBe('not-applicable');
    expect(left([0, 0, 0, 0, 0, 0])?.verdict).toBe('held');
    expect(left([0, 60, 0, 90, 0, 80])?.verdict).toBe('inconclusive');
  });
});

describe('the proof', () => {
  test('a fault that did not land in one of the steps: missed', () => {
    const spoil = inStep(3, (cell) => without(cell, (event) => event.type === 'docker'));
    const result = judge(storm(spoil === undefined ? {} : { spoil }));
    expect(result).toMatchObject({
      verdict: 'missed',
      detail: 'step 3 (sigkill at full-temp): the fault did not land: the engine reported no SIGKILL',
    });
    expect(result.checks.map((one) => one.verdict)).not.toContain('held');
  });

  test('another call was held than was drawn: missed', () => {
    const spoil = inStep(2, (cell) =>
      change(cell, (event) => (event.type === 'hold' ? [{ ...event, op: 'any', nth: 4 }] : [event])),
    );
    expect(judge(storm(spoil === undefined ? {} : { spoil })).detail).toMatch(/^step 2 .*the hold was of rename/);
  });

  test('a hold of any call is proved by its number', () => {
    const spoil = (_: number, cell: EvidenceBuilder) =>
      change(cell, (event) => (event.type === 'hold' ? [{ ...event, op: 'any', path: '/state/**', nth: 1 }] : [event]));
    const moment = { kind: 'call', during: 'turns', op: 'any', nth: 1, at: 'before' } as const;
    expect(judge(storm({ spoil, moment }))).toMatchObject({ verdict: 'held' });
  });

  test('at a time nothing is held, and the fault alone is proved', () => {
    const spoil = (_: number, cell: EvidenceBuilder) =>
      without(cell, (event) => isGate('held')(event) || event.type === 'hold');
    const moment = { kind: 'time', afterMs: 5 } as const;
    // A sleep wants its held call.
    expect(judge(storm({ spoil, moment, passedBy: [] })).detail).toMatch(/5 faults landed/);
    expect(judge(storm({ spoil })).detail).toMatch(/^step 1 .*no hold took place/);
  });

  test('a moment that did not come says nothing; too many of them, and too little was tried', () => {
    expect(judge(storm({ passedBy: [2] }))).toMatchObject({
      verdict: 'held',
      detail: expect.stringMatching(/4 faults landed .*; in 1 steps no moment came/),
    });
    const result = judge(storm({ passedBy: [2, 4] }));
    expect(result).toMatchObject({ verdict: 'inconclusive', detail: expect.stringMatching(/in 2 of 5 steps/) });
    expect(result.checks.map((one) => one.verdict)).not.toContain('held');
  });
});
