import { randomUUID } from 'node:crypto';
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianImage } from '../images/debian/recipe.ts';
import { gated } from '../images/gated/recipe.ts';
import { systems } from '../images/index.ts';
import { nodeImage } from '../images/node/recipe.ts';
import { npmImage } from '../images/npm/recipe.ts';
import { sidecarImage } from '../images/sidecar/recipe.ts';
import { connect } from './engine/engine.ts';
import { ensureImage } from './image/build.ts';
import { PREFERRED_NODE } from './image/npm.ts';
import { filesOf, type ImageRecipe } from './image/recipe.ts';
import { packageFolder } from './package-folder.ts';
import { readMatrixFile } from './report/matrix-file.ts';
import { dockerfile, resolveSource } from './source/source.ts';
import { isFull } from './test/full.ts';
import { folder } from './test/midwrite.ts';
import { until } from './wait.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const CELL = 'reference@1.0.0_full-temp_sigkill_192m';
/** One that midwrite can't run under: the project's own. */
const OLDER_NODE = '22.23.2';

/** As a person's shell has it: an npm that runs the tests would lend its settings and its programs to the npm that is tested. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE/i.test(name)));
env.PATH = env.PATH?.split(path.delimiter)
  .filter((one) => !one.includes('node_modules'))
  .join(path.delimiter);

let project: Awaited<ReturnType<typeof folder>>;
let packed: string[];
const inProject = (file: string, ...args: string[]) =>
  execa(file, args, { cwd: project.path, env, extendEnv: false, reject: false, forceKillAfterDelay: false });

async function must(file: string, ...args: string[]): Promise<string> {
  const ran = await inProject(file, ...args);
  expect(ran.exitCode, `${file} ${args.join(' ')}\n${ran.stdout}\n${ran.stderr}`).toBe(0);
  return ran.stdout;
}

/** A project of its own with the tarball and another Node in it. */
beforeAll(async () => {
  project = await folder();
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', project.path], {
    cwd: checkout,
    env,
    extendEnv: false,
  });
  const [tarball] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[];
  packed = tarball?.files.map((one) => one.path) ?? [];
  await writeFile(path.join(project.path, 'package.json'), '{ "name": "a-project", "private": true }\n');
  await must(
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    path.join(project.path, tarball?.filename ?? ''),
    `node-linux-${process.arch}@${OLDER_NODE}`,
  );
});

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

