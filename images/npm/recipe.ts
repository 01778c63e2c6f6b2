import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFiles } from '../../lab/image/files.ts';
import { imageNameFor, variantFor } from '../../lab/image/names.ts';
import { STAGING, stagePackages } from '../../lab/image/npm.ts';
import type { ImageRecipe, StageContext } from '../../lab/image/recipe.ts';
import { nodeImage } from '../node/recipe.ts';

export interface NpmImage {
  /** Name and version, the first of them what the image is named after. */
  packages: readonly (readonly [name: string, version: string])[];
  node: string;
  /** Run the packages' install scripts, inside the build. */
  scripts: boolean;
  files: Readonly<Record<string, string>>;
  /** Versions of packages below them. Absent: none. */
  overrides?: Readonly<Record<string, string>>;
}

/** Packages from npm in /opt/app, with files beside their node_modules. */
export function npmImage({ packages, node, scripts, files, overrides = {} }: NpmImage): ImageRecipe {
  const [name = '', version = ''] = packages[0] ?? [];
  return {
    name: imageNameFor('npm', name),
    variant: variantFor(version),
    folder: 'npm',
    files: ['run-install-scripts.mjs'],
    from: { BASE: nodeImage(node) },
    // Only where there are any: what was built before them is the same image.
    inputs: { staging: STAGING, packages, scripts, files, ...(Object.keys(overrides).length > 0 && { overrides }) },
    async stage(context) {
      await stagePackages(context, Object.fromEntries(packages), { as: 'app', overrides });
      const app = path.join(context.into, 'app');
      const withScripts = await packagesWithScripts(app);
      if (!scripts && withScripts.length > 0) sayNotRun(context, withScripts);
      await writeFile(path.join(context.into, 'install-scripts.json'), JSON.stringify(scripts ? withScripts : []));
      await writeFiles(app, files);
    },
  };
}

function sayNotRun(context: StageContext, folders: readonly string[]): void {
  const names = folders.map((folder) => folder.replace(/^.*node_modules\//, ''));
  context.say(
    `install scripts were not run: ${names.join(', ')} (try --scripts, or npm(…, { scripts: true }) in a config, runs them in the build)`,
  );
}

/** The folders of the packages that declare install scripts, from npm's own account of what it installed. */
async function packagesWithScripts(app: string): Promise<string[]> {
  const text = await readFile(path.join(app, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { hasInstallScript?: boolean }> };
  return Object.entries(packages)
    .filter(([, facts]) => facts.hasInstallScript === true)
    .map(([folder]) => folder)
    .sort();
}
