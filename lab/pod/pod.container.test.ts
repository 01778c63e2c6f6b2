import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { gated } from '../../images/gated/recipe.ts';
import { reference } from '../../images/reference/system.ts';
import { sidecarImage } from '../../images/sidecar/recipe.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { Recorder } from '../evidence/recorder.ts';
import { ensureImage } from '../image/build.ts';
import { Session } from '../session/session.ts';
import type { Release } from '../system.ts';
import { belongings, folder } from '../test/midwrite.ts';
import { BaseAhead } from './base.ts';
import { Pod } from './pod.ts';

const LIMIT_MS = 20_000;
const quiet = { say: () => undefined };

let engine: Engine;
let release: Release;
let images: { system: string; sidecar: string };
beforeAll(async () => {
  engine = await connect(() => undefined);
  release = await reference.release(reference.defaultVersion);
  images = {
    system: await ensureImage(engine, gated(release.image), quiet),
    sidecar: await ensureImage(engine, sidecarImage, quiet),
  };
});

const sh = (script: string) => ['sh', '-c', script];

test('a command runs beside the system, whether that runs, is frozen or was stopped, and is evidence', async () => {
  await using results = await folder();
  using recorder = new Recorder(results.path);
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  const spec = { label: name, name, release, images, memoryBytes: release.memory.defaultBytes };
  await using pod = await Pod.start(engine, spec, recorder);
  const session = new Session(pod, release, recorder, new AbortController().signal);
  await session.configure();
  expect(await session.boot()).toBe(true);

  // The system's user, loopback, state and processes; nothing that it may not do either.
  const ready =
    "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then((answer) => console.log(answer.status))";
  const running = await pod.command(
    sh(`id -u; cat /proc/1/comm; test -f /state/sessions.json && echo state; node -e "${ready}"; touch /x; exit 3`),
    LIMIT_MS,
  );
  expect(running.stdout).toBe('1000\nwritegate\nstate\n200\n');
  expect(running.stderr).toContain('Read-only file system');
  expect(running.exitCode).toBe(3);

  await pod.container.freeze();
  expect(await pod.command(sh('cat /proc/1/comm; cat'), LIMIT_MS)).toMatchObject({
    exitCode: 0,
    stdout: 'writegate\n',
  });
  await pod.container.thaw();

  await expect(pod.command(['sleep', '60'], 1_000)).rejects.toMatchObject({ code: 'limit-passed' });
  expect((await belongings(engine, process.pid)).filter((one) => one.includes('-command-'))).toEqual([]);

  await session.stop();
  const stopped = await pod.command(['node', '/opt/gateway/main.ts', 'sessions', 'cleanup', '--json'], LIMIT_MS);
  expect(stopped).toMatchObject({ exitCode: 0, stderr: '' });
  // The six model runs of the 52 rows whose time had come went at the boot.
  expect(JSON.parse(stopped.stdout)).toMatchObject({ dryRun: true, before: { total: 46 } });

  const commands = (await loadEvidence(results.path))?.of('command') ?? [];
  expect(commands.map(({ isSystemRunning, exitCode }) => ({ isSystemRunning, exitCode }))).toEqual([
    { isSystemRunning: true, exitCode: 3 },
    { isSystemRunning: true, exitCode: 0 },
    { isSystemRunning: false, exitCode: 0 },
  ]);
  expect(commands[2]).toMatchObject({ stdout: stopped.stdout, droppedBytes: 0, oomKilled: false });
});

test('what a program keeps in its cache outlives a container, and is gone with the pod', async () => {
  await using results = await folder();
  using recorder = new Recorder(results.path);
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  const cached: Release = { ...release, boot: { ...release.boot, cache: '/tmp/cache' } };
  const spec = { label: name, name, release: cached, images, memoryBytes: release.memory.defaultBytes };
  {
    await using pod = await Pod.start(engine, spec, recorder);
    await new Session(pod, cached, recorder, new AbortController().signal).configure();
    const keep = await pod.command(
      sh('stat -c %u /tmp/cache; echo kept > /tmp/cache/file; echo gone > /tmp/file'),
      LIMIT_MS,
    );
    expect(keep).toMatchObject({ exitCode: 0, stdout: '1000\n', stderr: '' });
    expect(await pod.command(sh('cat /tmp/cache/file; ls /tmp'), LIMIT_MS)).toMatchObject({ stdout: 'kept\ncache\n' });
  }
  expect(await belongings(engine, process.pid)).toEqual([]);
});

test('the system has the same hostname in each pod, as after a restart; a second one and one in a new container have others', async () => {
  await using results = await folder();
  using recorder = new Recorder(results.path);
  const hostnames: (string | undefined)[] = [];
  const booted = async (pod: Pod): Promise<void> => {
    const gate = await pod.boot();
    const { hostname } = await gate.waitForKind({ name: 'writegate to start', limitMs: LIMIT_MS }, 'start');
    hostnames.push(hostname);
  };
  for (const _ of ['one', 'another']) {
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    const spec = { label: name, name, release, images, memoryBytes: release.memory.defaultBytes };
    await using pod = await Pod.start(engine, spec, recorder);
    await booted(pod);
    if (hostnames.length === 1) continue;
    {
      await using second = await pod.beside();
      await booted(second);
    }
    await pod.container.signal('SIGKILL');
    await pod.ended(LIMIT_MS, true);
    await pod.replace();
    await booted(pod);
  }
  expect(hostnames).toEqual(['midwrite', 'midwrite', 'midwrite-second', 'midwrite-replaced']);
});

test('a base that was begun ahead is the pod that takes it; one that nobody takes, or that is given up while it starts, leaves nothing', async () => {
  await using results = await folder();
  using recorder = new Recorder(results.path);
  const specOf = (name: string) => ({ label: name, name, release, images, memoryBytes: release.memory.defaultBytes });
  const named = async (name: string) =>
    (await belongings(engine, process.pid)).filter((one) => one.includes(name)).toSorted();
  const taken = `midwrite-${randomUUID().slice(0, 13)}`;
  {
    await using base = new BaseAhead(engine, specOf(taken));
    await using pod = await Pod.start(engine, base.spec, recorder, () => base.take());
    expect(pod.volume).toBe(`${taken}-state`);
    expect(await named(taken)).toEqual([`/${taken}-sidecar`, `${taken}-state`]);
  }
  expect(await named(taken)).toEqual([]);

  const givenUp = `midwrite-${randomUUID().slice(0, 13)}`;
  {
    await using _ = new BaseAhead(engine, specOf(givenUp));
  }
  expect(await named(givenUp)).toEqual([]);

  // What its start threw is told to who takes it, and to nobody else.
  const impossible = { ...specOf(givenUp), images: { ...images, sidecar: 'midwrite/nothing:0' } };
  {
    await using base = new BaseAhead(engine, impossible);
    await expect(Pod.start(engine, base.spec, recorder, () => base.take())).rejects.toMatchObject({
      code: 'engine-failed',
    });
  }
  {
    await using _ = new BaseAhead(engine, impossible);
  }
  expect(await named(givenUp)).toEqual([]);
});
