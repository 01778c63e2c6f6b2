import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('the defaults', () => {
  expect(readConfig({}, [])).toEqual({
    port: 18_790,
    providerUrl: new URL('http://127.0.0.1:18080/v1'),
    providerTimeoutMs: 30_000,
    stateDir: '/state',
    sweepIntervalMs: 60_000,
    graceMs: 300_000,
    bodyLimitBytes: 1_048_576,
    defects: new Set(),
  });
});

test('a defect is chosen by its name, in both forms', () => {
  expect(readConfig({}, ['--defect', 'write-in-place']).defects).toEqual(new Set(['write-in-place']));
  expect(readConfig({}, ['--defect=write-in-place']).defects).toEqual(new Set(['write-in-place']));
});

test.each([
  [{ PORT: '70000' }, [], 'PORT'],
  [{ PORT: '1e3' }, [], 'PORT'],
  [{ GRACE_MS: '-1' }, [], 'GRACE_MS'],
  [{ SWEEP_INTERVAL_MS: '0' }, [], 'SWEEP_INTERVAL_MS'],
  [{ STATE_DIR: 'state' }, [], 'STATE_DIR'],
  [{ PROVIDER_URL: 'https://example.org' }, [], 'PROVIDER_URL'],
  [{}, ['--defect'], 'write-in-place'],
  [{}, ['--defect', 'toString'], 'write-in-place'],
  [{}, ['--verbose'], '--verbose'],
])('%j %j is refused', (env, argv, says) => {
  expect(() => readConfig(env, argv)).toThrow(says);
});
