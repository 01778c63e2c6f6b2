import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Engine } from '../engine/engine.ts';
import { Matrix } from '../result/matrix.ts';
import { belongings, folder, midwrite, untilItHas } from '../test/midwrite.ts';
import { faultsOf, faultsOfJUnit } from '../test/published-schema.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await connect(() => undefined);
});

const CELL = 'reference@1.0.0_full-temp_sigkill_192m';

describe('a run from the command line', () => {
  let root: Awaited<ReturnType<typeof folder>>;
  let ran: Awaited<ReturnType<typeof midwrite>>;
  let run: string;
  const read = (name: string) => readFileSync(path.join(run, name), 'utf8');
  beforeAll(async () => {
    root = await folder();
    run = path.join(root.path, 'latest');
    ran = await midwrite(['run', '--cell', CELL, '--results', root.path]);
  });
  afterAll(() => root[Symbol.asyncDispose]());

  test('one cell: exit 0, a matrix, a command that repeats it, and `judge` says the same', async () => {
    expect(ran.exitCode, ran.stderr).toBe(0);
    const matrix = Matrix.parse(JSON.parse(read('matrix.json')));
    expect(matrix.cells.map((cell) => cell.role).sort()).toEqual(['canary', 'cell', 'control']);
    expect(matrix.cells.find((cell) => cell.role === 'cell')?.reproduce).toBe(`npx midwrite run --cell ${CELL}`);
    const judged = await midwrite(['judge', run, '--json']);
    expect(judged.exitCode).toBe(0);
    expect(JSON.parse(judged.stdout)).toEqual(matrix);
  });

  test('plain lines without a terminal, and where the files are', () => {
    expect(ran.stderr).toMatch(/3\/3 .*: (held|violated)/);
    expect(ran.stdout).toMatch(/✓ held/);
    expect(ran.stdout).toMatch(/matrix\.md/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(ran.stdout + ran.stderr).not.toMatch(/\u001b/);
  });

  test('what it writes fits the published schemas, and `report` writes it again', async () => {
    expect(faultsOf('matrix.schema.json', JSON.parse(read('matrix.json')))).toEqual([]);
    expect(faultsOf('run.schema.json', JSON.parse(read('run.json')))).toEqual([]);
    for (const id of readdirSync(path.join(run, 'cells'))) {
      const lines = read(`cells/${id}/evidence.jsonl`).trimEnd().split('\n');
      expect(faultsOf('evidence.schema.json', ...lines.map((line) => JSON.parse(line))), id).toEqual([]);
    }
    const junit = read('junit.xml');
    expect(await faultsOfJUnit(junit)).toEqual([]);
    rmSync(path.join(run, 'junit.xml'));
    expect((await midwrite(['report', run, '--reporter', 'junit'])).exitCode).toBe(0);
    expect(read('junit.xml')).toBe(junit);
  });

  test('results/README.md tells of every file that it writes', () => {
    const readme = readFileSync(new URL('../../results/README.md', import.meta.url), 'utf8');
    for (const name of ['run.json', 'matrix.json', 'matrix.md', 'junit.xml', 'latest']) {
      expect(readme).toContain(name);
      expect(existsSync(path.join(root.path, name === 'latest' ? name : `latest/${name}`)), name).toBe(true);
    }
  });
});

describe('runs in parts', () => {
  test('two shards, merged: as sound as one run, and not without one of them', async () => {
    await using root = await folder();
    const at = (name: string) => path.join(root.path, name);
    const cells = ['run', '--system', 'reference', '--crash-point', 'replaced', '--fault', 'sigkill,oom'];
    const explored = ['--explore', '--max-states', '1'];
    for (const index of [1, 2]) {
      const ran = await midwrite([...cells, ...explored, '--shard', `${index}/2`, '--results', at(`${index}`)]);
      // One state of each part is booted: the others are not known.
      expect(ran.exitCode, ran.stdout + ran.stderr).toBe(3);
    }
    const merged = await midwrite(['merge', at('1/latest'), at('2/latest'), '--results', at('merged'), '--json']);
    expect(merged.exitCode, merged.stderr).toBe(3);
    const listed = await midwrite(['list', ...cells.slice(1), '--json']);
    const ids = (text: string) => (JSON.parse(text) as { id: string }[]).map(({ id }) => id);
    const matrix = Matrix.parse(JSON.parse(merged.stdout));
    expect(matrix.cells.map(({ id }) => id)).toEqual(ids(listed.stdout));
    expect(matrix.run.shards).toHaveLength(2);
    const [canary, turn] = matrix.explorations;
    expect(canary).toMatchObject({ role: 'canary', verdict: 'violated', expected: true });
    expect(turn).toMatchObject({ system: 'reference', verdict: 'inconclusive', states: { booted: 2 } });
    expect(turn?.detail).toMatch(/^shard 1\/2: \d+ of \d+ distinct states were not booted/);
    expect(matrix.cells.filter(({ expected }) => !expected)).toEqual([]);
    const half = await midwrite(['merge', at('2/latest'), '--results', at('half')]);
    expect(half.exitCode).toBe(3);
    expect(half.stdout).toMatch(/its shard is not there: 1\/2 is missing/);
  });

  test('no time for any cell: never green, and `--resume` runs them', async () => {
    await using root = await folder();
    const ran = await midwrite(['run', '--cell', CELL, '--max-duration', '0.1s', '--results', root.path]);
    expect(ran.exitCode).toBe(3);
    expect(ran.stdout).toMatch(/left out: the time that the run was given \(0\.1 s\) was over/);
    const resumed = await midwrite(['run', '--resume', path.join(root.path, 'latest')]);
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    expect(resumed.stdout).not.toMatch(/left out/);
  });
});

describe('bad input: exit 2, one paragraph, nothing made', () => {
  test.each([
    [['run', '--system', 'nope'], /[Uu]nknown system "nope"\. Available: /],
    [['run', '--fault', 'nope'], /[Uu]nknown fault "nope"\. Available: /],
    [['run', '--crash-point', 'nope'], /[Uu]nknown crash point "nope"\. Available: /],
    [['run', '--system', 'reference@9'], /the only version is/],
    [['run', '--system', 'openclaw@1.2.3'], /npm has no openclaw@1\.2\.3/],
    [['run', '--memory', 'plenty'], /not a memory size/],
    [['run', '--system', 'reference', '--memory', '8m'], /needs 96m of memory to boot/],
    [['run', '--cell', 'nonsense'], /is no cell/],
    [['run', '--cell', CELL, '--fault', 'sleep'], /--cell says all of a cell/],
    [['run', '--repeat', '0'], /whole number from 1/],
    [['run', '--nope'], /unknown option/],
    [['run', '--reporter', 'pdf'], /Unknown reporter "pdf"\. Available: terminal, /],
    [['run', '--fail-on', 'sometimes'], /Allowed choices are unexpected, any, never/],
    [['run', '--max-duration', 'long'], /number and a unit/],
    [['run', '--expectations', '/nowhere.yaml'], /\/nowhere\.yaml does not exist/],
    [['report', '/nowhere'], /is no run of midwrite/],
    [['nope'], /unknown command/],
    [['judge', '/nowhere'], /is no run of midwrite/],
    [['run', '--cell', CELL, '--results', '/dev/null/results'], /can't be written/],
  ])('%j', async (args, says) => {
    const lab = midwrite(args);
    const pid = lab.pid ?? 0;
    const ran = await lab;
    expect(ran.stderr).toMatch(says);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(await belongings(engine, pid)).toEqual([]);
  });

  test('an engine that is named and does not answer: exit 3', async () => {
    const ran = await midwrite(['run', '--cell', CELL], { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expect(ran.stderr).toMatch(
      /DOCKER_HOST names the engine at unix:\/\/\/nowhere\/docker\.sock, and it does not answer/,
    );
    expect(ran.exitCode).toBe(3);
  });

  test('every command has its help', async () => {
    for (const command of ['run', 'list', 'judge', 'report', 'doctor', 'engine', 'clean']) {
      const ran = await midwrite([command, '--help']);
      expect(ran.exitCode, command).toBe(0);
      expect(ran.stdout, command).toMatch(new RegExp(`Usage: midwrite ${command}`));
    }
  });

  test('doctor sees the engine', async () => {
    const ran = await midwrite(['doctor', '--json']);
    const rows = JSON.parse(ran.stdout) as { name: string; state: string }[];
    expect(rows.find((row) => row.name === 'engine')?.state).toBe('ok');
    expect(rows.map((row) => row.name)).toEqual(
      expect.arrayContaining(['cgroup', 'kernel', 'user notification', 'registry']),
    );
  });
});

describe('bad luck', () => {
  test('killed with SIGKILL in the middle: its run is no pass, and the next start cleans up', async () => {
    await using root = await folder();
    const lab = midwrite(['run', '--system', 'reference', '--results', root.path]);
    const pid = lab.pid ?? 0;
    await untilItHas(engine, pid, 4);
    lab.kill('SIGKILL');
    await lab;
    expect(await belongings(engine, pid)).not.toEqual([]);
    const judged = await midwrite(['judge', path.join(root.path, 'latest')]);
    expect(judged.exitCode).toBe(3);
    expect(judged.stdout).toMatch(/did not come to its end/);
    const next = await midwrite(['run', '--cell', CELL, '--results', root.path]);
    expect(next.exitCode, next.stdout + next.stderr).toBe(0);
    expect(next.stderr).toMatch(/an earlier lab had left \d+ containers/);
    expect(await belongings(engine, pid)).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: everything is cleaned up at once', async (signal, code) => {
    await using root = await folder();
    const lab = midwrite(['run', '--system', 'reference', '--results', root.path]);
    const pid = lab.pid ?? 0;
    await untilItHas(engine, pid, 3);
    lab.kill(signal);
    const ended = await lab;
    expect(ended.exitCode, ended.stderr).toBe(code);
    expect(await belongings(engine, pid)).toEqual([]);
    expect((await midwrite(['judge', path.join(root.path, 'latest')])).exitCode).toBe(3);
  });

  test('two labs on one engine at the same time', async () => {
    await using one = await folder();
    await using two = await folder();
    const labs = [one, two].map((root) =>
      midwrite(['run', '--cell', CELL, '--cell', CELL.replace('sigkill', 'oom'), '--results', root.path, '--json']),
    );
    for (const lab of await Promise.all(labs)) {
      expect(lab.exitCode, lab.stderr).toBe(0);
      expect(Matrix.parse(JSON.parse(lab.stdout)).outcome.kind).toBe('sound');
    }
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
    'a full disk for the results: exit 3, and it says so',
    async () => {
      await using root = await folder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'tmpfs', root.path]);
      try {
        const lab = midwrite(['run', '--cell', CELL, '--results', root.path]);
        const pid = lab.pid ?? 0;
        const ended = await lab;
        expect(ended.exitCode).toBe(3);
        expect(ended.stderr).toMatch(/disk is full/);
        expect(await belongings(engine, pid)).toEqual([]);
      } finally {
        execFileSync('umount', ['--lazy', root.path]);
      }
    },
  );
});
