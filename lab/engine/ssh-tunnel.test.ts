import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Scratch, scratch } from '../owner/scratch.ts';
import { until } from '../wait.ts';
import type { Endpoint } from './endpoint.ts';
import { answers } from './private-engine.ts';
import { reachable, sshCommand } from './ssh-tunnel.ts';

const at = (uri: string): Endpoint => ({ uri, from: 'DOCKER_HOST', explicit: true });

test('the command line: who, where, and the socket there, as docker(1) reads such an address', () => {
  const args = sshCommand(at('ssh://ann@build.example:2222/run/user/1000/docker.sock'), '/x/0');
  expect(args.slice(args.indexOf('-p'))).toEqual(['-p', '2222', '--', 'ann@build.example', 'cat']);
  expect(args).toContain('/x/0:/run/user/1000/docker.sock');
  expect(args).toContain('BatchMode=yes');
  const plain = sshCommand(at('ssh://build'), '/x/0');
  expect(plain).not.toContain('-p');
  expect(plain).toContain('/x/0:/var/run/docker.sock');
  expect(plain.slice(-3)).toEqual(['--', 'build', 'cat']);
});

describe('with an ssh that is a script', () => {
  let folder: Scratch;
  beforeEach(async () => {
    folder = await scratch('ssh-test');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await folder[Symbol.asyncDispose]();
  });

  async function ssh(script: string): Promise<void> {
    const bin = path.join(folder.path, 'bin');
    await mkdir(bin);
    await writeFile(path.join(bin, 'ssh'), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(bin, 'ssh'), 0o755);
    vi.stubEnv('PATH', `${bin}${path.delimiter}${process.env.PATH}`);
  }

  test('one that is refused is told with what ssh said, and what to try', async () => {
    await ssh('echo "ann@build: Permission denied (publickey)." >&2; exit 255');
    await expect(reachable(at('ssh://ann@refused:22'))).rejects.toThrow(
      /ssh does not get there: ann@build: Permission denied \(publickey\)\. Try `ssh -p 22 -- ann@refused true`/,
    );
    expect(await answers(at('ssh://ann@refused:22'))).toBe(false);
  });

  test('the engine answers through it; when it has ended it is opened again, with the same socket', async () => {
    const engine = path.join(folder.path, 'engine.sock');
    const server = createServer((_, response) => response.end('OK')).listen(engine);
    // The forwarded socket is a link to the engine's; each start is noted.
    await ssh(
      `for arg; do case $arg in *:/engine) ln -sf ${engine} "\${arg%%:*}";; esac; done; echo $$ >"${folder.path}/pid-$$"; exec cat`,
    );
    const pids = async () => (await readdir(folder.path)).filter((name) => name.startsWith('pid-'));
    const first = await reachable(at('ssh://one/engine'));
    expect(await answers(at('ssh://one/engine'))).toBe(true);
    const [pid] = await pids();
    process.kill(Number(pid?.slice('pid-'.length)));
    await until({ name: 'another tunnel', limitMs: 10_000, everyMs: 20 }, async () => {
      await reachable(at('ssh://one/engine'));
      return (await pids()).length === 2 || undefined;
    });
    expect((await reachable(at('ssh://one/engine'))).uri).toBe(first.uri);
    expect(await answers(at('ssh://one/engine'))).toBe(true);
    server.close();
  });
});
