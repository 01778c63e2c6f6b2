import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gated, type StateFolder } from '../../images/gated/recipe.ts';
import { LABEL } from '../docker/labels.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { base } from '../image/base.ts';
import { ensureImage } from '../image/build.ts';
import { decodeOwner } from '../owner/owner.ts';
import { scratchRoot } from '../owner/scratch.ts';
import { childrenFirst } from '../reaper/reaper.ts';
import { folder } from '../test/midwrite.ts';
import { debian, defaultsOf, dockerfile, type ImageSource, image, npm, resolveSource } from './source.ts';

const say = () => undefined;
/** Says who it is and what the state folder is like, writes there, and needs neither a shell nor a libc. */
const PROGRAM = `
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct stat facts;
  char path[256];
  if (argc < 2 || stat(argv[1], &facts) != 0) return 2;
  snprintf(path, sizeof path, "%s/written", argv[1]);
  int file = open(path, O_CREAT | O_WRONLY, 0600);
  if (file < 0 || write(file, "x", 1) != 1) return 3;
  printf("%d %d %d %o\\n", getuid(), facts.st_uid, facts.st_gid, facts.st_mode & 07777);
  return 0;
}
`;

let engine: Engine;
/** Of this run and no other: the engine may be somebody else's too. */
const mark = `midwrite-test-${randomUUID().slice(0, 8)}`;
/** The user's: built by the first test here, and removed at the end. */
const USERS = `${mark}/user:1.0_a`;
let made: Awaited<ReturnType<typeof folder>>;

