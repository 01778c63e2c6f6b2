import { gated } from '../../images/gated/recipe.ts';
import { sidecarImage } from '../../images/sidecar/recipe.ts';
import type { Engine } from '../engine/engine.ts';
import { ensureImage } from '../image/build.ts';
import type { Planned } from '../plan/planned.ts';
import type { Release } from '../system.ts';

/** The tags of the images of a plan, by system@version; built where they are missing. */
export interface Images {
  sidecar: string;
  system: ReadonlyMap<string, string>;
}

export async function buildImages(
  engine: Engine,
  cells: readonly Planned[],
  options: { say(line: string): void; signal: AbortSignal },
  observed: readonly Release[] = [],
): Promise<Images> {
  const sidecar = await ensureImage(engine, sidecarImage, options);
  const system = new Map<string, string>();
  const before = cells.flatMap((cell) => ('old' in cell && cell.old !== undefined ? [cell.old] : []));
  for (const release of [...cells.map((cell) => cell.release), ...before]) {
    const key = `${release.system}@${release.version}`;
    if (!system.has(key)) system.set(key, await ensureImage(engine, imageOf(release), options));
  }
  for (const release of observed)
    system.set(`${release.system}@${release.version}`, await ensureImage(engine, imageOf(release), options));
  return { sidecar, system };
}

/** A release's image with writegate in it, and the state folder. */
export const imageOf = ({ image, promises }: Pick<Release, 'image' | 'promises'>) =>
  gated(image, { path: promises.root });

/** The images of one release, and the sidecar's. */
export async function buildImagesOf(
  engine: Engine,
  release: Release,
  options: { say(line: string): void; signal: AbortSignal },
): Promise<{ system: string; sidecar: string }> {
  const sidecar = await ensureImage(engine, sidecarImage, options);
  return { sidecar, system: await ensureImage(engine, imageOf(release), options) };
}