describe('what is in it', () => {
  test('nothing of the tests, of the bench, of a run', () => {
    expect(packed.filter((file) => /\.test\.|\b(test|testing|bench|fixtures|results|docs)\//.test(file))).toEqual([]);
    expect([...new Set(packed.map((file) => file.split('/')[0]))].sort()).toEqual(
      ['LICENSE', 'README.md', 'dist', 'images', 'lab', 'package.json', 'schemas'].sort(),
    );
    expect(packed.filter((file) => file.startsWith('dist/') && !/\.(js|d\.ts)$/.test(file))).toEqual([]);
  });

  test('the sources of every image, and of no other', async () => {
    const wanted = new Set<string>();
    const add = (recipe: ImageRecipe) => {
      for (const file of filesOf(recipe)) wanted.add(`images/${recipe.folder}/${file}`);
      for (const from of Object.values(recipe.from)) if ('folder' in from) add(from);
    };
    add(sidecarImage);
    // Images of what a user names.
    add(npmImage({ packages: [['any', '1.0.0']], node: PREFERRED_NODE, scripts: false, files: {} }));
    add(debianImage('any', '1', { asked: [], cpu: 'x64', closure: { base: [], added: [] } }, {}));
    for (const system of systems) {
      add(gated((await system.release(system.defaultVersion)).image));
      if (system.expectations !== undefined) wanted.add(`images/${system.expectations}`);
    }
    // The lab's own, which its user builds.
    wanted.add('images/lab/Dockerfile');
    // What a machine's disk has beside Debian's packages.
    const ofMachines = 'images/machine';
    for (const file of await readdir(path.join(packageFolder, ofMachines), { recursive: true, withFileTypes: true }))
      if (file.isFile()) wanted.add(path.relative(packageFolder, path.join(file.parentPath, file.name)));
    expect(packed.filter((file) => file.startsWith('images/')).sort()).toEqual([...wanted].sort());
  });
});

// A command inside midwrite's own image takes the same way as any other: what is new is the image.
describe.runIf(isFull)("the lab's own image", () => {
  test('built of the project without a network: a cell runs beside the engine whose socket it gets', async () => {
    const engine = await connect(() => undefined);
    const { uri } = engine.endpoint;
    // Over TCP or in another machine there is no socket to hand on.
    expect(uri).toMatch(/^unix:\/\//);
    const say = () => undefined;
    await copyFile(path.join(packageFolder, 'images/lab/Dockerfile'), path.join(project.path, 'Dockerfile'));
    await writeFile(path.join(project.path, '.dockerignore'), '!node_modules\nresults\ninterrupted\n');
    const BASE = await ensureImage(engine, nodeImage(PREFERRED_NODE), { say });
    const source = await resolveSource(dockerfile(project.path, { args: { BASE, INSTALL: 'true' } }));
    const tag = await ensureImage(engine, source.recipe, { say });
    const name = `midwrite-lab-test-${randomUUID().slice(0, 8)}`;
    const container = await engine.docker.createContainer({
      name,
      Image: tag,
      Cmd: ['run', '--cell', CELL],
      Env: ['DOCKER_HOST=unix:///run/engine.sock'],
      HostConfig: { NetworkMode: 'none', Binds: [`${uri.replace('unix://', '')}:/run/engine.sock`] },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      const said = (await container.logs({ stdout: true, stderr: true })).toString();
      expect(StatusCode, said).toBe(0);
      expect(said).toContain('images: all there');
      expect(said).toMatch(/1 cell and 2 controls in .*: 1 held/);
    } finally {
      await container.remove({ force: true });
      await engine.docker.getImage(tag).remove({ force: true });
    }
  });
});

describe('installed in a project with an older Node', () => {
  test('the project keeps its Node, and midwrite runs under its own', async () => {
    expect(await must('npx', 'node', '--version')).toBe(`v${OLDER_NODE}`);
    expect(await must('npx', 'midwrite', 'list')).toContain(CELL);
    const refused = await inProject('npx', 'midwrite', 'run', '--cell', 'nonsense');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('is no cell');
  });

  test('a cell: from the images of the checkout, with its results in the project', async () => {
    const ran = await inProject('npx', 'midwrite', 'run', '--cell', CELL);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    // The same sources give the same tags, so nothing was built.
    expect(ran.stderr).toContain('images: all there');
    const { outcome, cells } = readMatrixFile(path.join(project.path, 'results/latest'));
    expect(outcome.kind).toBe('sound');
    expect(cells.map(({ role }) => role).sort()).toEqual(['canary', 'cell', 'control']);
    expect(await must('npx', 'midwrite', 'judge', 'results/latest')).toContain('sound');
  });

  test("the systems' own expectations are not the project's to change", async () => {
    const ran = await inProject('npx', 'midwrite', 'expect', '--update', 'results/latest');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('--expectations');
  });

  test('a signal reaches it, and it cleans up', async () => {
    // Without npx between them: it would be the one that the signal ends.
    const bin = (name: string) => path.join(project.path, 'node_modules/.bin', name);
    const lab = inProject(bin('node'), bin('midwrite'), 'run', '--system', 'reference', '--results', 'interrupted');
    let said = '';
    lab.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    await until(
      { name: 'the first cell to begin', limitMs: 60_000 },
      async () => said.includes('cells 0/') || undefined,
    );
    lab.kill('SIGTERM');
    expect((await lab).exitCode).toBe(143);
    expect(said).toContain('cleaning up');
  });
});

describe('as a library', () => {
  test('its types fit, and what is exported reads a run', async () => {
    const program = path.join(project.path, 'read.mts');
    await writeFile(
      program,
      `import { judge, loadEvidence, type Matrix, readMatrixFile } from 'midwrite';
import schema from 'midwrite/schemas/matrix.schema.json' with { type: 'json' };
const matrix: Matrix = readMatrixFile('results/latest');
const cell = matrix.cells.find((one) => one.role === 'control');
const verdict: string = judge(await loadEvidence(\`results/latest/cells/\${cell?.id}\`)).verdict;
console.log(verdict, schema.title);
`,
    );
    const tsc = path.join(checkout, 'node_modules/.bin/tsc');
    const types = path.join(checkout, 'node_modules/@types');
    await must(
      tsc,
      ...'--noEmit --strict --module nodenext --target es2024 --types node'.split(' '),
      '--typeRoots',
      types,
      program,
    );
    expect(await must(process.execPath, program)).toBe('held matrix.json of midwrite');
  });

  test('what is not exported is not to be had', async () => {
    const ran = await inProject(
      process.execPath,
      '--input-type=module',
      '--eval',
      "await import('midwrite/lab/run/run.ts')",
    );
    expect(ran.exitCode).not.toBe(0);
    expect(ran.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
