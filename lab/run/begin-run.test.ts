import { expect, test } from 'vitest';
import { cellId } from '../cell-id.ts';
import type { Engine } from '../engine/engine.ts';
import { crashPointNamed, faultNamed, releaseNamed, systemNamed } from '../plan/named.ts';
import type { PlannedCell } from '../plan/planned.ts';
import { folder } from '../test/midwrite.ts';
import { beginOrResume } from './begin-run.ts';
import type { RunOptions } from './options.ts';

const facts = {
  product: 'Docker Engine',
  version: '1',
  operatingSystem: 'x',
  kernel: '6',
  cgroupVersion: 2,
  rootless: false,
};
const engine = { facts } as Engine;

async function cellAt(name: string): Promise<PlannedCell> {
  const release = await releaseNamed('reference');
  const crashPoint = crashPointNamed(name);
  const spec = {
    system: 'reference',
    version: '1.0.0',
    crashPoint: name,
    fault: 'sigkill',
    memoryBytes: 2 ** 28,
    aftermath: 'aged' as const,
    attempt: 1,
  };
  return {
    id: cellId(spec),
    role: 'cell',
    spec,
    system: systemNamed('reference'),
    release,
    fault: faultNamed('sigkill'),
    crashPoint,
  };
}

test('a run that is resumed with more cells than it had has a row for each of them, once', async () => {
  await using at = await folder();
  const options = { resultsRoot: at.path } as RunOptions;
  const [first, second] = await Promise.all(['full-temp', 'torn-temp'].map(cellAt));
  if (first === undefined || second === undefined) throw new Error('two cells');
  const { results, left } = await beginOrResume(engine, [first], options);
  expect(left).toEqual([first]);
  const resumed = await beginOrResume(engine, [first, second], { ...options, resume: results });
  expect(resumed.left).toEqual([first, second]);
  expect(resumed.file.plan.map(({ id }) => id)).toEqual([first.id, second.id]);
  expect((await results.readRun()).plan).toHaveLength(2);
});
