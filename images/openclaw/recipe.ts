import { cp } from 'node:fs/promises';
import path from 'node:path';
import semver from 'semver';
import { STAGING, stagePackages } from '../../lab/image/npm.ts';
import { type ImageRecipe, imagesFolder } from '../../lab/image/recipe.ts';
import { nodeImage } from '../node/recipe.ts';

/**
 * Dependencies that npm does not have, by the releases that want them. `libsignal` comes from a git host and belongs to one messaging channel,
 * which no cell starts; `cssomnom` is not in the registry.
 */
const REPLACED = [
  {
    until: '2026.4.0',
    name: 'libsignal',
    by: 'file:./stubs/libsignal',
    note: 'libsignal (from a git host, for one messaging channel) is replaced by a stub',
  },
  {
    until: '2026.5.0',
    name: 'cssomnom',
    by: 'npm:cssom@0.5.0',
    note: 'cssomnom (not in the registry) is replaced by cssom@0.5.0',
  },
] as const;

/** The image of one release, and what its staging had to replace. */
export function openclawImage(version: string, node: string): { image: ImageRecipe; notes: string[] } {
  const replaced = REPLACED.filter((one) => semver.lt(version, one.until));
  const image: ImageRecipe = {
    name: 'openclaw',
    variant: version,
    folder: 'openclaw',
    files: ['run-install-scripts.mjs', 'stubs'],
    from: { BASE: nodeImage(node) },
    standalone: {
      dockerfile: [
        `FROM node:${node}-bookworm`,
        `RUN npm install --prefix /opt/openclaw openclaw@${version}`,
        'USER 1000:1000',
        '',
      ].join('\n'),
    },
    inputs: { staging: STAGING, version, node, replaced },
    async stage(context) {
      await cp(path.join(imagesFolder, 'openclaw/stubs'), path.join(context.into, 'app/stubs'), { recursive: true });
      await stagePackages(
        context,
        { openclaw: version },
        { as: 'app', overrides: Object.fromEntries(replaced.map((one) => [one.name, one.by])) },
      );
    },
  };
  return { image, notes: replaced.map((one) => one.note) };
}
