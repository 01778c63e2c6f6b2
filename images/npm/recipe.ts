import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stagePackages } from '../../lab/image/npm.ts';
import type { ImageRecipe } from '../../lab/image/recipe.ts';
import { nodeImage } from '../node/recipe.ts';

/**
 * Packages from npm in /opt/app, and files of one's own beside them.
 * @param dependencies versions, by name; the first is the one that the image is called by
 */
export function npmImage(
  dependencies: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
  node: string,
): ImageRecipe {
  const [[name, version] = ['', '']] = Object.entries(dependencies);
  return {
    name: `npm-${name
      .replaceAll(/[^a-z0-9]+/gi, '-')
      .replace(/^-/, '')
      .toLowerCase()}`,
    variant: version.replaceAll(/[^\w.-]/g, '-'),
    folder: 'npm',
    files: [],
    from: { BASE: nodeImage(node) },
    inputs: { dependencies, files },
    async stage(context) {
      await stagePackages(context, dependencies, { as: 'app' });
      for (const [file, content] of Object.entries(files)) {
        const full = path.join(context.into, 'app', path.posix.join('/', file));
        await mkdir(path.dirname(full), { recursive: true });
        await writeFile(full, content);
      }
    },
  };
}
