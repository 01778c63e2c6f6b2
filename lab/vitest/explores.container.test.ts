import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageFolder } from '../package-folder.ts';
import { isFull } from '../test/full.ts';
import { folder } from '../test/midwrite.ts';

const LIMIT_MS = 900_000;

const IN_PLACE = "import { writeFileSync } from 'node:fs';\nwriteFileSync('notes', process.argv[2]);\n";
const BY_RENAME = `import { renameSync, writeFileSync } from 'node:fs';
writeFileSync('notes.tmp', process.argv[2]);
renameSync('notes.tmp', 'notes');
`;

const definition = (name: string) => ({
  name,
  write: { command: 'node /opt/app/save.mjs {text}' },
  read: { command: 'cat notes' },
  memory: '256m',
});

/** Runs a project's test file, under the Vitest of this one. */
async function explored(name: string, save: string): Promise<{ all: string; exitCode: number | undefined }> {
  await using at = await folder();
  const lab = path.join(packageFolder, 'lab/vitest/index.ts');
  const source = path.join(packageFolder, 'lab/source/source.ts');
  const image = `npm('semver@7.8.6', { files: { 'save.mjs': ${JSON.stringify(save)} } })`;
  const file = `import { explores } from ${JSON.stringify(lab)};
import { npm } from ${JSON.stringify(source)};
explores({ ...${JSON.stringify(definition(name))}, image: ${image} }, { models: ['process-crash'], results: ${JSON.stringify(at.path)} });
`;
  await writeFile(path.join(at.path, `${name}.test.mjs`), file);
  await symlink(path.join(packageFolder, 'node_modules'), path.join(at.path, 'node_modules'));
  const vitest = path.join(packageFolder, 'node_modules/vitest/vitest.mjs');
  const { all, exitCode } = await execa(process.execPath, [vitest, 'run', '--root', at.path], {
    reject: false,
    all: true,
    env: { NO_COLOR: '1' },
  });
  return { all, exitCode };
}

test.runIf(isFull)('a program that replaces its file passes as a test of Vitest', { timeout: LIMIT_MS }, async () => {
  const right = await explored('by-rename', BY_RENAME);
  expect(right.exitCode, right.all).toBe(0);
  expect(right.all).toMatch(/Tests +2 passed/);
});

test('one that writes it in place fails, with the call', { timeout: LIMIT_MS }, async () => {
  const wrong = await explored('in-place', IN_PLACE);
  expect(wrong.exitCode, wrong.all).toBe(1);
  expect(wrong.all).toMatch(/1 failed \| 1 passed/);
  expect(wrong.all).toMatch(/in-place@\S+, every crash point of turn/);
  expect(wrong.all).toMatch(
    /✗ \S+ \(process-crash\): behind call 1 \(truncate \/state\/notes\) and before call 2 \(write \/state\/notes\)/,
  );
});
