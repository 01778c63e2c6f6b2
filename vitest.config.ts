import { defineConfig } from 'vitest/config';

const elsewhere = ['**/*.container.test.ts', '**/*.browser.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['lab/**/*.test.ts', 'images/**/*.test.ts', 'faults/**/*.test.ts'],
          exclude: [...elsewhere, '**/node_modules/**'],
          testTimeout: 30_000,
          // What they import is loaded once and not once for each file: that took a third of their time. What a test changes outside itself is put back.
          isolate: false,
          unstubEnvs: true,
          restoreMocks: true,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['lab/**/*.browser.test.ts'],
          sequence: { groupOrder: 1 },
          globalSetup: ['lab/test/browser.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'containers',
          include: ['lab/**/*.container.test.ts', 'images/**/*.container.test.ts', 'faults/**/*.container.test.ts'],
          globalSetup: ['lab/test/engine.ts'],
          // One engine for all of them. Of two files one waits where the other works; more would only wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
