import { defineConfig, defineSystem, npm } from 'midwrite';

const save = `import Configstore from 'configstore';
const store = new Configstore('notes', {}, { configPath: '/state/notes.json' });
const [said] = process.argv.slice(2);
if (said !== undefined) store.set('said', said);
else console.log(store.get('said'));
`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'configstore',
      image: npm('configstore@8.0.0', { files: { 'notes.mjs': save } }),
      write: 'node /opt/app/notes.mjs {text}',
      read: 'node /opt/app/notes.mjs',
      textBytes: 12_000,
      faults: ['sigkill', 'disk-full', 'short-write-stays'],
      store: { json: 'notes.json' },
    }),
  ],
});
