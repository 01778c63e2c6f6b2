import { defineConfig, defineSystem, npm } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'claude-code',
      image: npm('@anthropic-ai/claude-code@2.1.332', { scripts: true }),
      write: 'claude mcp add --scope user {text} -- node server.js',
      read: 'claude mcp list',
      memory: '1g',
      store: { json: '.claude.json' },
      expectations: 'expectations.yaml',
    }),
  ],
});
