import { defineConfig, defineSystem, npm } from 'midwrite';

const server = `
const { createServer } = require('node:http');
const Datastore = require('@seald-io/nedb');
const db = new Datastore({ filename: '/state/notes.db' });
const respond = async ({ method, url }) => {
  if (method === 'POST') return db.insertAsync({ text: url.slice(1) });
  return (await db.findAsync({})).map(({ text }) => text).sort();
};
db.loadDatabaseAsync().then(() =>
  createServer((request, response) =>
    respond(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(error.message),
    ),
  ).listen(8080, '127.0.0.1'),
);
`;
const rows = Array.from({ length: 30 }, (_, id) => `${JSON.stringify({ text: `note ${id}`, _id: `${id}` })}\n`);

export default defineConfig({
  systems: [
    defineSystem({
      name: 'nedb',
      image: npm('@seald-io/nedb@4.1.2', { files: { 'server.js': server } }),
      start: 'node /opt/app/server.js',
      files: { 'notes.db': rows.join('') },
      write: 'POST http://127.0.0.1:8080/{text}',
      read: 'http://127.0.0.1:8080/',
      faults: ['sigkill', 'no-space', 'short-write-stays'],
    }),
  ],
});
