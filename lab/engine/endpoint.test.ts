import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { candidates, dockerOptions, type Surroundings } from './endpoint.ts';
import { factsOf } from './engine.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'midwrite-test-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const on = (more: Partial<Surroundings> = {}): Surroundings => ({
  env: {},
  home,
  platform: 'linux',
  uid: 1000,
  ...more,
});

function context(name: string, host: unknown): void {
  const id = createHash('sha256').update(name).digest('hex');
  mkdirSync(path.join(home, '.docker/contexts/meta', id), { recursive: true });
  writeFileSync(
    path.join(home, '.docker/contexts/meta', id, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
}

describe('the engine is looked for where its users set it up', () => {
  test('DOCKER_HOST goes before everything, and nothing else is tried', () => {
    context('desktop', 'unix:///desktop.sock');
    const found = candidates(
      on({
        env: {
          DOCKER_HOST: 'tcp://10.0.0.1:2376',
          DOCKER_TLS_VERIFY: '1',
          DOCKER_CERT_PATH: '/certs',
          DOCKER_CONTEXT: 'desktop',
        },
      }),
    );
    expect(found).toEqual([{ uri: 'tcp://10.0.0.1:2376', from: 'DOCKER_HOST', explicit: true, certPath: '/certs' }]);
  });

  test('a context that was chosen, by variable or by `docker context use`', () => {
    context('desktop-linux', 'unix:///home/me/.docker/desktop/docker.sock');
    const wanted = [
      {
        uri: 'unix:///home/me/.docker/desktop/docker.sock',
        from: 'the docker context "desktop-linux"',
        explicit: true,
      },
    ];
    expect(candidates(on({ env: { DOCKER_CONTEXT: 'desktop-linux' } }))).toEqual(wanted);
    writeFileSync(path.join(home, '.docker/config.json'), JSON.stringify({ currentContext: 'desktop-linux' }));
    expect(candidates(on())).toEqual(wanted);
  });

  test('a context without an endpoint is an error and not skipped', () => {
    expect(() => candidates(on({ env: { DOCKER_CONTEXT: 'gone' } }))).toThrow(/context "gone" is chosen/);
  });

  test('sockets: the default one, Desktop, rootless', () => {
    const uris = candidates(on({ env: { XDG_RUNTIME_DIR: '/run/user/1000' } })).map((one) => one.uri);
    expect(uris).toEqual([
      'unix:///var/run/docker.sock',
      `unix://${home}/.docker/run/docker.sock`,
      `unix://${home}/.docker/desktop/docker.sock`,
      'unix:///run/user/1000/docker.sock',
    ]);
    expect(candidates(on({ platform: 'win32' })).map((one) => one.uri)).toContain('npipe:////./pipe/docker_engine');
  });
});

test('options for dockerode', () => {
  expect(dockerOptions({ uri: 'unix:///x/docker.sock', from: '', explicit: true })).toEqual({
    socketPath: '/x/docker.sock',
  });
  expect(dockerOptions({ uri: 'tcp://127.0.0.1:2375', from: '', explicit: true })).toMatchObject({
    host: '127.0.0.1',
    port: 2375,
    protocol: 'http',
  });
  expect(dockerOptions({ uri: 'npipe:////./pipe/docker_engine', from: '', explicit: true })).toEqual({
    socketPath: '\\\\.\\pipe\\docker_engine',
  });
  expect(() => dockerOptions({ uri: 'fd://', from: 'DOCKER_HOST', explicit: true })).toThrow(
    /the lab speaks unix, npipe, tcp and ssh/,
  );
});

describe('facts of engines, from recorded answers', () => {
  // GET /info of Docker Engine 20.10 on cgroup v1, of 28 on cgroup v2, of Docker Desktop on Apple silicon; the fields that are read.
  test.each([
    [
      {
        ServerVersion: '20.10.24+dfsg1',
        OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
        KernelVersion: '6.1.0',
        CgroupVersion: '1',
        Driver: 'overlay2',
        Architecture: 'x86_64',
        OSType: 'linux',
        NCPU: 2,
        MemTotal: 1,
        SecurityOptions: ['name=seccomp,profile=default'],
      },
      { cgroupVersion: 1, cpu: 'x64', seccomp: true, rootless: false },
    ],
    [
      {
        ServerVersion: '28.2.2',
        OperatingSystem: 'Ubuntu 24.04',
        KernelVersion: '6.8.0',
        CgroupVersion: '2',
        Driver: 'overlay2',
        Architecture: 'x86_64',
        OSType: 'linux',
        NCPU: 4,
        MemTotal: 1,
        SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless', 'name=cgroupns'],
      },
      { cgroupVersion: 2, cpu: 'x64', rootless: true },
    ],
    [
      {
        ServerVersion: '27.4.0',
        OperatingSystem: 'Docker Desktop',
        KernelVersion: '6.10.14-linuxkit',
        CgroupVersion: '2',
        Driver: 'overlayfs',
        Architecture: 'aarch64',
        OSType: 'linux',
        NCPU: 8,
        MemTotal: 1,
        SecurityOptions: ['name=seccomp,profile=unconfined', 'name=cgroupns'],
      },
      { cgroupVersion: 2, cpu: 'arm64' },
    ],
  ])('%#', (info, facts) => {
    expect(factsOf(info)).toMatchObject({ product: 'Docker Engine', ...facts });
    // podman 5.4.2, GET /version.
    expect(factsOf(info, { Components: [{ Name: 'Podman Engine' }, { Name: 'Conmon' }] }).product).toBe('Podman');
  });

  test('Windows containers are refused in words', () => {
    expect(() => factsOf({ OSType: 'windows', Architecture: 'x86_64' })).toThrow(
      /switch Docker Desktop to Linux containers/,
    );
  });
});
