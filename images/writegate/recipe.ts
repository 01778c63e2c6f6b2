import { base } from '../../lab/image/base.ts';
import type { ImageRecipe } from '../../lab/image/recipe.ts';

/** Holds /usr/local/bin/writegate, static, for other images to copy. */
export const writegateImage: ImageRecipe = {
  name: 'writegate',
  folder: 'writegate',
  files: ['src'],
  from: { BASE: base },
};
