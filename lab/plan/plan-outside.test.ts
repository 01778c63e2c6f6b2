import { expect, test } from 'vitest';
import type { AnswerTemplate } from '../answers.ts';
import { fewOfEachKind, placesOf } from '../crash-point/places.ts';
import type { Observation } from '../observe/observe.ts';
import { op } from '../test/op.ts';
import { faultNamed } from './named.ts';
import { plan } from './plan.ts';
import { cellsOf, type Outsider } from './plan-outside.ts';

test('a place that the default plan leaves out is struck where it is named', async () => {
  const [first] = await plan({ systems: ['reference'], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 });
  if (first === undefined) throw new Error('the plan has a cell');
  const files = ['a', 'b', 'c', 'd', 'e'].map((name) => `/state/${name}`);
  const ops = files.flatMap((file) => [op('create', file), { ...op('write', file), bytes: 9 }]);
  const { kept, others } = fewOfEachKind(placesOf(ops, '/state', new Set()));
  const answer: AnswerTemplate = { format: 'text', lines: [] };
  const observation: Observation = {
    places: kept,
    others,
    answers: { before: answer, after: answer, showsText: true, atRest: [] },
    watched: [],
    told: [],
  };
  const struck = (...places: string[]) => {
    const asked: Outsider = {
      system: first.system,
      release: first.release,
      faults: [faultNamed('sigkill')],
      isEveryFault: false,
      memoryBytes: 1,
      places,
      cells: [],
      every: false,
      repeat: 1,
    };
    return cellsOf(asked, observation)
      .filter(({ role }) => role === 'cell')
      .map(({ spec }) => spec.crashPoint);
  };
  expect(struck()).not.toContain('e.torn');
  expect(struck('e.torn')).toEqual(['e.torn']);
  expect(() => struck('f.torn')).toThrow(/passes no place "f\.torn"\. It passes: .*e\.torn/);
});
