import { defineConfig, defineSystem, npm } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'codex',
      image: npm('@openai/codex@0.171.0'),
      write: 'codex mcp add {text} -- node server.js',
      read: 'codex mcp list',
    }),
  ],
});
