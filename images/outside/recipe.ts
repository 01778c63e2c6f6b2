import type { ExistingRecipe, ImageRecipe, MadeRecipe } from '../../lab/image/recipe.ts';
import { writegateImage } from '../writegate/recipe.ts';

/** Any image with writegate as what its containers start, and a state folder of an ordinary user. */
export function outside(system: ImageRecipe | MadeRecipe | ExistingRecipe, state: string): ImageRecipe {
  return {
    name: `${system.name}-gated`,
    ...('variant' in system && system.variant !== undefined && { variant: system.variant }),
    folder: 'outside',
    files: [],
    from: { BASE: system, WRITEGATE: writegateImage },
    args: { STATE: state },
  };
}
