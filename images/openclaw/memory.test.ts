import { expect, test } from 'vitest';
import { CONFIG } from './commands.ts';
import { memoryOf } from './memory.ts';

const config = { agents: { defaults: {} }, models: { pricing: { enabled: false }, providers: {} } };
const configured = (version: string) =>
  JSON.parse(memoryOf(version, config).files.find(({ path }) => path === CONFIG)?.content ?? '{}');

test('the configuration with a memory index has what each release knows', () => {
  expect(configured('2026.6.5')).toMatchObject({
    models: { pricing: { enabled: false } },
    agents: { defaults: { memorySearch: { provider: 'none' } } },
  });
  // Its command lines end with code 1: "models: Unrecognized key: pricing".
  expect(configured('2026.9.6')).toMatchObject({ models: { providers: {} }, memory: { search: { provider: 'none' } } });
  expect(configured('2026.9.6').models).not.toHaveProperty('pricing');
});
