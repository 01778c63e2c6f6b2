import { expect, test } from 'vitest';
import type { Expectation } from '../judge/expectations.ts';
import { explored, exploredRow, finding } from '../test/explored.ts';
import { explorationFailure } from './matchers.ts';

const known: Expectation = {
  system: 'one',
  versions: '*',
  crashPoint: '*',
  fault: '*',
  aftermath: '*',
  exploration: 'turn',
  checks: ['store-valid'],
  issue: 'https://example.org/1',
  note: 'it is known',
  until: '2027-01-01',
};

test('an exploration that failed says what is broken, by which step, and how to see it again', () => {
  const found = explored([
    finding(),
    finding({ check: 'acked-durable', promised: false, cause: 'nobody promised it' }),
    finding({
      check: 'serves',
      model: 'process-crash',
      cause: 'behind call 1',
      reproduce: 'npx midwrite explore --state s',
    }),
  ]);
  const said = explorationFailure(exploredRow(found));
  expect(said).toMatch(
    /^one@1\.0\.0, every crash point of turn\n {2}✗ store-valid \(power-loss\): the rename at call 2 replaced/,
  );
  expect(said).toMatch(
    /\n {2}✗ serves \(process-crash\): behind call 1\n.*\n {4}again: npx midwrite explore --state s$/,
  );
  expect(said).not.toContain('nobody promised it');
  const row = exploredRow(found, {}, { expectations: [known] });
  expect(row.checks.find(({ id }) => id === 'store-valid')?.issue).toBe('https://example.org/1');
  expect(explorationFailure(row)).not.toContain('store-valid');
});

test('one that proves nothing says why', () => {
  const outcome = {
    verdict: 'inconclusive' as const,
    ofTried: 'held' as const,
    reasons: ['2 of 9 states were not booted'],
  };
  const row = exploredRow(explored([], { outcome }));
  expect(row.expected).toBe(false);
  expect(explorationFailure(row)).toMatch(/inconclusive, so not all is proven: 2 of 9 states were not booted/);
});
