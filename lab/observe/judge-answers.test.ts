import { describe, expect, test } from 'vitest';
import { type AnswerTemplate, learnAnswer } from '../answers.ts';
import type { EvidenceEvent, EvidenceOf } from '../evidence/event.ts';
import { judge } from '../judge/judge.ts';
import type { EvidenceBuilder } from '../test/healthy-cell.ts';
import { answerOf, crashed, LEFT, LIST } from '../test/healthy-outside.ts';
import { unlikeAtRest } from './judge-answers.ts';

function judged(build: EvidenceBuilder) {
  const result = judge(build.done());
  return { ...result, of: (id: string) => result.checks.find((check) => check.id === id) };
}

/** The events of a kind, changed. */
function changed<Type extends EvidenceEvent['type']>(
  build: EvidenceBuilder,
  type: Type,
  change: (event: EvidenceOf<Type>) => EvidenceEvent,
): EvidenceBuilder {
  build.events = build.events.map((event) => (event.type === type ? change(event as EvidenceOf<Type>) : event));
  return build;
}

const acknowledged = (build: EvidenceBuilder) =>
  changed(build, 'turn', (turn) =>
    turn.name === 'struck' ? { ...turn, result: { ...turn.result, acknowledged: true } } : turn,
  );

const failing = (build: EvidenceBuilder, moment: string) =>
  changed(build, 'answer', (answer) =>
    answer.moment === moment ? { ...answer, acknowledged: false, text: '', error: 'exit code 1: no JSON' } : answer,
  );

describe('a right system holds', () => {
  test.each([
    ['the write is not there', crashed()],
    [
      'the write is there',
      crashed({
        booted: answerOf('warm', 'struck'),
        served: answerOf('warm', 'struck', 'after'),
        rebooted: answerOf('warm', 'struck', 'after'),
      }),
    ],
    [
      'it was acknowledged, and is there',
      acknowledged(
        crashed({
          booted: answerOf('warm', 'struck'),
          served: answerOf('warm', 'struck', 'after'),
          rebooted: answerOf('warm', 'struck', 'after'),
        }),
      ),
    ],
  ])('%s', (_, build) => {
    const { verdict, checks } = judged(build);
    expect(checks.filter((check) => !['held', 'not-applicable'].includes(check.verdict))).toEqual([]);
    expect(verdict).toBe('held');
    expect(checks.filter((check) => check.verdict === 'held').map(({ id }) => id)).toEqual(
      expect.arrayContaining(['all-or-nothing', 'acked-durable', 'no-orphans', 'boots', 'serves']),
    );
  });
});

/** A list of lines, to which a write appends one; the answers after the fault begin with "midwrite-". */
function listing(booted: string, served: string, rebooted = served): EvidenceBuilder {
  const [before, after] = ['midwrite-warm\n', 'midwrite-warm\nmidwrite-struck\n'];
  const learned = (answer: string) => learnAnswer([answer]) as AnswerTemplate;
  const build = crashed({
    booted: `midwrite-${booted}`,
    served: `midwrite-${served}`,
    rebooted: `midwrite-${rebooted}`,
  });
  changed(build, 'answer', (answer) => (answer.moment === 'before' ? { ...answer, text: before } : answer));
  return changed(build, 'cell', (cell) => ({
    ...cell,
    promises: {
      ...cell.promises,
      answers: { before: learned(before), after: learned(after), showsText: true, atRest: [LIST] },
    },
  }));
}

test('what later writes may change is not compared: the newest one alone, and an answer that names one only', () => {
  const newest = listing('warm\n', 'after\n');
  changed(newest, 'cell', (cell) => ({
    ...cell,
    promises: {
      ...cell.promises,
      answers: {
        before: learnAnswer(['midwrite-warm\n']) as AnswerTemplate,
        after: learnAnswer(['midwrite-struck\n']) as AnswerTemplate,
        showsText: true,
        atRest: [LIST],
      },
    },
  }));
  expect(judged(newest).verdict).toBe('held');
  // Two newest lines: after the struck write, one more leaves the struck one, and takes the first away.
  expect(judged(listing('warm\nmidwrite-struck\n', 'struck\nmidwrite-after\n')).verdict).toBe('held');
});

