import type { ImageRecipe } from '../../lab/image/recipe.ts';
import { writegateImage } from '../writegate/recipe.ts';

/** A system's image, with writegate as what its containers start. */
export function gated(system: ImageRecipe): ImageRecipe {
  const variant = system.variant === undefined ? {} : { variant: system.variant };
  return {
    name: `${system.name}-gated`,
    ...variant,
    folder: 'gated',
    files: [],
    from: { BASE: system, WRITEGATE: writegateImage },
  };
}
