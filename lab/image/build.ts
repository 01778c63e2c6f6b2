import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { lock } from '../reaper/lock.ts';
import { scratch, scratchRoot } from '../reaper/scratch.ts';
import { makeBase } from './base.ts';
import {
  type BaseRecipe,
  type BuildOptions,
  filesOf,
  type ImageRecipe,
  imagesFolder,
  type Platform,
  tagOf,
} from './recipe.ts';
import { build } from './send.ts';

const BUILD_LOCK_LIMIT_MS = 20 * 60_000;

export function platformOf(engine: Engine): Platform {
  return { os: 'linux', cpu: engine.facts.cpu, libc: 'glibc' };
}

/** The tag of an image that is on the engine afterwards; built only if it was not there. */
export async function ensureImage(
  engine: Engine,
  recipe: ImageRecipe | BaseRecipe,
  options: BuildOptions,
): Promise<string> {
  const tag = tagOf(recipe, platformOf(engine));
  if (await exists(engine.docker, tag)) return tag;
  // Two labs on one machine must not both fetch half a gigabyte for the same image; the second waits and finds it there.
  await using _ = await lock(path.join(scratchRoot(), `${tag.replaceAll(/[/:]/g, '_')}.lock`), BUILD_LOCK_LIMIT_MS);
  if (await exists(engine.docker, tag)) return tag;
  if ('base' in recipe) {
    await makeBase(engine, tag, options);
    return tag;
  }
  const buildArgs: Record<string, string> = {};
  for (const [argument, from] of Object.entries(recipe.from))
    buildArgs[argument] = await ensureImage(engine, from, options);
  await using folder = await scratch(recipe.name);
  for (const file of filesOf(recipe)) {
    await mkdir(path.dirname(path.join(folder.path, file)), { recursive: true });
    await cp(path.join(imagesFolder, recipe.folder, file), path.join(folder.path, file));
  }
  await recipe.stage?.({ into: folder.path, platform: platformOf(engine), signal: options.signal, say: options.say });
  options.say(`building ${tag}`);
  await build(engine.docker, folder.path, tag, buildArgs, options.signal);
  return tag;
}

export async function exists(docker: Docker, tag: string): Promise<boolean> {
  try {
    await docker.getImage(tag).inspect();
    return true;
  } catch (error) {
    if (errorCode(error) === 404) return false;
    throw new Problem('engine-lost', `the engine could not be asked for the image ${tag}: ${describe(error)}`, {
      cause: error,
    });
  }
}
