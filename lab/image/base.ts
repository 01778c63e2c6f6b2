import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { whyNoPrivateEngine } from '../engine/private-engine.ts';
import { scratch } from '../owner/scratch.ts';
import { describe, Problem } from '../problem.ts';
import { imageFromPackages, SUITE } from './debian.ts';
import type { BuildOptions, MadeRecipe } from './recipe.ts';
import { build, follow } from './send.ts';

/** gcc and libc6-dev build writegate; strace is what the bench compares it with. */
const PACKAGES = ['gcc', 'libc6-dev', 'strace'];
/** Docker's own Debian image with a C compiler, for amd64 and arm64. */
const REGISTRY_IMAGE = 'buildpack-deps:bookworm';

/** The one base of the lab's own images: Debian bookworm with a C compiler. */
export const base: MadeRecipe = { name: 'base', inputs: [SUITE, PACKAGES], make: makeBase };

/**
 * Puts the base image on an engine. The private engine and a machine of the lab's own have no network and are only where apt is, so their
 * base is made from Debian's packages; any other engine pulls it, and where no registry answers gets the same one.
 */
async function makeBase(engine: Engine, tag: string, options: BuildOptions): Promise<void> {
  const fromPackages = () => imageFromPackages(engine, tag, { variant: 'minbase', include: PACKAGES }, options);
  // Nothing leads out of a machine of the lab's own either: a pull there ends when a name is not found, after a minute.
  if (engine.isPrivate || engine.machine !== undefined) return fromPackages();
  try {
    await fromRegistry(engine, tag, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const why = whyNoPrivateEngine();
    if (why !== undefined) {
      throw new Problem(
        'no-base',
        `${REGISTRY_IMAGE} could not be pulled (${describe(error)}), and it can be made from Debian's packages only on Debian or Ubuntu as root. ` +
          `Pull it where a registry answers, or load a Debian image with gcc under the name ${tag}.`,
        { cause: error },
      );
    }
    options.say(`no registry gave ${REGISTRY_IMAGE}; making the base from Debian's packages`);
    await fromPackages();
  }
}

async function fromRegistry(engine: Engine, tag: string, options: BuildOptions): Promise<void> {
  options.say(`pulling ${REGISTRY_IMAGE}`);
  await follow(engine.docker, await engine.docker.pull(REGISTRY_IMAGE));
  // A build and not a tag: the lab's label on it is what `midwrite clean --images` goes by.
  await using folder = await scratch('base');
  await writeFile(path.join(folder.path, 'Dockerfile'), `FROM ${REGISTRY_IMAGE}\n`);
  await build(engine.docker, { folder: folder.path, tag, signal: options.signal });
}
