import { defineConfig, defineSystem, npm } from 'midwrite';

const log = `import storage from 'node-persist';
await storage.init({ dir: '/state/store' });
const said = process.argv[2];
const log = (await storage.getItem('log')) ?? [];
if (said === undefined) console.log(JSON.stringify(log));
else await storage.setItem('log', [...log, said]);`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'node-persist',
      image: npm('node-persist@4.0.4', { files: { 'log.mjs': log } }),
      write: 'node /opt/app/log.mjs {text}',
      read: 'node /opt/app/log.mjs',
      expectations: 'expectations.yaml',
    }),
  ],
});
