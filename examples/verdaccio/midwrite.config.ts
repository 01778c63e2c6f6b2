import { defineConfig, defineSystem, npm } from 'midwrite';

const config = `
storage: /state/storage
web: { enable: false }
auth: { htpasswd: { file: /state/htpasswd, max_users: -1 } }
uplinks: {}
packages: { '**': { access: $all, publish: $anonymous, unpublish: $anonymous } }
log: { type: stdout, format: pretty, level: warn }
`;
const url = 'http://127.0.0.1:4873';
const publish = (name: string, version: string) => ({
  put: `${url}/${name}`,
  body: {
    _id: name,
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { name, version, dist: { tarball: `${url}/${name}/-/${name}-${version}.tgz` } } },
    _attachments: {
      [`${name}-${version}.tgz`]: { content_type: 'application/octet-stream', data: 'AAAA', length: 3 },
    },
  },
});
const verdaccio = {
  // Its audit plugin asks for a tag of node-fetch that not every registry has.
  image: npm('verdaccio@6.10.4', { overrides: { 'node-fetch': '2.7.0' } }),
  start: 'verdaccio --config /state/config.yaml --listen 127.0.0.1:4873',
  ready: `${url}/-/ping`,
  files: { 'config.yaml': config },
  answersWithinMs: 15_000,
  expectations: 'expectations.yaml',
};

export default defineConfig({
  systems: [
    defineSystem({ ...verdaccio, name: 'verdaccio-new', write: publish('{text}', '1.0.0'), read: `${url}/-/all` }),
    defineSystem({ ...verdaccio, name: 'verdaccio', write: publish('pkg', '1.0.0-{text}'), read: `${url}/pkg` }),
  ],
});
