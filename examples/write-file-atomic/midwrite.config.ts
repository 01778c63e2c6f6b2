import { defineConfig, defineSystem, npm } from 'midwrite';

const save = `import { readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
const [said] = process.argv.slice(2);
if (said !== undefined) await writeFileAtomic('/state/notes.txt', said);
else console.log(await readFile('/state/notes.txt', 'utf8').catch(() => ''));
`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'write-file-atomic',
      image: npm('write-file-atomic@8.0.0', { files: { 'notes.mjs': save } }),
      write: 'node /opt/app/notes.mjs {text}',
      read: 'node /opt/app/notes.mjs',
      textBytes: 12_000,
      // A full disk takes a part of the bytes, and no more.
      faults: ['sigkill', 'disk-full', 'short-write-stays'],
    }),
  ],
});
