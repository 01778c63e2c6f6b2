import type Docker from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import type { BuildOptions } from './recipe.ts';
import { follow } from './send.ts';

/** The id of an image, or undefined where the engine has none of that name. */
export async function idOf(docker: Docker, tag: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(tag).inspect()).Id;
  } catch (error) {
    if (errorCode(error) === 404) return undefined;
    throw new Problem('engine-lost', `the engine could not be asked for the image ${tag}: ${describe(error)}`, {
      cause: error,
    });
  }
}

/**
 * The id of an image that somebody else made; pulled if the engine does not have it.
 * @throws Problem no-such-image
 */
export async function ensureGiven(engine: Engine, ref: string, options: BuildOptions): Promise<string> {
  const { docker } = engine;
  const there = await idOf(docker, ref);
  if (there !== undefined) return there;
  let why = 'an id can only be looked up where the image is, and not be pulled';
  if (!isImageId(ref)) {
    options.say(`pulling ${ref}`);
    try {
      await follow(docker, await docker.pull(withTag(ref), { abortSignal: options.signal }));
      const pulled = await idOf(docker, ref);
      if (pulled !== undefined) return pulled;
      why = 'the engine said that it pulled it, and has it not';
    } catch (error) {
      options.signal?.throwIfAborted();
      why = describe(error).trim();
    }
  }
  throw noSuchImage(engine, ref, why);
}

function noSuchImage({ endpoint, isPrivate }: Engine, ref: string, why: string): Problem {
  const docker = isPrivate ? `DOCKER_HOST=${endpoint.uri} docker` : 'docker';
  const load = `\`${docker} load --input FILE.tar\` (a file that \`docker save\` wrote)`;
  const rest = isImageId(ref)
    ? `Load the image with ${load}.`
    : `Load it with ${load}, build it with \`${docker} build -t ${ref} FOLDER\`, or, where the registry wants a login, run \`${docker} pull ${ref}\` with yours.`;
  return new Problem(
    'no-such-image',
    `the engine at ${endpoint.uri} has no image ${ref}, and it could not be pulled: ${why}. ${rest}`,
  );
}

const isImageId = (ref: string) => /^(sha256:)?[0-9a-f]{64}$/.test(ref);

/** Without a tag an engine would pull all of them. */
export function withTag(ref: string): string {
  return ref.includes('@') || /:[^/]+$/.test(ref) ? ref : `${ref}:latest`;
}

/** What an image would do by itself. */
export interface ImageDefaults {
  /** Its entrypoint and its command, as one. Empty: it names none. */
  command: string[];
  env: Record<string, string>;
  workdir: string;
}

/** What an image itself says that is to be run in it, and how; ask the image that a system comes with, and not the one with writegate in it. */
export async function defaultsOf({ docker }: Engine, tag: string): Promise<ImageDefaults> {
  const facts = await docker
    .getImage(tag)
    .inspect()
    .catch((error: unknown) => {
      throw new Problem(
        'engine-failed',
        `the engine could not be asked what the image ${tag} runs: ${describe(error)}`,
        {
          cause: error,
        },
      );
    });
  const { Entrypoint, Cmd, Env, WorkingDir } = facts.Config;
  const env = (Env ?? []).map((line): [string, string] => {
    const equals = line.indexOf('=');
    return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
  });
  return {
    command: [Entrypoint ?? [], Cmd ?? []].flat(),
    env: Object.fromEntries(env),
    workdir: WorkingDir === '' ? '/' : WorkingDir,
  };
}