async function project(name: string, files: Record<string, string>): Promise<string> {
  const root = path.join(made.path, name);
  await mkdir(root, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(path.join(root, file), content);
  return root;
}

/** Runs a command as a cell does: an ordinary user, a read-only root, nothing allowed, a new named volume on the state folder. */
async function runIn(tag: string, command: string[], state = '/state', user = '1000:1000') {
  const { docker } = engine;
  const volume = await docker.createVolume({ Name: `${mark}-${randomUUID().slice(0, 8)}` });
  const container = await docker.createContainer({
    Image: tag,
    Cmd: command,
    User: user,
    Tty: true,
    Env: [`HOME=${state}`],
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Mounts: [{ Type: 'volume', Source: volume.name, Target: state }],
    },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const said = String(await container.logs({ stdout: true, stderr: true }));
    return { code: StatusCode, said: said.replaceAll('\r\n', '\n').trimEnd() };
  } finally {
    await container.remove({ force: true, v: true });
    await docker.getVolume(volume.name).remove();
  }
}

async function imagesOf(source: ImageSource, state: Partial<StateFolder> = {}) {
  const { recipe, ...rest } = await resolveSource(source, { say });
  const own = await ensureImage(engine, recipe, { say });
  return { ...rest, own, gated: await ensureImage(engine, gated(recipe, state), { say }) };
}

/** What this process has in the lab's scratch folder, and what of this run has no name on the engine. */
async function leftovers(): Promise<string[]> {
  const folders = await readdir(scratchRoot());
  const filters = { label: [`failed=${mark}`] };
  const images = await engine.docker.listImages({ all: true, filters });
  const containers = await engine.docker.listContainers({ all: true, filters });
  return [
    ...folders.filter((name) => decodeOwner(name.split('-')[0] ?? '')?.pid === process.pid),
    ...images.map((one) => one.Id),
    ...containers.map((one) => one.Id),
  ];
}

beforeAll(async () => {
  engine = await connect(say);
  made = await folder();
});

afterAll(async () => {
  const images = await engine.docker.listImages({ filters: { reference: [USERS, `midwrite/*${mark}*`] } });
  for (const tag of images.flatMap((one) => one.RepoTags ?? [])) await engine.docker.getImage(tag).remove();
  // The stages that only served the last one.
  const stages = await engine.docker.listImages({ all: true, filters: { label: [`mark=${mark}`] } });
  for (const one of childrenFirst(stages)) await engine.docker.getImage(one.Id).remove({ noprune: true });
  await made[Symbol.asyncDispose]();
});

describe('from npm', () => {
  test('a program is on the PATH, and says its version', async () => {
    const { version, gated, path: searched } = await imagesOf(npm('json-server@0.17.4'));
    expect(version).toBe('0.17.4');
    expect(searched).toMatch(/^\/opt\/app\/node_modules\/\.bin:/);
    expect(await runIn(gated, ['json-server', '--version'])).toEqual({ code: 0, said: '0.17.4' });
  });

  test('a range is pinned, and a file beside the packages imports them', async () => {
    const save =
      "import { nanoid } from 'nanoid';\nimport fs from 'node:fs';\nfs.writeFileSync('/state/x', nanoid(8));\nconsole.log('ok');\n";
    const { version, notes, gated } = await imagesOf(npm('nanoid@^3.3.0', { files: { 'bin/save.mjs': save } }));
    expect(version).toMatch(/^3\.3\.\d+$/);
    expect(notes).toEqual([`nanoid@^3.3.0 is ${version}`]);
    expect(await runIn(gated, ['node', '/opt/app/bin/save.mjs'])).toEqual({ code: 0, said: 'ok' });
    expect(await runIn(gated, ['node', '--print', "typeof require('nanoid').nanoid"])).toEqual({
      code: 0,
      said: 'function',
    });
    // An ES module from a command line, in the state folder.
    const line = "import { nanoid } from 'nanoid'; console.log(typeof nanoid)";
    expect(await runIn(gated, ['node', '--input-type=module', '--eval', line])).toEqual({ code: 0, said: 'function' });
  });

  test('install scripts run in the build when they are asked for', async () => {
    const { gated, notes } = await imagesOf(npm('esbuild@0.25.0', { scripts: true }));
    expect(notes).toEqual([]);
    // The script put the program itself where the package has a small one of JavaScript.
    const head = "fs.readFileSync('/opt/app/node_modules/esbuild/bin/esbuild').subarray(1, 4).toString()";
    expect(await runIn(gated, ['node', '--print', head])).toEqual({ code: 0, said: 'ELF' });
    const { notes: without } = await resolveSource(npm('esbuild@0.25.0'));
    expect(without).toEqual([expect.stringContaining('{ scripts: true }')]);
  });

  test.each(['no-such-package-of-midwrites', 'nanoid@99.0.0', 'nanoid@^99', 'nanoid@no-such-tag'])(
    '%s is not there',
    async (name) => {
      await expect(resolveSource(npm(name))).rejects.toMatchObject({
        code: 'no-such-version',
        message: expect.stringMatching(/^npm has no .* lists what there is/),
      });
      expect(await leftovers()).toEqual([]);
    },
  );
});

describe('from Debian', () => {
  test('a program with all that it needs', async () => {
    const { version, gated } = await imagesOf(
      debian('sqlite3', { files: { 'make.sql': 'create table t(a); insert into t values(7); select a from t;' } }),
    );
    expect(version).toMatch(/^3\.40\.1-[\w+-]+$/);
    expect(await runIn(gated, ['sqlite3', '/state/a.db', '.read /opt/app/make.sql'])).toEqual({ code: 0, said: '7' });
  });

  test('a program that every Debian has', async () => {
    const { version, gated } = await imagesOf(debian('passwd'));
    expect(version).toMatch(/^4\.13[\w.+-]+$/);
    expect(await runIn(gated, ['useradd', '--help'])).toMatchObject({ code: 0 });
  });

  test('a server, on a state folder of its own name', async () => {
    const { gated } = await imagesOf(debian('redis-server'), { path: '/data' });
    const ran = await runIn(
      gated,
      ['sh', '-c', 'stat -c "%u %g %a" /data && cat /usr/sbin/policy-rc.d && redis-server --version'],
      '/data',
    );
    expect(ran.said).toMatch(/^1000 1000 700\n#!\/bin\/sh\nexit 101\nRedis server v=7/);
  });

  test.each(['no-such-package-of-midwrites', 'mail-transport-agent'])('%s is not there', async (name) => {
    await expect(resolveSource(debian('sqlite3', name), { say })).rejects.toMatchObject({
      code: 'no-such-package',
      message: expect.stringContaining(`"${name}"`),
    });
    expect(await leftovers()).toEqual([]);
  });
});

describe('from a Dockerfile, and from an image of the user', () => {
  const users = async () => {
    const args = { BASE: await ensureImage(engine, base, { say }) };
    const root = await project(`${mark}-static`, {
      'program.c': PROGRAM,
      'unneeded.log': '',
      '.dockerignore': '*.log\n',
      'Dockerfile.static': [
        'ARG BASE',
        'FROM $BASE AS build',
        `LABEL mark=${mark}`,
        'COPY . /src',
        'RUN test ! -e /src/unneeded.log && gcc -O2 -static -o /program /src/program.c',
        'FROM scratch',
        `LABEL mark=${mark}`,
        'COPY --from=build /program /program',
        'ENV GREETING="a b=c"',
        'WORKDIR /work',
        'VOLUME /elsewhere',
        'ENTRYPOINT ["/program"]',
        'CMD ["/state"]',
        'HEALTHCHECK CMD ["/no"]',
      ].join('\n'),
    });
    return imagesOf(dockerfile(root, { file: 'Dockerfile.static', args }), { path: '/var/deep/state' });
  };

  test('without a shell, a libc or users: the state folder is the one that was asked for', async () => {
    const { version, own, gated } = await users();
    expect(version).toMatch(/^[0-9a-f]{12}$/);
    expect(await runIn(gated, ['/program', '/var/deep/state'], '/var/deep/state')).toEqual({
      code: 0,
      said: '1000 1000 1000 700',
    });
    const held = await runIn(
      gated,
      ['writegate', 'run', '--state', '/var/deep/state', '--', '/program', '/var/deep/state'],
      '/var/deep/state',
    );
    expect(held.said).toMatch(/"op":"create".*\/var\/deep\/state\/written/);
    expect(await defaultsOf(engine, own)).toEqual({
      command: ['/program', '/state'],
      env: { PATH: expect.any(String), GREETING: 'a b=c' },
      workdir: '/work',
    });
    const facts = await engine.docker.getImage(gated).inspect();
    // Engines differ in how they say that there is none.
    expect([facts.Config.Entrypoint, facts.Config.Cmd].flat().filter((one) => one !== null)).toEqual([]);
    expect(facts.Config).toMatchObject({ Healthcheck: { Test: ['NONE'] } });
  });

  test('an image that the engine has, with another user, and as it is when its name is given to another one', async () => {
    const { own } = await users();
    const [repo = '', tag = ''] = USERS.split(':');
    await engine.docker.getImage(own).tag({ repo, tag });
    const first = await imagesOf(image(USERS), { user: '7:8' });
    expect(first.version).toBe('1.0-a');
    expect(await defaultsOf(engine, first.own)).toEqual(await defaultsOf(engine, own));
    expect(await runIn(first.gated, ['/program', '/state'], '/state', '7:8')).toEqual({ code: 0, said: '7 7 8 700' });
    const sqlite = await imagesOf(debian('sqlite3'));
    await engine.docker.getImage(sqlite.own).tag({ repo, tag });
    const second = await imagesOf(image(USERS), { user: '7:8' });
    expect(second.gated).not.toBe(first.gated);
    for (const one of [first, second]) await engine.docker.getImage(one.gated).remove();
  });

  test('a state folder that the image has already, of another owner and declared as a volume', async () => {
    const from = (await imagesOf(debian('sqlite3'))).own;
    const root = await project(`${mark}-owned`, {
      Dockerfile: 'ARG FROM\nFROM $FROM\nUSER 0\nRUN install -d -o 33 -g 33 -m 0755 /data\nVOLUME /data\nUSER 33\n',
    });
    const { gated } = await imagesOf(dockerfile(root, { args: { FROM: from } }), { path: '/data' });
    expect(await runIn(gated, ['sh', '-c', 'touch /data/x && stat -c "%u %g %a" /data'], '/data')).toEqual({
      code: 0,
      said: '1000 1000 700',
    });
  });

  test('every step of a build has the label that the clean-up goes by', async () => {
    const { gated } = await users();
    const ids: string[] = [];
    for (let next = gated; next !== ''; next = (await engine.docker.getImage(next).inspect()).Parent) ids.push(next);
    expect(ids.length).toBeGreaterThan(10);
    for (const id of ids) {
      const { Config } = await engine.docker.getImage(id).inspect();
      expect(Config.Labels?.[LABEL.kind], id).toBe('image');
    }
  });

  test('a build that fails says with which step, and leaves nothing', async () => {
    const root = await project('fails', {
      Dockerfile: `ARG BASE\nFROM $BASE AS one\nLABEL failed=${mark}\nRUN echo ${mark} > /x\nFROM $BASE\nLABEL failed=${mark}\nCOPY --from=one /x /x\nRUN echo so far && exit 3\n`,
    });
    const BASE = await ensureImage(engine, base, { say });
    const { recipe } = await resolveSource(dockerfile(root, { args: { BASE } }));
    await expect(ensureImage(engine, recipe, { say })).rejects.toMatchObject({
      code: 'engine-failed',
      message: expect.stringMatching(
        /so far[\s\S]*returned a non-zero code: 3[\s\S]*\/fails\/Dockerfile[\s\S]*network: true/,
      ),
    });
    expect(await leftovers()).toEqual([]);
  });

  test('a build has no network', async () => {
    const from = (await imagesOf(debian('sqlite3'))).own;
    const root = await project('net', {
      Dockerfile: `ARG FROM\nFROM $FROM\nLABEL failed=${mark}\nRUN echo "$(ls /sys/class/net)" && false\n`,
    });
    const { recipe } = await resolveSource(dockerfile(root, { args: { FROM: from } }));
    await expect(ensureImage(engine, recipe, { say })).rejects.toThrow(/\n {2}lo\n/);
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    ['an image', (ref: string) => Promise.resolve(image(ref))],
    [
      'the FROM of a Dockerfile',
      async (ref: string) =>
        dockerfile(
          await project('missing', { Dockerfile: `FROM ${ref} AS one\nFROM scratch\nCOPY --from=one /x /x\n` }),
        ),
    ],
  ])('%s that neither the engine nor a registry has', async (_, sourceOf) => {
    // A registry on a port where nobody listens.
    const ref = `localhost:1/${mark}/nothing:2`;
    const { recipe } = await resolveSource(await sourceOf(ref));
    await expect(ensureImage(engine, gated(recipe), { say })).rejects.toMatchObject({
      code: 'no-such-image',
      message: expect.stringMatching(
        new RegExp(`has no image ${ref}.*could not be pulled.*docker load.*docker build -t`),
      ),
    });
    expect(await leftovers()).toEqual([]);
  });
});

test('two that want the same image at once build it once', async () => {
  const BASE = await ensureImage(engine, base, { say });
  const root = await project(`${mark}-once`, { Dockerfile: 'ARG BASE\nFROM $BASE\nCOPY . /here' });
  const { recipe } = await resolveSource(dockerfile(root, { args: { BASE } }));
  const said: string[] = [];
  const options = { say: (line: string) => void said.push(line) };
  const tags = await Promise.all([1, 2, 3].map(() => ensureImage(engine, recipe, options)));
  expect(new Set(tags).size).toBe(1);
  expect(said.filter((line) => line.startsWith('building'))).toHaveLength(1);
});
