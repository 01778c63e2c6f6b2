import { defineConfig, defineSystem, npm } from 'midwrite';

const settings = `module.exports = { uiHost: '127.0.0.1', uiPort: 1880, userDir: '/state', flowFile: 'flows.json',
  credentialSecret: 'x', telemetry: { enabled: false, updateNotification: false }, disableEditor: true,
  contextStorage: { default: { module: 'localfilesystem', config: { dir: '/state', flushInterval: 1 } } } };`;
const url = 'http://127.0.0.1:1880';
const headers = { 'node-red-api-version': 'v2' };
const nodeRed = {
  image: npm('node-red@5.0.7'),
  start: 'node-red --settings /state/settings.js --userDir /state',
  ready: { log: 'Started flows' },
  files: { 'settings.js': settings },
};
const onGet = (name: string, func: string) => [
  { id: `${name}-in`, type: 'http in', z: 'f', url: `/${name}`, method: 'get', wires: [[`${name}-code`]] },
  { id: `${name}-code`, type: 'function', z: 'f', func, outputs: 1, wires: [['out']] },
];
const flows = [
  { id: 'f', type: 'tab', label: 'log' },
  ...onGet('set', "flow.set('log', [...(flow.get('log') || []), msg.req.query.said]); return msg;"),
  ...onGet('get', "msg.payload = flow.get('log') || []; return msg;"),
  { id: 'out', type: 'http response', z: 'f', wires: [] },
];
const write = { post: `${url}/flows`, headers, body: { flows: [{ id: 'f', type: 'tab', label: '{text}' }] } };

export default defineConfig({
  systems: [
    defineSystem({ ...nodeRed, name: 'node-red', write, read: { get: `${url}/flows`, headers } }),
    defineSystem({
      ...nodeRed,
      name: 'node-red-context',
      files: { ...nodeRed.files, 'flows.json': JSON.stringify(flows) },
      write: `${url}/set?said={text}`,
      read: `${url}/get`,
      notPromised: { 'acked-durable': 'context is kept in memory, and written every flushInterval seconds' },
    }),
  ],
});
