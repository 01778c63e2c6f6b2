import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { packageFolder } from '../package-folder.ts';

/** What the engine runs; decides which packages are staged. */
export interface Platform {
  os: 'linux';
  cpu: 'x64' | 'arm64';
  libc: 'glibc';
}

/** How an image comes to be on an engine: built from what is below images/, built from elsewhere, made without a build, or there already. */
export type Recipe = ImageRecipe | ContextRecipe | MadeRecipe | GivenImage;

interface Named {
  /** The image is called midwrite/NAME. */
  name: string;
  /** What a person would call this variant of it, such as a release. */
  variant?: string;
}

/**
 * How an image is made. The tag comes from everything that decides its content, so that an image is built once and reused until something
 * in its making changes.
 */
export interface ImageRecipe extends Named {
  /** The folder below images/ that holds its Dockerfile. */
  folder: string;
  /** Files and folders of `folder` that the Dockerfile copies. Tests stay out. */
  files: readonly string[];
  /** Images that it is made from, by the build argument that carries their tag. */
  from: Readonly<Record<string, Recipe>>;
  /**
   * How somebody makes the same who has a registry and not the lab: the own Dockerfile on another base, or a Dockerfile that needs no files. Absent: nobody can.
   */
  standalone?: { base: string; dockerfile?: undefined } | { dockerfile: string; base?: undefined };
  /** What else decides the content: versions that are staged, say. */
  inputs?: unknown;
  /** Puts what the host has to fetch into the build context. Nothing is downloaded inside a build. */
  stage?: (context: StageContext) => Promise<void>;
}

/** A build whose context, its Dockerfile included, comes from elsewhere than images/. */
export interface ContextRecipe extends Named {
  /** What decides the content, but for the images that it needs. */
  inputs: unknown;
  /** Images that its Dockerfile names and that are not the lab's. What they are on the engine decides the content too. */
  needs: readonly string[];
  /** Absent: Dockerfile. */
  dockerfile?: string;
  args?: Readonly<Record<string, string>>;
  /** Its build may reach the network. */
  network?: boolean;
  /** What to do where the build fails. */
  advice: string;
  /** Fills the build context. */
  stage(context: StageContext): Promise<void>;
}

/** An image that is no build, such as Debian itself. */
export interface MadeRecipe extends Named {
  inputs: unknown;
  make(engine: Engine, tag: string, options: BuildOptions): Promise<void>;
}

/** An image that somebody else made: the engine has it, or a registry. The lab never removes it. */
export interface GivenImage extends Named {
  ref: string;
}

export interface StageContext {
  /** The build context's folder. */
  into: string;
  platform: Platform;
  signal: AbortSignal | undefined;
  say(line: string): void;
}

/** How a build tells what it does, and how it is ended. */
export interface BuildOptions {
  say(line: string): void;
  signal?: AbortSignal | undefined;
}

export const imagesFolder = path.join(packageFolder, 'images');

const TEST = /\.test\.ts$/;

/** The files of a recipe's folder that go into its context, relative to it, sorted. */
export function filesOf(recipe: ImageRecipe): string[] {
  const root = path.join(imagesFolder, recipe.folder);
  const walk = (relative: string): string[] => {
    const full = path.join(root, relative);
    if (!statSync(full).isDirectory()) return TEST.test(relative) ? [] : [relative];
    return readdirSync(full).flatMap((name) => walk(path.join(relative, name)));
  };
  return ['Dockerfile', ...recipe.files.flatMap(walk)].sort();
}

/** Every image of somebody else's that a recipe stands on. */
export function givenImagesOf(recipe: Recipe): string[] {
  if ('ref' in recipe) return [recipe.ref];
  if ('needs' in recipe) return [...recipe.needs];
  return 'from' in recipe ? Object.values(recipe.from).flatMap(givenImagesOf) : [];
}

/**
 * The tag of an image on a platform: midwrite/NAME:VARIANT-HASH. Of an image that somebody else made it is the id, or what it is called.
 * @param given the ids of the images of others that it stands on: a tag can be moved, and what is made on it is another image then
 */
export function tagOf(recipe: Recipe, platform: Platform, given: ReadonlyMap<string, string> = new Map()): string {
  const idOf = (ref: string) => given.get(ref) ?? ref;
  if ('ref' in recipe) return idOf(recipe.ref);
  const hash = createHash('sha256').update(JSON.stringify([platform, 'inputs' in recipe ? recipe.inputs : null]));
  if ('folder' in recipe) {
    for (const file of filesOf(recipe))
      hash.update(`\0${file}\0`).update(readFileSync(path.join(imagesFolder, recipe.folder, file)));
    for (const [argument, from] of Object.entries(recipe.from))
      hash.update(`\0${argument}=${tagOf(from, platform, given)}`);
  }
  if ('needs' in recipe) for (const ref of recipe.needs) hash.update(`\0${ref}=${idOf(ref)}`);
  const prefix = recipe.variant === undefined ? '' : `${recipe.variant}-`;
  return `midwrite/${recipe.name}:${prefix}${hash.digest('hex').slice(0, 12)}`;
}
