import { expect, test } from 'vitest';
import { midwrite } from '../test/midwrite.ts';
import { BEGIN, EXAMPLES } from './begin.ts';
import { program } from './program.ts';

test('midwrite alone says where to begin', async () => {
  const { stdout, exitCode } = await midwrite([]);
  expect(stdout).toBe(BEGIN);
  expect(BEGIN.split('\n').length).toBeLessThanOrEqual(8);
  expect(exitCode).toBe(0);
});

test('every command that is shown has an example', () => {
  const shown = program(() => undefined)
    .createHelp()
    .visibleCommands(program(() => undefined));
  const names = shown.map((command) => command.name()).filter((name) => name !== 'help');
  expect(Object.keys(EXAMPLES).sort()).toEqual(names.sort());
});
