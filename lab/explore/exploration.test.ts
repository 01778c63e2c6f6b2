import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { explored, finding } from '../test/explored.ts';
import { folder } from '../test/midwrite.ts';
import { EXPLORATION_FILE, readExploration } from './exploration.ts';

test('an exploration is read as it was written, one of an older midwrite too; a newer or a damaged one is refused', async () => {
  await using at = await folder();
  const write = (json: unknown) => writeFile(path.join(at.path, EXPLORATION_FILE), JSON.stringify(json));
  expect(await readExploration(at.path)).toBeUndefined();
  const found = explored([finding()]);
  await write(found);
  expect(await readExploration(at.path)).toEqual(found);
  // Before there was any advice, before there were source lines, and before there were shards.
  for (const schemaVersion of [5, 6, 7]) {
    await write({ ...found, schemaVersion });
    expect(await readExploration(at.path)).toEqual(found);
  }
  await write({ ...found, schemaVersion: 99 });
  await expect(readExploration(at.path)).rejects.toThrow(/schema version 99/);
  await write({ ...found, findings: [{}] });
  await expect(readExploration(at.path)).rejects.toThrow(/is damaged: findings\.0/);
});
