import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import { lock } from '../owner/lock.ts';
import { scratch, scratchRoot } from '../owner/scratch.ts';
import { Problem } from '../problem.ts';
import { ensureGiven, idOf } from './given.ts';
import {
  type BuildOptions,
  type ContextRecipe,
  filesOf,
  givenImagesOf,
  type ImageRecipe,
  imagesFolder,
  type Platform,
  type Recipe,
  tagOf,
} from './recipe.ts';
import { build } from './send.ts';

const BUILD_LOCK_LIMIT_MS = 20 * 60_000;

export function platformOf(engine: Engine): Platform {
  return { os: 'linux', cpu: engine.facts.cpu, libc: 'glibc' };
}

/** The tag of an image that is on the engine afterwards, built only if it was not there; of an image that somebody else made its id. */
export async function ensureImage(engine: Engine, recipe: Recipe, options: BuildOptions): Promise<string> {
  const given = new Map<string, string>();
  for (const ref of givenImagesOf(recipe)) given.set(ref, await ensureGiven(engine, ref, options));
  return ensure(engine, recipe, given, options);
}

async function ensure(
  engine: Engine,
  recipe: Recipe,
  given: ReadonlyMap<string, string>,
  options: BuildOptions,
): Promise<string> {
  const tag = tagOf(recipe, platformOf(engine), given);
  if ('ref' in recipe || (await exists(engine.docker, tag))) return tag;
  // Two labs on one machine must not both fetch half a gigabyte for the same image; the second waits and finds it there.
  await using _ = await lock(path.join(scratchRoot(), `${tag.replaceAll(/[/:]/g, '_')}.lock`), BUILD_LOCK_LIMIT_MS);
  if (await exists(engine.docker, tag)) return tag;
  if ('make' in recipe) await recipe.make(engine, tag, options);
  else if ('needs' in recipe) await buildContext(engine, recipe, tag, options);
  else {
    const args: Record<string, string> = {};
    for (const [argument, from] of Object.entries(recipe.from))
      args[argument] = await ensure(engine, from, given, options);
    await buildRecipe(engine, recipe, tag, args, options);
  }
  return tag;
}

async function buildRecipe(
  engine: Engine,
  recipe: ImageRecipe,
  tag: string,
  args: Record<string, string>,
  options: BuildOptions,
): Promise<void> {
  const { signal, say } = options;
  await using folder = await scratch(recipe.name);
  for (const file of filesOf(recipe)) {
    await mkdir(path.dirname(path.join(folder.path, file)), { recursive: true });
    await cp(path.join(imagesFolder, recipe.folder, file), path.join(folder.path, file));
  }
  await recipe.stage?.({ into: folder.path, platform: platformOf(engine), signal, say });
  say(`building ${tag}`);
  await build(engine.docker, { folder: folder.path, tag, args, signal });
}

async function buildContext(
  engine: Engine,
  recipe: ContextRecipe,
  tag: string,
  { signal, say }: BuildOptions,
): Promise<void> {
  await using folder = await scratch(recipe.name);
  await recipe.stage({ into: folder.path, platform: platformOf(engine), signal, say });
  say(`building ${tag}`);
  const { args = {}, dockerfile = 'Dockerfile' } = recipe;
  // The private engine has no bridge: its host's network is the only one that there is.
  const network = recipe.network !== true ? 'none' : engine.isPrivate ? 'host' : 'default';
  try {
    await build(engine.docker, { folder: folder.path, tag, args, dockerfile, network, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Problem) || error.code !== 'engine-failed') throw error;
    throw new Problem('engine-failed', `${error.message}\n${recipe.advice}`, { cause: error.cause });
  }
}

export async function exists(docker: Docker, tag: string): Promise<boolean> {
  return (await idOf(docker, tag)) !== undefined;
}
