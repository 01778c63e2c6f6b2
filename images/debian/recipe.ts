import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { imageFromPackages, SUITE } from '../../lab/image/debian.ts';
import { type Closure, closureOf, download, packageLists } from '../../lab/image/debian-packages.ts';
import { type Files, writeFiles } from '../../lab/image/files.ts';
import { imageNameFor, variantFor } from '../../lab/image/names.ts';
import type { ImageRecipe, MadeRecipe, Platform } from '../../lab/image/recipe.ts';

/** Debian with apt and little else, in the versions that the package lists have: what is put on it was chosen for these. */
function minimalDebian(packages: readonly string[]): MadeRecipe {
  return {
    name: 'debian',
    variant: SUITE,
    inputs: { suite: SUITE, packages },
    make: (engine, tag, options) => imageFromPackages(engine, tag, { variant: 'apt', include: [] }, options),
  };
}

/** What was asked for, and what that comes to on a processor. */
export interface DebianPackages {
  asked: readonly string[];
  cpu: Platform['cpu'];
  closure: Closure;
}

/** Packages of Debian's. The layer below them is shared by all such images. */
export function debianImage(
  name: string,
  version: string,
  { asked, cpu, closure }: DebianPackages,
  files: Files,
): ImageRecipe {
  return {
    name: imageNameFor('debian', name),
    variant: variantFor(version),
    folder: 'debian',
    files: [],
    from: { BASE: minimalDebian(closure.base) },
    inputs: { packages: closure.added, files },
    async stage(context) {
      const lists = await packageLists(context.platform.cpu, context);
      // What a package depends on, and which rebuild of it there is (`+b1`), can be another thing on another processor.
      const { added } = lists.cpu === cpu ? closure : await closureOf(lists, asked);
      context.say(`fetching ${added.length} Debian packages`);
      await download(lists, added, path.join(context.into, 'packages'), context.signal);
      await mkdir(path.join(context.into, 'app'));
      await writeFiles(path.join(context.into, 'app'), files);
    },
  };
}
