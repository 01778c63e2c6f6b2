import { defineConfig, defineSystem, npm } from 'midwrite';

const save = `import Conf from 'conf';
const conf = new Conf({ projectName: 'notes', cwd: '/state' });
const [said] = process.argv.slice(2);
if (said !== undefined) conf.set('said', said);
else console.log(conf.get('said'));
`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'conf',
      image: npm('conf@16.0.0', { files: { 'notes.mjs': save } }),
      write: 'node /opt/app/notes.mjs {text}',
      read: 'node /opt/app/notes.mjs',
      // A full disk takes a part of the bytes, and no more.
      textBytes: 12_000,
      faults: ['sigkill', 'disk-full', 'short-write-stays'],
      store: { json: 'config.json' },
    }),
  ],
});
