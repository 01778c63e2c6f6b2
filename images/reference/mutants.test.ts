import { expect, test } from 'vitest';
import { DEFECTS } from './gateway/defects.ts';
import { mutants, unseenDefects } from './mutants.ts';

test('every defect of the gateway has its cell, or says what it needs instead', () => {
  const known = [...mutants.map((one) => one.mutant?.defect), ...unseenDefects.map((one) => one.defect)];
  expect(known.sort()).toEqual(Object.keys(DEFECTS).sort());
});

test('every mutant runs the gateway with its one defect', async () => {
  for (const { name, mutant, defaultVersion, release } of mutants) {
    const { boot } = await release(defaultVersion);
    expect(boot.command.slice(-2), name).toEqual(['--defect', mutant?.defect]);
    expect(
      boot.command.filter((word) => word === '--defect'),
      name,
    ).toHaveLength(1);
  }
});
