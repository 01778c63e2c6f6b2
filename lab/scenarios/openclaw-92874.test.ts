import { expect, test } from 'vitest';
import type { EndInPlace } from '../scenario/run-in-place.ts';
import type { ScenarioLab } from '../scenario/scenario.ts';
import { makeAnew } from './openclaw-92874.ts';

const labWhere = (end: EndInPlace | undefined): ScenarioLab =>
  ({ runInPlace: () => Promise.resolve(end) }) as unknown as ScenarioLab;

test('a command that fails undisturbed is told, with what it said: nothing of it can be struck', async () => {
  await expect(makeAnew(labWhere({ exitCode: 1, output: 'Unrecognized key' }), ['memory', 'index'])).rejects.toThrow(
    'memory index ended with code 1, undisturbed. It said: Unrecognized key',
  );
  expect(await makeAnew(labWhere({ exitCode: 0, output: '' }), ['memory', 'index'])).toBe(true);
  expect(await makeAnew(labWhere(undefined), ['memory', 'index'])).toBe(false);
});
