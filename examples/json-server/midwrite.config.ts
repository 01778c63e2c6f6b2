import { defineConfig, defineSystem, npm } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'json-server',
      image: npm('json-server@0.17.4'),
      files: { 'db.json': '{"posts":[]}' },
      start: 'json-server --port 3000 /state/db.json',
      ready: 'http://127.0.0.1:3000/posts',
      write: { post: 'http://127.0.0.1:3000/posts', body: { title: '{text}' } },
      read: 'http://127.0.0.1:3000/posts',
      expectations: 'expectations.yaml',
    }),
  ],
});
