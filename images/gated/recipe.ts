import type { ImageRecipe } from '../../lab/image/recipe.ts';
import { writegateImage } from '../writegate/recipe.ts';

/** A gateway's image, with writegate as what its containers start. */
export function gated(gateway: ImageRecipe): ImageRecipe {
  const variant = gateway.variant === undefined ? {} : { variant: gateway.variant };
  return {
    name: `${gateway.name}-gated`,
    ...variant,
    folder: 'gated',
    files: [],
    from: { BASE: gateway, WRITEGATE: writegateImage },
  };
}
