import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gated } from '../../images/gated/recipe.ts';
import { reference } from '../../images/reference/system.ts';
import { sidecarImage } from '../../images/sidecar/recipe.ts';
import { ensureImage, platformOf } from '../image/build.ts';
import { tagOf } from '../image/recipe.ts';
import { follow } from '../image/send.ts';
import { folder, midwrite, untilItHas } from '../test/midwrite.ts';
import { connect, type Engine, open } from './engine.ts';
import { startPrivateEngine, stopPrivateEngine, whyNoPrivateEngine } from './private-engine.ts';

let main: Engine;
beforeAll(async () => {
  main = await connect(() => undefined);
});

const env = (root: string) => ({
  MIDWRITE_ENGINE_DATA: path.join(root, 'data'),
  MIDWRITE_ENGINE_RUN: path.join(root, 'run'),
});
const silent = () => undefined;

// A second private engine in folders of its own: the one that the other tests use is left alone.
describe.skipIf(whyNoPrivateEngine() !== undefined)('a private engine', () => {
  test('comes up, comes up again after its daemon was killed in the middle of a cell, and goes without a trace', async () => {
    await using root = await folder();
    const folders = { data: env(root.path).MIDWRITE_ENGINE_DATA, run: env(root.path).MIDWRITE_ENGINE_RUN };
    try {
      const endpoint = await startPrivateEngine(silent, folders);
      // Whoever asks again, or at the same time, gets the same one.
      const again = await Promise.all([startPrivateEngine(silent, folders), startPrivateEngine(silent, folders)]);
      expect(again.map((one) => one.uri)).toEqual([endpoint.uri, endpoint.uri]);

      const second = await open(endpoint);
      const { image } = await reference.release('1.0.0');
      const tags = [sidecarImage, gated(image)].map((recipe) => tagOf(recipe, platformOf(main)));
      for (const tag of tags)
        await follow(second.docker, await second.docker.loadImage(await main.docker.getImage(tag).get()));
      await ensureImage(second, sidecarImage, { say: silent });

      const lab = midwrite(['run', '--system', 'reference', '--results', path.join(root.path, 'results')], {
        ...env(root.path),
        DOCKER_HOST: endpoint.uri,
      });
      await untilItHas(second, lab.pid ?? 0, 3);
      const daemon = Number(readFileSync(path.join(folders.run, 'dockerd.pid'), 'utf8'));
      process.kill(daemon, 'SIGKILL');
      const ended = await lab;
      expect(ended.exitCode, ended.stderr).toBe(3);
      expect(ended.stderr).toMatch(/engine is gone|stopped reporting/);
      expect(ended.stderr).not.toMatch(/mistake of the lab's own/);

      await startPrivateEngine(silent, folders);
      const next = await midwrite(
        ['run', '--cell', 'reference@1.0.0_full-temp_sigkill_192m', '--results', path.join(root.path, 'results')],
        {
          ...env(root.path),
          DOCKER_HOST: endpoint.uri,
        },
      );
      expect(next.exitCode, next.stdout + next.stderr).toBe(0);
      expect(next.stderr).toMatch(/an earlier lab had left/);
      expect(await second.docker.listContainers({ all: true })).toEqual([]);

      const cleaned = await midwrite(['clean', '--images'], { ...env(root.path), DOCKER_HOST: endpoint.uri });
      expect(cleaned.exitCode, cleaned.stderr).toBe(0);
      expect(await second.docker.listImages({ all: true })).toEqual([]);
    } finally {
      await stopPrivateEngine({ purge: true }, folders);
    }
    expect(existsSync(folders.run)).toBe(false);
    expect(existsSync(folders.data)).toBe(false);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(root.path);
  });
});
