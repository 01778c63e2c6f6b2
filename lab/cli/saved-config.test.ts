import { expect, test } from 'vitest';
import { configText } from './saved-config.ts';
import { definitionOf } from './try.ts';

const exchanges = { write: "sh -c 'echo {text} > note'", read: 'cat note' };

test('a config says what the command line said, its install scripts too', () => {
  const text = (options: object) =>
    configText(definitionOf({ ...exchanges, ...options } as Parameters<typeof definitionOf>[0]));
  expect(text({ npm: ['a@1.0.0', 'b'], scripts: true })).toContain("image: npm('a@1.0.0', 'b', { scripts: true }),");
  expect(text({ npm: ['a@1.0.0'] })).toContain("image: npm('a@1.0.0'),");
  expect(text({ debian: ['zip'] })).toContain("image: debian('zip'),");
  expect(() => text({ debian: ['zip'], scripts: true })).toThrow(/name them with --npm/);
});
