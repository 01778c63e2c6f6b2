import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { lock } from '../reaper/lock.ts';
import { scratch, scratchRoot } from '../reaper/scratch.ts';
import { makeBase } from './base.ts';
import { type AnyRecipe, type BuildOptions, filesOf, imagesFolder, type Platform, tagOf } from './recipe.ts';
import { build, follow } from './send.ts';

const BUILD_LOCK_LIMIT_MS = 20 * 60_000;

export function platformOf(engine: Engine): Platform {
  return { os: 'linux', cpu: engine.facts.cpu, libc: 'glibc' };
}

/** The tag of an image that is on the engine afterwards; built only if it was not there. */
export async function ensureImage(engine: Engine, recipe: AnyRecipe, options: BuildOptions): Promise<string> {
  await findExisting(engine, recipe, options);
  if ('existing' in recipe) return recipe.existing;
  const tag = tagOf(recipe, platformOf(engine));
  if (await exists(engine.docker, tag)) return tag;
  // Two labs on one machine must not both fetch half a gigabyte for the same image; the second waits and finds it there.
  await using _ = await lock(path.join(scratchRoot(), `${tag.replaceAll(/[/:]/g, '_')}.lock`), BUILD_LOCK_LIMIT_MS);
  if (await exists(engine.docker, tag)) return tag;
  if ('base' in recipe) {
    await makeBase(engine, tag, options);
    return tag;
  }
  if ('make' in recipe) {
    await recipe.make(engine, tag, options);
    return tag;
  }
  const buildArgs: Record<string, string> = { ...recipe.args };
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

/**
 * Asks the engine for the images of somebody else's that a recipe is made from, and pulls what it has not.
 * @throws Problem no-such-image
 */
async function findExisting(engine: Engine, recipe: AnyRecipe, options: BuildOptions): Promise<void> {
  if ('from' in recipe)
    for (const from of Object.values(recipe.from)) if (!('base' in from)) await findExisting(engine, from, options);
  if (!('existing' in recipe)) return;
  const { existing: ref } = recipe;
  if (!(await exists(engine.docker, ref))) await pull(engine, ref, options);
  recipe.id = (await engine.docker.getImage(ref).inspect()).Id;
}

async function pull(engine: Engine, ref: string, { say }: BuildOptions): Promise<void> {
  const advice = 'Build it there (`docker build -t`), or load it (`docker load`).';
  if (engine.isPrivate)
    throw new Problem('no-such-image', `the private engine has no image ${ref}, and asks no registry. ${advice}`);
  say(`pulling ${ref}`);
  try {
    await follow(engine.docker, await engine.docker.pull(ref));
  } catch (error) {
    throw new Problem(
      'no-such-image',
      `the engine has no image ${ref}, and it could not be pulled: ${describe(error)}. ${advice}`,
      { cause: error },
    );
  }
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
