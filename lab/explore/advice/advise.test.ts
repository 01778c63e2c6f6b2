import { describe, expect, test } from 'vitest';
import { LOG, NEW, promises, ROOT, rightTurn, SmallRecord, STORE } from '../../test/small-record.ts';
import { judgeStates, unfaithful } from '../judged.ts';
import type { WriteRecord } from '../record.ts';
import { Replay } from '../replay.ts';
import type { Advice } from './advice.ts';
import { type AdvisedState, advise } from './advise.ts';
import { withoutSteps, writtenInPlace } from './altered-record.ts';
import { adviceInWords, adviceRows } from './words.ts';

const never = () => false;

async function advised(record: WriteRecord, isOver = never): Promise<Advice & { kept: AdvisedState[] }> {
  const kept: AdvisedState[] = [];
  const keep = async (state: AdvisedState) => {
    kept.push(state);
    return `states/${state.digest}`;
  };
  return { ...(await advise(record, promises, { isOver, keep })), kept };
}

const inShort = ({ steps }: Advice) =>
  steps.map(({ call, kind, advice, breaks }) => [call, kind, advice, ...breaks.map(({ check }) => check)]);
const missing = (advice: Advice) => advice.missing.map(({ after, of, path, later }) => [after, of, path, later]);

describe('a turn that is written as it should be', () => {
  test('what each sync and the rename are needed for, and which is needed for nothing', async () => {
    const advice = await advised(rightTurn().record);
    // The folder's sync makes the new store durable, and no turn rests on that: the old store and the log have it all.
    expect(inShort(advice)).toEqual([
      [2, 'file sync', 'needed', 'acked-durable'],
      [5, 'file sync', 'needed', 'store-valid', 'all-or-nothing'],
      // Under both models.
      [6, 'rename', 'needed', 'store-valid', 'all-or-nothing', 'store-valid', 'all-or-nothing'],
      [7, 'folder sync', 'redundant'],
    ]);
    expect(advice.answers).toMatchObject([{ turn: 'first', call: 3, advice: 'needed' }]);
    expect(advice.answers[0]?.breaks[0]).toMatchObject({ check: 'acked-durable', call: 2 });
    expect([advice.missing, advice.beyond, advice.reasons]).toEqual([[], [], []]);
    expect(adviceInWords(advice)).toMatch(/^of 3 syncs 2 are needed and 1 redundant/);
  });

  test('the state that breaks is kept, and breaks the promise by itself', async () => {
    const { kept, steps } = await advised(rightTurn().record);
    const sync = steps.find(({ call }) => call === 5);
    const state = kept.find(({ digest }) => sync?.breaks[0]?.kept === `states/${digest}`);
    const id = state?.image.names.get(STORE);
    expect(state?.image.inodes.get(id ?? -1)?.content.size).toBe(0);
  });

  // What is said of the right one is what is found in the one that lacks the step.
  test.each([
    ['log-sync', 2],
    ['file-sync', 5],
    ['folder-sync', 7],
  ] as const)('without its %s it comes to what was said of call %i', async (leftOut, call) => {
    const said = (await advised(rightTurn().record)).steps.find((step) => step.call === call);
    const { violations } = judgeStates(rightTurn(leftOut).record, { promises }, { models: ['power-loss'] });
    expect([...new Set(violations.map(({ check }) => check))].sort()).toEqual(
      [...new Set(said?.breaks.map(({ check }) => check))].sort(),
    );
  });
});

describe('what is missing', () => {
  test('the sync of the temp, before its rename, and no other', async () => {
    const advice = await advised(rightTurn('file-sync').record);
    expect(missing(advice)).toEqual([[4, 'file', '/state/store.json.1.tmp', undefined]]);
    expect(advice.missing[0]?.saves.map(({ check }) => check)).toEqual(['store-valid', 'all-or-nothing']);
    expect(advice.beyond).toEqual([]);
  });

  test('the sync of the log, before the answer', async () => {
    const advice = await advised(rightTurn('log-sync').record);
    expect(missing(advice)).toEqual([[1, 'file', LOG, undefined]]);
    expect(advice.missing[0]?.saves).toMatchObject([{ check: 'acked-durable', promised: true }]);
  });

  test('a sync that comes too late is named', async () => {
    const late = new SmallRecord().write(LOG, 'text-first\n').acknowledge('first').create('/state/x').sync(LOG);
    const advice = await advised(late.record);
    expect(missing(advice)).toEqual([[1, 'file', LOG, 3]]);
    expect(advice.answers).toMatchObject([{ advice: 'too early', call: 2, earliest: 4, savesMs: -1.5 }]);
  });

  test('a name that no folder was synced for', async () => {
    const made = new SmallRecord({ [STORE]: NEW })
      .create(LOG)
      .write(LOG, 'text-first\n')
      .sync(LOG)
      .acknowledge('first');
    const advice = await advised(made.record);
    expect(missing(advice)).toEqual([[1, 'folder', ROOT, undefined]]);
  });

  test('what no sync saves is told: a store that is rewritten in place', async () => {
    const torn = new SmallRecord().truncate(STORE).write(STORE, NEW).sync(STORE);
    const advice = await advised(torn.record);
    expect(advice.beyond.join('\n')).toMatch(/store-valid: /);
  });
});

