import { PREFERRED_NODE } from '../../lab/image/npm.ts';
import type { ImageRecipe } from '../../lab/image/recipe.ts';
import { nodeImage } from '../node/recipe.ts';

export const referenceImage: ImageRecipe = {
  name: 'reference',
  folder: 'reference',
  files: ['gateway'],
  from: { BASE: nodeImage(PREFERRED_NODE) },
  standalone: { base: `node:${PREFERRED_NODE}-bookworm-slim` },
};
