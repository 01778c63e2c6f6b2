import { debian, defineConfig, defineSystem } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'htpasswd',
      image: debian('apache2-utils'),
      setup: 'htpasswd -bc users first secret',
      write: 'htpasswd -b users {text} secret',
      read: 'cut -d: -f1 users',
    }),
  ],
});
