import { rename } from 'node:fs/promises';
import path from 'node:path';
import { base } from '../../lab/image/base.ts';
import { stagePackages } from '../../lab/image/npm.ts';
import type { ImageRecipe } from '../../lab/image/recipe.ts';

/** Debian with one version of Node, shared by all images that want that version. */
export function nodeImage(version: string): ImageRecipe {
  return {
    name: 'node',
    variant: version,
    folder: 'node',
    files: [],
    from: { BASE: base },
    async stage(context) {
      const name = `node-linux-${context.platform.cpu}`;
      await stagePackages(context, { [name]: version }, { as: 'packages' });
      await rename(path.join(context.into, 'packages/node_modules', name), path.join(context.into, 'node'));
    },
  };
}
