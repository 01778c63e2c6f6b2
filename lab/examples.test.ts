import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checks } from './checks/index.ts';
import { readExpectations } from './judge/expectations.ts';
import { packageFolder } from './package-folder.ts';
import { midwrite } from './test/midwrite.ts';

const root = path.join(packageFolder, 'examples');
const names = readdirSync(root).filter((name) => existsSync(path.join(root, name, 'midwrite.config.ts')));

test('every example is short, and is read', async () => {
  for (const name of names) {
    const lines = readFileSync(path.join(root, name, 'midwrite.config.ts'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length, name).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length)), name).toBeLessThanOrEqual(120);
  }
  // In a process of its own: the config imports midwrite, and Vitest would look for an installed one.
  const { stdout, stderr } = await midwrite(['list', '--config', root]);
  expect(stderr).toBe('');
  expect(stdout.match(/^ {2}\S+ +from the config: a (command|server)$/gm)?.length).toBeGreaterThanOrEqual(names.length);
});

test('what an example expects is of checks that there are', () => {
  for (const name of names) {
    const file = path.join(root, name, 'expectations.yaml');
    if (!existsSync(file)) continue;
    for (const { checks: expected } of readExpectations(file))
      expect(
        checks.map(({ id }) => id),
        name,
      ).toEqual(expect.arrayContaining(expected));
  }
});

test('docs/findings.md tells of every example', () => {
  const findings = readFileSync(path.join(packageFolder, 'docs/findings.md'), 'utf8');
  for (const name of names) expect(findings, name).toContain(`examples/${name}`);
});
