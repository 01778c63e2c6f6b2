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
        },
      },
      {
        test: {
          name: 'browser',
          include: ['lab/**/*.browser.test.ts'],
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
          // One engine and two processors for all of them: files run one after the other.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
