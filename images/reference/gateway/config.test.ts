import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_RETENTION, readConfig } from './config.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'midwrite-config-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function write(content: unknown): string {
  const path = join(folder, 'gateway.json');
  fs.writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('the defaults', () => {
  expect(readConfig({})).toEqual({
    port: 18_790,
    stateDir: '/state',
    providerUrl: new URL('http://127.0.0.1:18080/v1'),
    providerTimeoutMs: 30_000,
    sweepIntervalMs: 60_000,
    graceMs: 300_000,
    bodyLimitBytes: 1_048_576,
    foldBytes: 262_144,
    rateLimit: 600,
    rateWindowMs: 60_000,
    rateBucketKeepMs: 300_000,
    retention: DEFAULT_RETENTION,
  });
});

test('the environment goes before the file, and the file before the defaults', () => {
  const retention = { maxEntries: 10, kinds: { cron: { maxAgeMs: null }, 'model-run': { maxAgeMs: 5 } } };
  const path = write({ port: 1, graceMs: 2, stateDir: '/elsewhere', retention });
  const config = readConfig({
    CONFIG_FILE: path,
    PORT: '3',
    MAX_ENTRIES: '11',
    STATE_DIR: '',
    MODEL_RUN_MAX_AGE_MS: '6',
  });
  expect(config).toMatchObject({ port: 3, graceMs: 2, stateDir: '/elsewhere', foldBytes: 262_144 });
  expect(config.retention).toEqual({
    maxEntries: 11,
    kinds: {
      ...DEFAULT_RETENTION.kinds,
      cron: { maxAgeMs: null, protectNewest: 20 },
      'model-run': { maxAgeMs: 6, protectNewest: 0 },
    },
  });
});

test('the path of the command line goes before CONFIG_FILE', () => {
  expect(readConfig({ CONFIG_FILE: '/nowhere' }, write({ port: 4 })).port).toBe(4);
});

test.each([
  [{ PORT: '70000' }, 'PORT must be a whole number from 0 to 65535, and is 70000'],
  [{ PORT: '1e3' }, 'PORT must be a whole number from 0 to 65535, and is "1e3"'],
  [{ GRACE_MS: '-1' }, 'GRACE_MS'],
  [{ SWEEP_INTERVAL_MS: '0' }, 'SWEEP_INTERVAL_MS'],
  [{ FOLD_BYTES: '0' }, 'FOLD_BYTES'],
  [{ MAX_ENTRIES: '0' }, 'MAX_ENTRIES'],
  [{ MODEL_RUN_MAX_AGE_MS: '1h' }, 'MODEL_RUN_MAX_AGE_MS'],
  [{ RATE_LIMIT: 'none' }, 'RATE_LIMIT'],
  [{ STATE_DIR: 'state' }, 'STATE_DIR must be an absolute path'],
  [{ PROVIDER_URL: 'https://example.org' }, 'PROVIDER_URL must be an http:// address'],
  [{ CONFIG_FILE: '/nowhere/gateway.json' }, "the config file /nowhere/gateway.json can't be read: ENOENT"],
])('%j is refused', (env: Record<string, string>, says) => {
  expect(() => readConfig(env)).toThrow(says);
});

test.each([
  ['{"port":', 'it is not JSON'],
  ['[]', 'must be a JSON object'],
  [{ prot: 1 }, 'unknown key "prot" in the config file'],
  [{ port: '1' }, 'port in the config file'],
  [{ port: 1.5 }, 'must be a whole number from 0 to 65535, and is 1.5'],
  [{ stateDir: 7 }, 'stateDir in the config file'],
  [{ retention: null }, 'retention in the config file'],
  [{ retention: { maxEntry: 1 } }, 'unknown key "maxEntry" in retention in the config file'],
  [{ retention: { kinds: { probe: {} } } }, 'unknown key "probe" in kinds in retention'],
  [{ retention: { kinds: { cron: { maxAge: 1 } } } }, 'unknown key "maxAge" in cron in kinds'],
  [{ retention: { kinds: { cron: { maxAgeMs: -1 } } } }, 'maxAgeMs in cron in kinds'],
  ['{"__proto__":{"port":1}}', 'unknown key "__proto__"'],
])('the file %j is refused', (content, says) => {
  expect(() => readConfig({}, write(content))).toThrow(says);
});
