import { defineConfig, defineSystem, npm } from 'midwrite';

const settings = `module.exports = { uiHost: '127.0.0.1', uiPort: 1880, userDir: '/state', flowFile: 'flows.json',
  credentialSecret: 'x', telemetry: { enabled: false, updateNotification: false }, disableEditor: true };`;
const flows = { url: 'http://127.0.0.1:1880/flows', headers: { 'node-red-api-version': 'v2' } };

export default defineConfig({
  systems: [
    defineSystem({
      name: 'node-red',
      image: npm('node-red@5.0.7'),
      files: { 'settings.js': settings },
      start: 'node-red --settings /state/settings.js --userDir /state',
      ready: { log: 'Started flows' },
      write: { post: flows.url, headers: flows.headers, body: { flows: [{ id: 'f', type: 'tab', label: '{text}' }] } },
      read: { get: flows.url, headers: flows.headers },
    }),
  ],
});
