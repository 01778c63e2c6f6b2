import type { Files } from '../image/files.ts';
import type { Recipe } from '../image/recipe.ts';
import { unreachable } from '../problem.ts';
import { resolveDebian } from './debian.ts';
import { resolveDockerfile } from './dockerfile.ts';
import { resolveImage } from './image.ts';
import { resolveNpm } from './npm.ts';

export { defaultsOf, type ImageDefaults } from '../image/given.ts';

/** Where the program comes from that is tested. Data: nothing is asked or fetched before it is resolved. */
export type ImageSource = NpmSource | DebianSource | DockerfileSource | GivenSource;

export interface NpmOptions {
  /** A Node version or a range of them, in place of what the packages ask for. */
  node?: string;
  /** Run the packages' install scripts, inside the build: without a network, npm or node-gyp. Else none is run. */
  scripts?: boolean;
  /** Files beside node_modules, in /opt/app: modules that import the packages. */
  files?: Files;
  /** Versions of packages below these, in place of what they ask for (package.json, "overrides"). */
  overrides?: Readonly<Record<string, string>>;
}

export interface NpmSource extends NpmOptions {
  kind: 'npm';
  packages: readonly string[];
}

export interface DebianOptions {
  /** Files in /opt/app. */
  files?: Files;
}

export interface DebianSource extends DebianOptions {
  kind: 'debian';
  packages: readonly string[];
}

export interface DockerfileOptions {
  /** Path of the Dockerfile in the folder. Absent: Dockerfile. */
  file?: string;
  args?: Readonly<Record<string, string>>;
  /** The build may reach the network. Absent: it may not. */
  network?: boolean;
}

export interface DockerfileSource extends DockerfileOptions {
  kind: 'dockerfile';
  folder: string;
}

export interface GivenSource {
  kind: 'image';
  ref: string;
}

/**
 * Packages from npm: `npm('json-server@0.17.4')`, `npm('conf@15', 'tsx', { files: { 'save.mjs': '…' } })`. A range, a tag or no version is asked
 * from the registry and pinned. They are in /opt/app/node_modules, with their bins on PATH.
 */
export function npm(...args: readonly string[] | readonly [...string[], NpmOptions]): NpmSource {
  const { packages, options } = split<NpmOptions>(args);
  return { kind: 'npm', packages, ...options };
}

/** Packages of Debian 12, without what they only recommend: `debian('redis-server')`. No service of theirs is started. */
export function debian(...args: readonly string[] | readonly [...string[], DebianOptions]): DebianSource {
  const { packages, options } = split<DebianOptions>(args);
  return { kind: 'debian', packages, ...options };
}

/**
 * A folder with a Dockerfile, built with the engine's classic builder: what needs BuildKit is built by its owner and named with `image()`.
 * node_modules and .git are left out unless its .dockerignore takes them back.
 */
export function dockerfile(folder: string, options: DockerfileOptions = {}): DockerfileSource {
  return { kind: 'dockerfile', folder, ...options };
}

/** An image that the engine has, or that a registry gives it without a login. */
export function image(ref: string): GivenSource {
  return { kind: 'image', ref };
}

function split<Options extends object>(
  args: readonly (string | Options)[],
): {
  packages: string[];
  options: Options | undefined;
} {
  return {
    packages: args.filter((one) => typeof one === 'string'),
    options: args.find((one): one is Options => typeof one === 'object'),
  };
}

/** A source whose versions are known: what to give to `ensureImage`, on its own or with writegate in it (`gated`). */
export interface Resolved {
  recipe: Recipe;
  /** What a person would call this version of it; fit for a cell's id. */
  version: string;
  /** What its user has to know. */
  notes: string[];
  /** The PATH of its programs, where it is not the usual one. The image has it set. */
  path?: string;
}

/**
 * Finds out what a source is now: its versions, or the content of its folder. Neither asks an engine nor changes one.
 * @throws Problem bad-definition, no-such-version, no-such-package
 */
export async function resolveSource(
  source: ImageSource,
  options: { say(line: string): void; signal?: AbortSignal } = { say: () => undefined },
): Promise<Resolved> {
  switch (source.kind) {
    case 'npm':
      return resolveNpm(source);
    case 'debian':
      return resolveDebian(source, options);
    case 'dockerfile':
      return resolveDockerfile(source);
    case 'image':
      return resolveImage(source);
    default:
      return unreachable(source);
  }
}
