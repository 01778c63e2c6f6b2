import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { imageFromPackages, SUITE } from '../../lab/image/debian.ts';
import { type Closure, download, packageLists } from '../../lab/image/debian-packages.ts';
import { type Files, writeFiles } from '../../lab/image/files.ts';
import { imageNameFor, variantFor } from '../../lab/image/names.ts';
import type { ImageRecipe, MadeRecipe } from '../../lab/image/recipe.ts';

/** Debian with apt and little else, in the versions that the package lists have: what is put on it was chosen for these. */
function minimalDebian(packages: readonly string[]): MadeRecipe {
  return {
    name: 'debian',
    variant: SUITE,
    inputs: { suite: SUITE, packages },
    make: (engine, tag, options) => imageFromPackages(engine, tag, { variant: 'apt', include: [] }, options),
  };
}

/** Packages of Debian's. The layer below them is shared by all such images. */
export function debianImage(name: string, version: string, closure: Closure, files: Files): ImageRecipe {
  return {
    name: imageNameFor('debian', name),
    variant: variantFor(version),
    folder: 'debian',
    files: [],
    from: { BASE: minimalDebian(closure.base) },
    inputs: { packages: closure.added, files },
    async stage(context) {
      context.say(`fetching ${closure.added.length} Debian packages`);
      const lists = await packageLists(context.platform.cpu, context);
      await download(lists, closure.added, path.join(context.into, 'packages'), context.signal);
      await mkdir(path.join(context.into, 'app'));
      await writeFiles(path.join(context.into, 'app'), files);
    },
  };
}
