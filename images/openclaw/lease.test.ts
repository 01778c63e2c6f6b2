import { expect, test } from 'vitest';
import { leaseOf } from './lease.ts';

/** Rows as 2026.9.6 has them, in the form in which the sidecar tells them. */
const rows = (...state_leases: object[]) => JSON.stringify({ integrity: 'ok', tables: { state_leases } });
const MIGRATIONS = {
  scope: 'startup-migrations',
  lease_key: 'global',
  owner: '38decdab-2f0c-4d5e-9a51-0f3b6a8f7c11',
  expires_at: 1_796_070_519_100,
  payload_json: '{"version":"2026.9.6","owner":{"pid":32,"host":"c5e5a53a4d63","startedAt":1161464}}',
};
const PLUGINS = {
  scope: 'core:plugin-lifecycle',
  lease_key: 'global',
  owner: '691c236b-1015-47e7-9a8d-2793caa0d75a',
  expires_at: 1_796_070_520_902,
  payload_json: null,
};

test('the holder is the one of the lease of plugins, and of no other', () => {
  const { holderIn } = leaseOf({});
  expect(holderIn(rows(MIGRATIONS, PLUGINS))).toEqual({ owner: PLUGINS.owner, expiresAt: PLUGINS.expires_at });
  expect(holderIn(rows(MIGRATIONS))).toBeUndefined();
});

test('a database that is not there yet has no holder', () => {
  expect(
    leaseOf({}).holderIn(JSON.stringify({ integrity: "can't be read: no such file", tables: {} })),
  ).toBeUndefined();
});

test('the plugin stands beside the rest of the configuration, and its files are where that says', () => {
  const { files } = leaseOf({ gateway: { port: 1 }, plugins: { enabled: false } });
  const [configuration, ...plugin] = files;
  const { gateway, plugins } = JSON.parse(configuration?.content ?? '');
  expect(gateway).toEqual({ port: 1 });
  expect(plugins).toMatchObject({ enabled: true, allow: Object.keys(plugins.entries) });
  expect(plugin.map(({ path }) => path.slice(0, path.lastIndexOf('/')))).toEqual(
    plugin.map(() => plugins.load.paths[0]),
  );
});
