import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder, midwrite } from '../test/midwrite.ts';
import { SEARCH_SCHEMA_VERSION, type SearchFile } from './search-file.ts';

/** Nothing listens there. */
const NO_REGISTRY = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' };

test('a registry that does not answer in the middle of a search ends it, and says how it goes on; nothing is noted of the release', async () => {
  await using root = await folder();
  const file = path.join(root.path, 'search.json');
  const search: SearchFile = {
    schemaVersion: SEARCH_SCHEMA_VERSION,
    system: 'openclaw',
    cell: 'full-temp_sigkill',
    quick: false,
    // No cache of npm's has these.
    versions: ['2999.1.1', '2999.1.2', '2999.1.3'],
    probes: [
      { version: '2999.1.1', purpose: 'end', attempts: 1, violated: [] },
      { version: '2999.1.3', purpose: 'end', attempts: 3, why: 'the machine was busy' },
    ],
  };
  await writeFile(file, JSON.stringify(search));
  const ran = await midwrite(['bisect', '--resume', file, '--results', root.path], NO_REGISTRY);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(3);
  // What was not found out is looked at again.
  expect(ran.stderr).toContain('openclaw@2999.1.3 (an end)');
  expect(ran.stderr).toContain(`The search is kept: \`npx midwrite bisect --resume ${file}\` goes on with it.`);
  const kept = JSON.parse(await readFile(file, 'utf8')) as SearchFile;
  expect(kept.probes.filter(({ version }) => version === '2999.1.3')).toEqual(search.probes.slice(1));
});
