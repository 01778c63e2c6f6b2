import { describe, expect, test } from 'vitest';
import { Behaviour, type Member } from './behaviour.ts';

interface Told extends Member {
  at: number;
}

/** States in the order of their crash points, and what each comes to when it is booted. */
function behaviourOf(outcomes: readonly (string | undefined)[]) {
  const behaviour = new Behaviour<Told>('temp left');
  const members = outcomes.map((_, at) => ({ at, isKnown: false, verdicts: undefined }) as Told);
  for (const member of members) behaviour.add(member);
  return { behaviour, members };
}

/** Boots what is wanted until nothing is. */
function settle(behaviour: Behaviour<Told>, outcomes: readonly (string | undefined)[]) {
  const booted: number[] = [];
  const stoodFor: number[] = [];
  for (let [next] = behaviour.wanted(); next !== undefined; [next] = behaviour.wanted()) {
    booted.push(next.at);
    Object.assign(next, { isKnown: true, verdicts: outcomes[next.at] });
    stoodFor.push(...behaviour.settle().flatMap(({ members }) => members.map(({ at }) => at)));
  }
  return { booted, stoodFor: stoodFor.sort((a, b) => a - b) };
}

const run = (outcomes: readonly (string | undefined)[]) => {
  const { behaviour } = behaviourOf(outcomes);
  return { ...settle(behaviour, outcomes), splits: behaviour.splits, isSettled: behaviour.isSettled };
};

test('the first stands for all of them where the last confirms it', () => {
  expect(run(['a', 'a', 'a', 'a'])).toEqual({ booted: [0, 3], stoodFor: [1, 2], splits: 0, isSettled: true });
  expect(run(['a'])).toEqual({ booted: [0], stoodFor: [], splits: 0, isSettled: true });
});

test('of many the middle is booted as well, of very many the quarters', () => {
  expect(run(Array.from({ length: 17 }, () => 'a')).booted).toEqual([0, 8, 16]);
  expect(run(Array.from({ length: 401 }, () => 'a')).booted.toSorted((a, b) => a - b)).toEqual([0, 100, 200, 300, 400]);
});

describe('where two disagree it is split', () => {
  test('and no state that comes to something else is stood for by one that does not', () => {
    for (let from = 1; from < 12; from += 1) {
      const outcomes = Array.from({ length: 12 }, (_, at) => (at < from ? 'held' : 'violated'));
      const { booted, stoodFor, splits } = run(outcomes);
      expect(splits).toBeGreaterThan(0);
      expect([...booted, ...stoodFor].toSorted((a, b) => a - b)).toEqual(outcomes.map((_, at) => at));
      expect(booted).toEqual(expect.arrayContaining([from - 1, from]));
    }
  });

  test('where each is another one, each is booted', () => {
    expect(run(['a', 'b', 'c', 'd', 'e']).stoodFor).toEqual([]);
  });

  test('what is not known stands for nothing', () => {
    expect(run([undefined, undefined, undefined]).stoodFor).toEqual([]);
  });
});

test('one that comes later is stood for where the others agreed, and booted where they did not', () => {
  const later = (outcomes: string[]) => {
    const { behaviour } = behaviourOf(outcomes);
    settle(behaviour, outcomes);
    behaviour.add({ at: outcomes.length, isKnown: false, verdicts: undefined });
    const stoodFor = behaviour.settle().flatMap(({ members }) => members.map(({ at }) => at));
    return { stoodFor, wanted: behaviour.wanted().map(({ at }) => at) };
  };
  expect(later(['a', 'a', 'a'])).toEqual({ stoodFor: [3], wanted: [] });
  expect(later(['a'])).toEqual({ stoodFor: [], wanted: [1] });
  expect(later(['a', 'b'])).toEqual({ stoodFor: [], wanted: [2] });
});
