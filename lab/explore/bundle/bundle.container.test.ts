import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tar from 'tar';
import { beforeAll, expect, test } from 'vitest';
import { connect, type Engine } from '../../engine/engine.ts';
import { ensureImage } from '../../image/build.ts';
import { releaseNamed } from '../../plan/named.ts';
import { attempt } from '../../process.ts';
import { buildImagesOf } from '../../run/images.ts';
import { isFull } from '../../test/full.ts';
import { folder } from '../../test/midwrite.ts';
import { workloadOf } from '../../workload/workload.ts';
import type { Model } from '../crash-state.ts';
import { DRAWS, explore } from '../explore.ts';
import { keepExploration } from '../run-explorations.ts';
import { findingIn, makeBundle } from './bundle.ts';

const LIMIT_MS = 300_000;
const say = () => undefined;
const { signal } = new AbortController();

let engine: Engine;
beforeAll(async () => {
  engine = await connect(say);
});

// Without a boot: the store is empty when the system comes. After one: the temp is still there.
const EMPTY_STORE = ['no-file-sync', 'store-valid', 'power-loss', 0, /^before: sessions\.json, 0 bytes$/m] as const;
const LEFT_TEMP = [
  'fixed-temp-name',
  'no-orphans',
  'process-crash',
  12,
  /^after: sessions\.json\.tmp, \d+ bytes$/m,
] as const;

test.each(isFull ? [EMPTY_STORE, LEFT_TEMP] : [EMPTY_STORE])(
  '%s: what a person sees who has Docker and no lab',
  { timeout: LIMIT_MS },
  async (defect, check, model, maxStates, shows) => {
    await using root = await folder();
    const into = path.join(root.path, 'explored');
    const release = await releaseNamed('reference', defect);
    const images = await buildImagesOf(engine, release, { say, signal });
    const models: readonly Model[] = [model];
    const found = await explore(engine, { release, images, memoryBytes: release.memory.defaultBytes }, into, {
      workload: workloadOf('turn', release),
      models,
      maxStates,
      crashes: 0,
      everyState: false,
      ...DRAWS,
      maxDurationMs: Number.POSITIVE_INFINITY,
      jobs: 2,
      signal,
      say,
    });
    await keepExploration(into, found);
    const finding = found.findings.find((one) => one.check === check);
    const bundled = await findingIn(path.join(into, finding?.kept ?? ''));
    const image = await ensureImage(engine, release.image, { say, signal });
    const bundle = await makeBundle(release, image, bundled, { into: root.path, signal, say });
    expect(bundle.expected.join('\n')).toMatch(shows);
    expect(bundle.issue).toMatch(shows);
    expect(bundle.issue).toContain(finding?.cause);

    // Elsewhere, with the docker client alone.
    const elsewhere = path.join(root.path, 'elsewhere');
    await mkdir(elsewhere);
    await tar.extract({ file: bundle.file, cwd: elsewhere });
    const at = path.join(elsewhere, path.basename(bundle.file, '.tar'));
    const env = { DOCKER_HOST: engine.endpoint.uri };
    const run = (file: string, args: readonly string[]) =>
      attempt({ file, args, purpose: 'trying the bundle', limitMs: LIMIT_MS, cwd: at, env });
    const seen = await run('sh', ['run.sh', image]);
    expect(seen.problem).toBeUndefined();
    for (const line of (await readFile(path.join(at, 'expected.txt'), 'utf8')).trim().split('\n'))
      expect(seen.stdout.split('\n')).toContain(line);
    expect(seen.stdout).toMatch(shows);

    // A line that is not printed is told, and lets it fail.
    await run('sh', ['-c', 'echo "after: never there, 1 bytes" >> expected.txt']);
    const wrong = await run('sh', ['run.sh', image]);
    expect(wrong.stdout).toContain('NOT SEEN: after: never there, 1 bytes');
    expect(wrong.problem).toBeDefined();
  },
);
