import { defineConfig, defineSystem, npm } from 'midwrite';

const tiddler = 'http://127.0.0.1:8080/recipes/default/tiddlers/Note';
const plugins = ['tiddlywiki/tiddlyweb', 'tiddlywiki/filesystem'];

export default defineConfig({
  systems: [
    defineSystem({
      name: 'tiddlywiki',
      image: npm('tiddlywiki@5.4.1'),
      files: { 'wiki/tiddlywiki.info': JSON.stringify({ plugins, themes: ['tiddlywiki/vanilla'] }) },
      start: 'tiddlywiki /state/wiki --listen port=8080',
      ready: 'http://127.0.0.1:8080/status',
      write: {
        put: tiddler,
        body: { title: 'Note', text: '{text}' },
        headers: { 'x-requested-with': 'TiddlyWiki' },
      },
      read: tiddler,
      expectations: 'expectations.yaml',
    }),
  ],
});
