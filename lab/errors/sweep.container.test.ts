import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isFull } from '../test/full.ts';
import { folder, midwrite } from '../test/midwrite.ts';
import type { Sweep } from './sweep-report.ts';

/** One run of the sweep: the rename of the store fails. */
const CELL = (system: string) => `${system}@1.0.0_sessions.json.x.tmp.call-21_io-error_192m`;

async function sweepOf(
  defect: readonly string[],
  system: string,
): Promise<{ sweep: Sweep; exitCode: number | undefined; map: string }> {
  const results = await mkdtemp(path.join(tmpdir(), 'midwrite-errors-'));
  try {
    const asked = ['explore', '--errors', '--system', 'reference', ...defect, '--cell', CELL(system)];
    const { stdout, stderr, exitCode } = await midwrite([...asked, '--results', results, '--json']);
    expect(stdout, stderr).toContain('"schemaVersion"');
    return {
      sweep: JSON.parse(stdout) as Sweep,
      exitCode,
      map: await readFile(path.join(results, 'latest', 'errors.md'), 'utf8'),
    };
  } finally {
    await rm(results, { recursive: true });
  }
}

test('a defect that only an error shows is found at its call, and not in the right gateway', {
  timeout: 240_000,
}, async () => {
  const broken = await sweepOf(['--defect', 'temp-stays-after-an-error'], 'mutant-temp-stays-after-an-error');
  expect(broken.sweep.findings).toMatchObject([{ check: 'no-orphans', at: [{ call: 21, fault: 'io-error' }] }]);
  expect(broken.exitCode).toBe(1);
  expect(broken.map).toContain('✗ no-orphans');
  const right = await sweepOf([], 'reference');
  expect(right.sweep.findings).toEqual([]);
  expect(right.sweep.fates).toMatchObject([{ call: 21, fate: 'succeeded' }]);
  expect(right.exitCode).toBe(0);
});

/** A diary of nine strokes behind each note: a failure of one of the first four ends the command, a later one is passed over. */
const DIARY = `
import { defineConfig, defineSystem, npm } from 'midwrite';

const notes = \`
import fs from 'node:fs';
const said = process.argv[2];
const old = fs.existsSync('notes') ? fs.readFileSync('notes', 'utf8') : '';
if (said === undefined) console.log(old);
else {
  fs.writeFileSync('notes.tmp', old + said + '\\\\n');
  fs.renameSync('notes.tmp', 'notes');
  const diary = fs.openSync('diary', 'w');
  for (let stroke = 0; stroke < 9; stroke++) try { fs.writeSync(diary, 'x'); } catch (error) { if (stroke < 4) throw error; }
}\`;
export default defineConfig({
  systems: [defineSystem({
    name: 'diary', image: npm('semver@7.8.6', { files: { 'notes.mjs': notes } }), memory: '256m',
    write: 'node /opt/app/notes.mjs {text}', read: 'node /opt/app/notes.mjs',
  })],
});
`;

test.runIf(isFull)(
  'where two of a kind come to different ends, it is found out from which call on',
  {
    timeout: 240_000,
  },
  async () => {
    await using at = await folder();
    const config = path.join(at.path, 'midwrite.config.mjs');
    await writeFile(config, DIARY);
    const asked = ['explore', '--errors', '--config', config, '--fault', 'io-error', '-j', '2', '--results', at.path];
    const { stdout, stderr, exitCode } = await midwrite([...asked, '--json']);
    const sweep = JSON.parse(stdout) as Sweep;
    expect(exitCode, stderr).toBe(0);
    const strokes = sweep.fates
      .filter(({ call }) => sweep.calls.find((one) => one.call === call)?.file === 'diary')
      .toSorted((a, b) => a.call - b.call)
      .map(({ fate }) => fate);
    // The file is made, and then nine strokes.
    expect(strokes).toEqual([...Array(5).fill('refused'), ...Array(5).fill('succeeded')]);
    expect(sweep.represented).toBeGreaterThan(0);
    expect(sweep.runs + sweep.represented).toBe(sweep.fates.length);
    expect(stderr).toContain('more, since two of a kind came to different ends');
  },
);
