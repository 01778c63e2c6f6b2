import { expect, test } from 'vitest';
import './index.ts';

test('a test behind the import may take as long as a cell, without a timeout of its own', ({ task }) => {
  expect(task.timeout).toBeGreaterThanOrEqual(10 * 60_000);
});
