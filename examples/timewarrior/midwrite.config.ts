import { debian, defineConfig, defineSystem } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'timewarrior',
      image: debian('timewarrior'),
      setup: "sh -c 'yes | timew track 20260101T100000Z - 20260101T110000Z first'",
      write: 'timew annotate @1 {text}',
      read: 'timew export',
    }),
  ],
});