describe('each promise catches its own', () => {
  test.each([
    [
      'all-or-nothing',
      'an answer that is neither',
      () => crashed({ booted: answerOf('warm', 'str') }),
      /neither the one before/,
    ],
    ['all-or-nothing', 'nothing at all', () => crashed({ booted: '[]' }), /it lacks "\$\[0\] = "midwrite-warm""/],
    ['all-or-nothing', 'no answer', () => failing(crashed(), 'booted'), /can't be asked any more.*no JSON/],
    [
      'acked-durable',
      'an acknowledged write that is not there',
      () => acknowledged(crashed()),
      /"midwrite-struck" was acknowledged and is not/,
    ],
    [
      'acked-durable',
      'an earlier one that is gone',
      () => crashed({ booted: '[]' }),
      /"midwrite-warm" was acknowledged before, and is gone/,
    ],
    [
      'acked-durable',
      'one that a second boot loses',
      () => crashed({ rebooted: answerOf('warm') }),
      /"midwrite-after" was.*gone after one more boot/,
    ],
    [
      'serves',
      'a next write that can not be read',
      () => crashed({ served: answerOf('warm') }),
      /its answer does not have "midwrite-after"/,
    ],
    [
      'serves',
      'a next write that is appended to a line that was not whole',
      () => listing('warm\n', 'warmmidwrite-after\n'),
      /it spoiled what was there before it: it lacks "midwrite-warm"; it has "midwrite-warmmidwrite-after"/,
    ],
    [
      'serves',
      'a next write that takes the struck one away',
      () => listing('warm\nmidwrite-struck\n', 'warm\nmidwrite-after\n'),
      /it spoiled what was there before it: it lacks "midwrite-struck"/,
    ],
    [
      'acked-durable',
      'a second boot that loses what the first one had',
      () => listing('warm\n', 'warm\nmidwrite-after\n', 'after\n'),
      /gone after one more boot: it lacks "midwrite-warm"/,
    ],
  ])('%s: %s', (check, _, build, says) => {
    const { of } = judged(build());
    expect(of(check)).toMatchObject({ verdict: 'violated', detail: expect.stringMatching(says) });
  });

  test('no-orphans: a file that no undisturbed life has, with a name that changes', () => {
    const build = crashed();
    const left = {
      path: LEFT,
      type: 'file' as const,
      size: 9,
      mode: 0o600,
      uid: 1000,
      ino: 9,
      nlink: 1,
      mtimeMs: 0,
      ctimeMs: 0,
    };
    changed(build, 'snapshot', (look) => ({ ...look, entries: [...look.entries, left] }));
    expect(judged(build).of('no-orphans')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringContaining(LEFT),
    });
    const inUse = build.events.length;
    build.op(2, 'write', LEFT, { bytes: 9 });
    expect(judged(build).of('no-orphans')).toMatchObject({ verdict: 'held' });
    build.events.length = inUse;
    // Where the next write failed, it may not have come to what it packs or removes; a new copy is of no use to anybody.
    const complete = build.events;
    changed(build, 'turn', (turn) =>
      turn.name === 'after' ? { ...turn, result: { ...turn.result, acknowledged: false, error: 'a lock' } } : turn,
    );
    expect(judged(build).of('no-orphans')).toMatchObject({
      verdict: 'not-applicable',
      detail: expect.stringContaining(LEFT),
    });
    build.op(1, 'create', LEFT).op(1, 'rename', LEFT, { to: LIST });
    expect(judged(build).of('no-orphans')).toMatchObject({ verdict: 'violated' });
    build.events = complete;
    changed(build, 'snapshot', (look) => ({
      ...look,
      entries: look.entries.map((entry) => (entry.path === LEFT ? { ...entry, path: `${LIST}.tmp` } : entry)),
    }));
    expect(judged(build).of('no-orphans')).toMatchObject({ verdict: 'held', detail: expect.stringContaining('only') });
  });
});

test('lines in an order that no undisturbed look had are no violation: the lab can not know whether their order means anything', () => {
  const build = listing('struck\nmidwrite-warm\n', 'struck\nmidwrite-warm\nmidwrite-after\n');
  const { verdict, of } = judged(build);
  expect(of('all-or-nothing')).toMatchObject({
    verdict: 'inconclusive',
    detail: expect.stringMatching(/the lines of its answer after the write, .* let read sort them/),
  });
  expect(verdict).toBe('inconclusive');
  expect(judged(acknowledged(build)).of('acked-durable')).toMatchObject({ verdict: 'inconclusive' });
  // A line that is gone is no matter of order.
  expect(judged(acknowledged(listing('warm\n', 'warm\nmidwrite-after\n'))).of('acked-durable')?.verdict).toBe(
    'violated',
  );
});

test('serves says no more than the answer shows: a count, or what a removal leaves, names no write', () => {
  const serves = (build: EvidenceBuilder) => judged(build).of('serves');
  expect(serves(crashed())).toMatchObject({ verdict: 'held', detail: expect.stringMatching(/and can be read$/) });
  const unnamed = changed(crashed(), 'cell', ({ promises, ...cell }) => {
    if (promises.answers === undefined) throw new Error('a system from outside has answers');
    return { ...cell, promises: { ...promises, answers: { ...promises.answers, showsText: false } } };
  });
  expect(serves(unnamed)).toMatchObject({ verdict: 'held', detail: expect.stringContaining('does not show which') });
});

test('a system that is not what it was when it was observed is not judged', () => {
  const build = changed(crashed(), 'answer', (answer) =>
    answer.moment === 'before' ? { ...answer, text: answerOf('other') } : answer,
  );
  expect(judged(build).of('all-or-nothing')).toMatchObject({
    verdict: 'inconclusive',
    detail: expect.stringContaining('not what it was when it was observed'),
  });
});

