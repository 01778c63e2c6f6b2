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

/**
 * How an image is made. The tag comes from everything that decides its content, so that an image is built once and reused until something
 * in its making changes.
 */
export interface ImageRecipe {
  /** The image is called midwrite/NAME. */
  name: string;
  /** What a person would call this variant of it, such as a release. */
  variant?: string;
  /** The folder below images/ that holds its Dockerfile. */
  folder: string;
  /** Files and folders of `folder` that the Dockerfile copies. Tests stay out. */
  files: readonly string[];
  /** Images that it is made from, by the build argument that carries their tag. */
  from: Readonly<Record<string, AnyRecipe>>;
  /** Further build arguments. */
  args?: Readonly<Record<string, string>>;
  /** What else decides the content: versions that are staged, say. */
  inputs?: unknown;
  /** Puts what the host has to fetch into the build context. Nothing is downloaded inside a build. */
  stage?: (context: StageContext) => Promise<void>;
}

/** Debian itself. */
export interface BaseRecipe {
  base: true;
  inputs: unknown;
}

/** An image that is made in a way of its own, and not from a folder below images/. */
export interface MadeRecipe {
  name: string;
  /** What decides its content. */
  inputs: unknown;
  make(engine: Engine, tag: string, options: BuildOptions): Promise<void>;
}

/** An image of somebody else's, which the engine has or can pull. It is not the lab's: nothing of the lab's removes it. */
export interface ExistingRecipe {
  name: string;
  existing: string;
  /** Its content, once the engine was asked: another image may have the same name tomorrow. */
  id?: string;
}

export type AnyRecipe = ImageRecipe | BaseRecipe | MadeRecipe | ExistingRecipe;

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

/** The tag of an image on a platform: midwrite/NAME:VARIANT-HASH; of one that is somebody else's, its own. */
export function tagOf(recipe: AnyRecipe, platform: Platform): string {
  if ('existing' in recipe) return recipe.existing;
  const hash = createHash('sha256').update(JSON.stringify([platform, 'inputs' in recipe ? recipe.inputs : null]));
  if ('base' in recipe) return `midwrite/base:${hash.digest('hex').slice(0, 12)}`;
  if ('make' in recipe) return `midwrite/${recipe.name}:${hash.digest('hex').slice(0, 12)}`;
  for (const file of filesOf(recipe))
    hash.update(`\0${file}\0`).update(readFileSync(path.join(imagesFolder, recipe.folder, file)));
  for (const [argument, from] of Object.entries(recipe.from))
    hash.update(`\0${argument}=${'existing' in from ? (from.id ?? from.existing) : tagOf(from, platform)}`);
  if (recipe.args !== undefined) hash.update(`\0${JSON.stringify(recipe.args)}`);
  const prefix = recipe.variant === undefined ? '' : `${recipe.variant}-`;
  return `midwrite/${recipe.name}:${prefix}${hash.digest('hex').slice(0, 12)}`;
}
