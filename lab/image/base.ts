import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LABEL } from '../docker/labels.ts';
import type { Engine } from '../engine/engine.ts';
import { whyNoPrivateEngine } from '../engine/private-engine.ts';
import { describe, Problem } from '../problem.ts';
import { scratch } from '../reaper/scratch.ts';
import { importDebian } from './debian.ts';
import type { BaseRecipe, BuildOptions } from './recipe.ts';
import { build, follow } from './send.ts';

const SUITE = 'bookworm';
/** gcc and libc6-dev build writegate; strace is what the bench compares it with. */
const PACKAGES = ['gcc', 'libc6-dev', 'strace'];
/** Docker's own Debian image with a C compiler, for amd64 and arm64. */
const REGISTRY_IMAGE = 'buildpack-deps:bookworm';

/** The one base of all images: Debian bookworm with a C compiler. */
export const base: BaseRecipe = { base: true, inputs: [SUITE, PACKAGES] };

/**
 * Puts the base image on an engine. The private engine has no network and runs only where apt is, so its base is made from Debian's packages;
 * any other engine pulls it, and where no registry answers gets the same one.
 */
export async function makeBase(engine: Engine, tag: string, options: BuildOptions): Promise<void> {
  if (engine.isPrivate) return fromPackages(engine, tag, options);
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
    await fromPackages(engine, tag, options);
  }
}

async function fromRegistry(engine: Engine, tag: string, options: BuildOptions): Promise<void> {
  options.say(`pulling ${REGISTRY_IMAGE}`);
  await follow(engine.docker, await engine.docker.pull(REGISTRY_IMAGE));
  // A build and not a tag: the label is what `midwrite clean --images` goes by, and everything that is made from the base inherits it.
  await using folder = await scratch('base');
  await writeFile(path.join(folder.path, 'Dockerfile'), `FROM ${REGISTRY_IMAGE}\nLABEL ${LABEL.kind}=image\n`);
  await build(engine.docker, folder.path, tag, {}, options.signal);
}

async function fromPackages(engine: Engine, tag: string, options: BuildOptions): Promise<void> {
  options.say(`making the base image from Debian ${SUITE}'s packages`);
  await importDebian(engine, tag, { packages: PACKAGES, variant: 'minbase' }, options);
}
