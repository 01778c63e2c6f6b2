import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../test/midwrite.ts';
import { rightTurn } from '../test/small-record.ts';
import { digestOf } from './folder-image.ts';
import { keepState, readKeptState } from './kept-state.ts';
import { Replay } from './replay.ts';

test('a kept state comes back the same, and one that was changed is refused', async () => {
  await using at = await folder();
  const { image } = new Replay(rightTurn().record);
  const into = path.join(at.path, 'state');
  const about = { name: 'state', system: 'small', version: '1.0.0', cause: 'a crash', acknowledged: [], seen: [] };
  const upgrade = { version: '0.9.0', made: ['a cron job'], hadStore: false };
  await keepState(into, { ...about, image, upgrade });
  const again = await readKeptState(into);
  expect(digestOf(again.image)).toBe(digestOf(image));
  expect(again).toMatchObject({ ...about, upgrade });
  const [file = ''] = readdirSync(path.join(into, 'files'));
  writeFileSync(path.join(into, 'files', file), 'changed');
  await expect(readKeptState(into)).rejects.toThrow(/was changed/);
});
