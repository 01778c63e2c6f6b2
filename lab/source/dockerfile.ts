import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LABEL } from '../docker/labels.ts';
import { contextFiles, copyFiles, hashOf } from '../image/context-folder.ts';
import { readDockerfile } from '../image/dockerfile.ts';
import { imageNameFor } from '../image/names.ts';
import type { ContextRecipe } from '../image/recipe.ts';
import { errorCode, Problem } from '../problem.ts';
import type { DockerfileSource, Resolved } from './source.ts';

const SHOWN_OF_A_HASH = 12;

/** Reads a folder as it is now: what is built is this, or nothing. */
export async function resolveDockerfile(source: DockerfileSource): Promise<Resolved> {
  const folder = path.resolve(source.folder);
  const { args = {}, network = false } = source;
  const dockerfile = path.posix.normalize(source.file ?? 'Dockerfile');
  const text = await readText(folder, dockerfile);
  const facts = readDockerfile(text, args, `${LABEL.kind}=image`);
  const files = await contextFiles(folder, dockerfile);
  const hash = await hashOf(folder, files);
  const version = hash.slice(0, SHOWN_OF_A_HASH);
  const recipe: ContextRecipe = {
    name: imageNameFor('dockerfile', path.basename(folder)),
    variant: version,
    inputs: { hash, dockerfile, args, network },
    needs: facts.images,
    dockerfile,
    args,
    network,
    advice:
      `Its Dockerfile is ${path.join(folder, dockerfile)}. ` +
      'node_modules and .git are left out of its folder unless a .dockerignore there takes them back (`!node_modules`). ' +
      `${network ? '' : 'The build has no network: dockerfile(FOLDER, { network: true }) gives it one. '}` +
      'The lab builds without BuildKit: what needs it is built by hand (`docker build -t NAME`) and named with image(NAME).',
    async stage({ into }) {
      await copyFiles(folder, files, into);
      if ((await hashOf(into, files)) !== hash)
        throw new Problem(
          'stage-failed',
          `${folder} was changed while it was read. Run this again when nothing writes there.`,
        );
      // Of a build in stages each stage is an image of its own, and only the last would get the label that `midwrite clean --images` goes by.
      await writeFile(path.join(into, dockerfile), facts.labelled);
    },
  };
  return { recipe, version, notes: [] };
}

async function readText(folder: string, dockerfile: string): Promise<string> {
  if (path.posix.isAbsolute(dockerfile) || dockerfile.startsWith('../'))
    throw new Problem(
      'bad-definition',
      `the Dockerfile "${dockerfile}" is not in the folder ${folder}: write its path in there.`,
    );
  try {
    return await readFile(path.join(folder, dockerfile), 'utf8');
  } catch (error) {
    const code = errorCode(error);
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is none' : `it can't be read (${code})`;
    throw new Problem(
      'bad-definition',
      `no Dockerfile at ${path.join(folder, dockerfile)}: ${why}. Give the folder of one, and its name where it is not Dockerfile: dockerfile(FOLDER, { file: NAME }).`,
      { cause: error },
    );
  }
}
