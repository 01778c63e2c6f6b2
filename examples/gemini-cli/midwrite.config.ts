import { defineConfig, defineSystem, npm } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'gemini-cli',
      image: npm('@google/gemini-cli@0.61.0'),
      write: 'gemini mcp add {text} node server.js --scope user',
      // The list goes to standard error.
      read: "sh -c 'gemini mcp list 2>&1'",
      faults: ['sigkill', 'no-space'],
      store: { json: '.gemini/settings.json' },
      expectations: 'expectations.yaml',
    }),
  ],
});
