import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import * as tar from 'tar';
import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { lock } from '../reaper/lock.ts';
import { scratch, scratchRoot } from '../reaper/scratch.ts';
import { makeBase } from './base.ts';
import { type BaseRecipe, filesOf, type ImageRecipe, imagesFolder, type Platform, tagOf } from './recipe.ts';

const BUILD_LOCK_LIMIT_MS = 20 * 60_000;

export interface BuildOptions {
  say(line: string): void;
  signal?: AbortSignal | undefined;
}

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

/** Sends a folder as a tar stream and builds it, without a network. Memory does not depend on the folder's size. */
export async function build(
  docker: Docker,
  folder: string,
  tag: string,
  buildargs: Record<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  const context = new PassThrough();
  // `portable` and no times: the same files give the same stream, and nothing of the host's users gets in.
  const packing = pipeline(tar.create({ cwd: folder, portable: true, noMtime: true }, ['.']), context);
  packing.catch(() => undefined);
  try {
    const answer = await docker.buildImage(context as NodeJS.ReadableStream, {
      t: tag,
      buildargs,
      networkmode: 'none',
      // `rm` only covers success; nothing of a failed build is to stay either.
      rm: true,
      forcerm: true,
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    await follow(docker, answer);
    await packing;
  } catch (error) {
    context.destroy();
    if (signal?.aborted) throw signal.reason;
    throw buildProblem(tag, error);
  }
}

/** Reads the engine's progress to its end; an `error` in it is the build's failure, with the lines that came before it. */
export async function follow(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error, output: { error?: string }[] | null) => {
        const failed = error?.message ?? output?.find((event) => event.error !== undefined)?.error;
        if (failed === undefined) resolve();
        else reject(new Problem('engine-failed', [...lines.slice(-8), failed].join('\n  ')));
      },
      (event: { stream?: string }) => {
        const line = event.stream?.trimEnd();
        if (line) lines.push(line);
      },
    );
  });
}

function buildProblem(tag: string, error: unknown): Problem {
  const text = describe(error);
  const full = /no space left on device/i.test(text) || errorCode(error) === 'ENOSPC';
  return full
    ? new Problem(
        'disk-full',
        `the disk of the engine is full while building ${tag}. \`npx midwrite clean --images\` frees what the lab has there.`,
        { cause: error },
      )
    : new Problem('engine-failed', `the image ${tag} could not be built: ${text}`, { cause: error });
}