test('an answer that waits for more than it needs could go out earlier', async () => {
  const slow = new SmallRecord().write(LOG, 'text-first\n').sync(LOG).create('/state/x').sync('/state/x');
  const advice = await advised(slow.acknowledge('first').record);
  expect(advice.answers).toMatchObject([{ advice: 'could be earlier', call: 5, earliest: 3, savesMs: 2.5 }]);
  expect(inShort(advice)).toEqual([
    [2, 'file sync', 'needed', 'acked-durable'],
    [4, 'file sync', 'redundant'],
  ]);
});

test('two syncs that stand for each other are redundant each, and not together', async () => {
  const twice = new SmallRecord().write(LOG, 'text-first\n').sync(LOG).sync(LOG).acknowledge('first');
  const advice = await advised(twice.record);
  expect(inShort(advice)).toEqual([
    [2, 'file sync', 'redundant'],
    [3, 'file sync', 'redundant'],
  ]);
  expect(advice.together).toHaveLength(1);
  const [gone] = advice.together;
  const told = adviceRows(advice).filter(({ because }) => because.includes(`needed where calls ${gone} are left out`));
  expect(told.map(({ call }) => call)).toEqual([gone === 2 ? '3' : '2']);
});

describe('a long record', () => {
  /** So many calls of another program's, which syncs nothing. */
  const withCalls = (small: SmallRecord, count: number): SmallRecord => {
    small.create('/state/other');
    for (let call = 1; call < count; call += 1) small.write('/state/other', `${call}`);
    return small;
  };

  test('is looked at where a sync is missed, at some of its crash points, and that is said', async () => {
    const long = withCalls(new SmallRecord().write(LOG, 'x\n').sync(LOG), 100);
    const advice = await advised(
      long.write(LOG, 'text-first\n').sync(LOG).acknowledge('first').create('/state/x').record,
    );
    expect(inShort(advice)).toEqual([
      [2, 'file sync', 'redundant'],
      [104, 'file sync', 'needed', 'acked-durable'],
    ]);
    expect(advice.reasons).toEqual([
      '1 call called redundant: tried at some of the crash points where that shows, not at all of them',
    ]);
    const short = withCalls(new SmallRecord().write(LOG, 'x\n').sync(LOG), 10);
    expect(await advised(short.record)).toMatchObject({ reasons: [], steps: [{ advice: 'redundant' }] });
  });

  test('is broken where few looks do not show it: a sync is needed for nothing that is broken anyway', async () => {
    // Without the second rename there is no store; without both, and with both, there is one.
    const moved = new SmallRecord()
      .write(LOG, 'x\n')
      .sync(LOG)
      .create('/state/new')
      .write('/state/new', NEW)
      .sync('/state/new')
      .rename(STORE, '/state/old')
      .rename('/state/new', STORE).record;
    const whole = await advised(moved);
    expect(inShort(whole)).toContainEqual([2, 'file sync', 'redundant']);
    expect(inShort(await advised({ ...moved, triedAtMost: 1 }))).toEqual(inShort(whole));
  });
});

describe('a record that is altered', () => {
  test('lacks one step, and its crash points are those of the record', () => {
    const { record, original } = withoutSteps(rightTurn().record, [4]);
    expect(record.steps.map(({ op }) => op)).toEqual(['write', 'sync', 'create', 'write', 'rename', 'sync']);
    expect([3, 4, 5].map(original)).toEqual([3, 5, 6]);
  });

  test('written in place, it comes to the same folder in the end, under another number', () => {
    const { record } = rightTurn();
    const altered = writtenInPlace(record, 5);
    const texts = (one: WriteRecord) => {
      const replay = new Replay(one);
      while (!replay.isOver) replay.step();
      const { names, inodes } = replay.image;
      return [...names].map(([name, id]) => `${name} ${inodes.get(id)?.content.text()}`).sort();
    };
    expect(altered?.record.steps.map(({ op, path }) => `${op} ${path}`).slice(2, 5)).toEqual([
      `truncate ${STORE}`,
      `write ${STORE}`,
      `sync ${STORE}`,
    ]);
    expect(altered && texts(altered.record)).toEqual(texts(record));
    expect(unfaithful({ ...record, end: [] }).length).toBeGreaterThan(0);
  });

  test('a rename of what was there before is not weighed', async () => {
    const moved = new SmallRecord().rename(LOG, '/state/log.1').create(LOG);
    expect((await advised(moved.record)).steps).toMatchObject([{ kind: 'rename', advice: 'unknown' }]);
  });
});

test('without time it says what it did not weigh', async () => {
  const advice = await advised(rightTurn().record, () => true);
  expect(advice.steps.every(({ advice: one }) => one === 'unknown')).toBe(true);
  expect(advice.reasons).toEqual(['for 5 of its calls and answers there was no time left to weigh it']);
});

test('of a system that is asked what it holds nothing is said', async () => {
  const answers = { before: [], after: [], showsText: true, atRest: [] } as never;
  const advice = await advise(rightTurn().record, { ...promises, answers }, { isOver: never, keep: async () => '' });
  expect(advice).toMatchObject({ steps: [], reasons: [/asked what it holds/] });
});