type Call = [op: string, file: string, to?: string];

describe('a power loss, where that is promised', () => {
  /** The write "after" with these calls, and the promise. */
  function promising(...calls: Call[]) {
    const build = crashed();
    const [cell] = build.events;
    if (cell?.type !== 'cell') throw new Error('the evidence begins with its cell');
    build.events[0] = { ...cell, promises: { ...cell.promises, level: 'power-loss' } };
    const after = build.events.findIndex((event) => event.type === 'turn' && event.name === 'after');
    const turn = build.events[after];
    if (turn?.type !== 'turn') throw new Error('the evidence has a write after the fault');
    const ops = crashed().at(turn.t);
    const from = ops.events.length;
    for (const [op, file, to] of calls) ops.op(2, op, file, { bytes: 9, ...(to !== undefined && { to }) });
    const timed = { ...turn, result: { ...turn.result, tSent: turn.t, tEnded: turn.t + 100 } };
    const others = build.events.map((event) =>
      event.type === 'turn' && event.name === 'warm'
        ? { ...event, result: { ...event.result, acknowledged: false } }
        : event,
    );
    build.events = [...others.slice(0, after), ...ops.events.slice(from), timed, ...others.slice(after + 1)];
    return judged(build).of('synced');
  }
  const temp = `${LIST}.tmp`;
  const create: Call = ['create', temp];
  const write: Call = ['write', temp];
  const sync: Call = ['sync', temp];
  const rename: Call = ['rename', temp, LIST];
  const folder: Call = ['sync', '/state'];

  test.each<[string, Call[], RegExp]>([
    ['never synced before its rename', [create, write, rename, folder], /put data in place that was never synced/],
    ['its folder not synced', [create, write, sync, rename], /the folder \/state was not synced since the rename/],
    ['overwritten and not synced', [['write', LIST]], /\/state\/list.json was not synced/],
  ])('%s', (_, calls, says) => {
    expect(promising(...calls)).toMatchObject({ verdict: 'violated', detail: expect.stringMatching(says) });
  });

  test('all synced', () => {
    expect(promising(create, write, sync, rename, folder)).toMatchObject({ verdict: 'held' });
  });
});

test('a promise that is taken back says why', () => {
  const build = acknowledged(crashed());
  const [cell] = build.events;
  if (cell?.type !== 'cell') throw new Error('the evidence begins with its cell');
  build.events[0] = { ...cell, promises: { ...cell.promises, notPromised: { 'acked-durable': 'kept in memory' } } };
  expect(judged(build).of('acked-durable')).toMatchObject({ verdict: 'not-applicable', detail: 'kept in memory' });
});

describe('two writes that were struck one after the other', () => {
  /** @param isAcknowledged the second one was */
  const twice = (held: readonly string[], isAcknowledged = false): EvidenceBuilder => {
    const build = crashed({
      booted: answerOf(...held),
      served: answerOf(...held, 'after'),
      rebooted: answerOf(...held, 'after'),
    });
    build.events = build.events.flatMap((event) => {
      if (event.type !== 'turn' || event.name !== 'struck') return [event];
      const result = { ...event.result, acknowledged: isAcknowledged };
      return [event, { ...event, boot: 2, name: 'struck-2', text: 'midwrite-struck-2', result }];
    });
    return build;
  };

  test.each([[['warm']], [['warm', 'struck']], [['warm', 'struck-2']], [['warm', 'struck', 'struck-2']]])(
    '%j: each is there as a whole or not at all',
    (held) => {
      const { of } = judged(twice(held));
      for (const check of ['all-or-nothing', 'acked-durable', 'serves'])
        expect(of(check), check).toMatchObject({ verdict: 'held' });
    },
  );

  test('what is half there, what was there before and what was acknowledged is told', () => {
    expect(judged(twice(['warm', 'str'])).of('all-or-nothing')).toMatchObject({ verdict: 'violated' });
    expect(judged(twice(['struck', 'struck-2'])).of('all-or-nothing')).toMatchObject({ verdict: 'violated' });
    expect(judged(twice(['warm', 'struck'], true)).of('acked-durable')).toMatchObject({
      verdict: 'violated',
      detail: expect.stringContaining('midwrite-struck-2'),
    });
  });
});

test('a file at rest in a folder called db is known in older evidence too, where that folder was written as *', () => {
  const entry = {
    path: '/state/db/000005.ldb',
    type: 'file' as const,
    size: 1,
    mode: 0o600,
    uid: 1000,
    ino: 1,
    nlink: 1,
  };
  const entries = [{ ...entry, mtimeMs: 0, ctimeMs: 0 }];
  expect(unlikeAtRest(entries, { atRest: ['/state/*/*.ldb'] })).toEqual([]);
  expect(unlikeAtRest(entries, { atRest: ['/state/db/*.ldb'] })).toEqual([]);
  expect(unlikeAtRest(entries, { atRest: ['/state/db/CURRENT'] })).toEqual(entries);
});
