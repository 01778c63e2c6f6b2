import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import semver from 'semver';
import { npmImage } from '../../../images/npm/recipe.ts';
import { outside } from '../../../images/outside/recipe.ts';
import { Problem } from '../../problem.ts';
import { candidateOf, debianImage } from '../debian.ts';
import { nodeFor, viewPackage } from '../npm.ts';
import type { ImageRecipe, MadeRecipe } from '../recipe.ts';
import { build } from '../send.ts';
import type { ImageSource } from './image-source.ts';

/** An image that can be built, and what there is to say of it. */
export interface Resolved {
  /** With writegate and the state folder on top. */
  image: ImageRecipe;
  /** What a person would call it, fit for a cell's id. */
  version: string;
  env: Readonly<Record<string, string>>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games';
const APP = '/opt/app';
const VERSION_LENGTH = 40;

const fitForId = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9.+-]/g, '-').slice(0, VERSION_LENGTH) || 'unknown';

/**
 * Finds out what a source is now: versions are pinned here, and nothing is built yet.
 * @param state the state folder
 * @throws Problem no-such-version, no-such-image, bad-definition
 */
export async function resolveSource(source: ImageSource, state: string): Promise<Resolved> {
  switch (source.kind) {
    case 'npm':
      return fromNpm(source, state);
    case 'debian': {
      const versions = await Promise.all(source.packages.map(candidateOf));
      const made = debianImage(source.packages, versions, source.files ?? {});
      return { image: outside(made, state), version: fitForId(versions[0] ?? ''), env: { PATH } };
    }
    case 'dockerfile':
      return fromDockerfile(source.folder, state);
    case 'image': {
      const { ref } = source;
      const name = /([^/:@]+)(?::[^/@]+)?(?:@.*)?$/.exec(ref)?.[1] ?? 'image';
      const tag = /@sha256:([0-9a-f]{12})/.exec(ref)?.[1] ?? /:([^/:]+)$/.exec(ref)?.[1] ?? 'latest';
      return { image: outside({ existing: ref, name }, state), version: fitForId(tag), env: {} };
    }
  }
}

/** `name`, `name@range`, `@scope/name@range` */
function parsePackage(text: string): { name: string; range: string } {
  const at = text.lastIndexOf('@');
  return at > 0 ? { name: text.slice(0, at), range: text.slice(at + 1) } : { name: text, range: 'latest' };
}

async function fromNpm(source: Extract<ImageSource, { kind: 'npm' }>, state: string): Promise<Resolved> {
  const pinned = await Promise.all(
    source.packages.map(async (text) => {
      const { name, range } = parsePackage(text);
      const published = await viewPackage(name, range, ['engines']);
      if (published === undefined)
        throw new Problem(
          'no-such-version',
          `npm has no ${name}@${range}. \`npm view ${name} versions\` lists what there is, if there is such a package.`,
        );
      return { name, version: String(published.version), engines: published.engines as { node?: string } | undefined };
    }),
  );
  const [first] = pinned;
  if (first === undefined) throw new Problem('bad-definition', 'npm() names no package.');
  const node = source.node ?? (await nodeFor(semver.validRange(first.engines?.node ?? '*') ?? '*'));
  const dependencies = Object.fromEntries(pinned.map(({ name, version }) => [name, version]));
  return {
    image: outside(npmImage(dependencies, source.files ?? {}, node), state),
    version: fitForId(first.version),
    env: { PATH: `${APP}/node_modules/.bin:${PATH}` },
  };
}

/** Never part of a context: what is installed or kept there is no source. */
const LEFT_OUT = new Set(['node_modules', '.git']);
const CONTEXT_BYTES = 512 * 1024 * 1024;

async function fromDockerfile(folder: string, state: string): Promise<Resolved> {
  const root = path.resolve(folder);
  const text = await readFile(path.join(root, 'Dockerfile'), 'utf8').catch((error: unknown) => {
    throw new Problem(
      'bad-definition',
      `${root} has no Dockerfile: dockerfile(folder) names a folder with one in it.`,
      {
        cause: error,
      },
    );
  });
  const hash = createHash('sha256').update(text);
  let bytes = 0;
  const files = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.split(path.sep).some((part) => LEFT_OUT.has(part)))
    .sort();
  for (const file of files) {
    bytes += (await stat(path.join(root, file))).size;
    if (bytes > CONTEXT_BYTES)
      throw new Problem('bad-definition', `${root} holds more than 512 MiB: give the Dockerfile a folder of its own.`);
    hash.update(`\0${file}\0`).update(await readFile(path.join(root, file)));
  }
  const digest = hash.digest('hex').slice(0, 12);
  const made: MadeRecipe = {
    name: `dockerfile-${fitForId(path.basename(root)).toLowerCase()}`,
    inputs: digest,
    async make(engine, tag, { signal }) {
      await build(engine.docker, root, tag, {}, signal, files);
    },
  };
  return { image: outside(made, state), version: digest, env: {} };
}
