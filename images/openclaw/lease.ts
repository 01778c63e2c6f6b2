import type { Lease } from '../../lab/system.ts';
import { CONFIG } from './commands.ts';

/** 2026.8.1 has it; of the releases from 2026.7.2's betas on the older ones were not tried. */
export const LEASE_SINCE = '2026.8.0-0';

const DATABASE = '/state/.openclaw/state/openclaw.sqlite';
const SCOPE = 'core:plugin-lifecycle';
const KEY = 'global';

/** It does nothing: that it comes with no release is enough for a boot to look whether all plugins are installed. */
const PLUGIN = 'house-notes';
const FOLDER = `/state/plugins/${PLUGIN}`;
const MANIFEST = {
  id: PLUGIN,
  name: 'House notes',
  description: 'A plugin that its operator wrote',
  activation: { onStartup: true },
  configSchema: { type: 'object', additionalProperties: false, properties: {} },
};
const PACKAGE = { name: PLUGIN, version: '1.0.0', type: 'module', openclaw: { extensions: ['./index.js'] } };

/** The configuration with a plugin of the operator's own, and no other. */
const withPlugin = (config: unknown): unknown => ({
  ...(config as object),
  plugins: {
    enabled: true,
    allow: [PLUGIN],
    load: { paths: [FOLDER] },
    entries: { [PLUGIN]: { enabled: true } },
    slots: { memory: 'none' },
  },
});

interface Row {
  scope: string;
  lease_key: string;
  owner: string;
  expires_at: number;
}

/** The lease of who installs plugins or looks whether they are there, as #132317 has it. */
export const leaseOf = (config: unknown): Lease => ({
  name: `${SCOPE}/${KEY}`,
  files: [
    { path: CONFIG, content: JSON.stringify(withPlugin(config), null, 2) },
    { path: `${FOLDER}/openclaw.plugin.json`, content: JSON.stringify(MANIFEST, null, 2) },
    { path: `${FOLDER}/package.json`, content: JSON.stringify(PACKAGE, null, 2) },
    {
      path: `${FOLDER}/index.js`,
      content: `export default { id: '${PLUGIN}', name: 'House notes', register() {} };\n`,
    },
  ],
  calls: { op: 'write', path: `${DATABASE}-wal` },
  file: DATABASE,
  format: 'sqlite',
  holderIn(rows) {
    const { tables } = JSON.parse(rows) as { tables: Readonly<Record<string, readonly Row[]>> };
    const row = tables.state_leases?.find(({ scope, lease_key }) => scope === SCOPE && lease_key === KEY);
    return row === undefined ? undefined : { owner: row.owner, expiresAt: row.expires_at };
  },
});
