import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Matrix } from '../result/matrix.ts';
import { folder, midwrite } from '../test/midwrite.ts';

const matrixIn = async (root: string) =>
  Matrix.parse(JSON.parse(await readFile(path.join(root, 'latest/matrix.json'), 'utf8')));

describe('midwrite run --during', () => {
  test('strikes the reference gateway in its boot: it holds after a kill and after a sleep, and its control with it', async () => {
    await using root = await folder();
    const ran = await midwrite([
      'run',
      '--system',
      'reference',
      '--during',
      'boot',
      '--fault',
      'sigkill,sleep',
      '--results',
      root.path,
    ]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    const { cells } = await matrixIn(root.path);
    const struck = cells.filter(({ role }) => role === 'cell');
    expect(struck.map(({ verdict }) => verdict)).toEqual(struck.map(() => 'held'));
    expect(struck.map(({ id }) => id)).toEqual(
      expect.arrayContaining([expect.stringMatching(/_sleep_/), expect.stringMatching(/^reference@1\.0\.0_boot\+/)]),
    );

    // One of them again, by its id alone.
    const [one] = struck;
    const again = await midwrite(['run', '--cell', one?.id ?? '', '--results', root.path]);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect((await matrixIn(root.path)).cells.map(({ id }) => id)).toContain(one?.id);
  });

  test('and in its stop and its clean-up, at a place by its name', async () => {
    await using root = await folder();
    const ran = await midwrite([
      'run',
      '--system',
      'reference',
      '--during',
      'stop,cleanup',
      '-p',
      'sessions.json.full',
      '--results',
      root.path,
    ]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    const { cells } = await matrixIn(root.path);
    expect(cells.filter(({ role }) => role === 'cell').map(({ id, verdict }) => [id, verdict])).toEqual([
      ['reference@1.0.0_stop+sessions.json.full_sigkill_192m', 'held'],
      ['reference@1.0.0_cleanup+sessions.json.full_sigkill_192m', 'held'],
    ]);
  });

  test('and in a command line of its own, whose place is met where it was learned', async () => {
    await using root = await folder();
    const ran = await midwrite(['run', '--system', 'reference', '--during', 'tidy', '--results', root.path]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    const { cells } = await matrixIn(root.path);
    const ofSystem = cells.filter(({ role }) => role !== 'canary');
    expect(ofSystem.map(({ role }) => role)).toContain('control');
    expect(ofSystem.map(({ verdict }) => verdict)).toEqual(ofSystem.map(() => 'held'));
  });

  test('and in the first boot of all, with a new container for the next one', async () => {
    await using root = await folder();
    const args = ['--during', 'first-boot', '--aftermath', 'new-container', '--results', root.path];
    const ran = await midwrite(['run', '--system', 'reference', ...args]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    const struck = (await matrixIn(root.path)).cells.filter(({ role }) => role === 'cell');
    expect(struck.length).toBeGreaterThan(0);
    for (const { id, verdict, detail } of struck) {
      expect([id, verdict]).toEqual([expect.stringMatching(/_first-boot\+.*_new-container$/), 'held']);
      expect(detail).toMatch(/was struck, and \d+ on .+ was started on its folder/);
    }
  });

  test.each([
    [
      ['--during', 'lunch'],
      /--during takes turn, first-boot, boot, recovery, stop, cleanup, and of reference@1\.0\.0 tidy, and not "lunch"/,
    ],
    [['--during', 'stop', '--fault', 'sleep'], /after a sleep a stop goes on to its end/],
    [['--during', 'boot', '-p', 'nowhere'], /its boot passes no place "nowhere"\. It passes: /],
  ])('what can not be run is told: %j', async (more, says) => {
    const ran = await midwrite(['run', '--system', 'reference', ...more]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(says);
  });
});
