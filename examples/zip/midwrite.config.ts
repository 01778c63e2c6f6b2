import { debian, defineConfig, defineSystem } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'zip',
      image: debian('zip', 'unzip'),
      setup: "sh -c 'echo one > one && zip archive.zip one'",
      write: "sh -c 'echo {text} > note && zip archive.zip note'",
      read: 'unzip -p archive.zip',
    }),
  ],
});
