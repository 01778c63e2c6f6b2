import { debian, defineConfig, defineSystem } from 'midwrite';

const generate = (name: string) => `gpg --batch --passphrase '' --quick-generate-key ${name} ed25519`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'gnupg',
      image: debian('gnupg'),
      setup: generate('first'),
      write: generate('{text}'),
      read: 'gpg --list-keys',
    }),
  ],
});
