import path from 'node:path';
import type { ImageRecipe, Recipe } from '../../lab/image/recipe.ts';
import { writeFolderTar } from '../../lab/image/send.ts';
import { Problem } from '../../lab/problem.ts';
import { writegateImage } from '../writegate/recipe.ts';

export interface StateFolder {
  /** Absolute. A volume is mounted there. */
  path: string;
  /** The numeric user and group that it belongs to. */
  user: string;
}

const STATE: StateFolder = { path: '/state', user: '1000:1000' };

/**
 * A system's image, whatever it is made of, with writegate as what its containers start, and the state folder.
 * @throws Problem bad-definition
 */
export function gated(system: Recipe, state: Partial<StateFolder> = {}): ImageRecipe {
  const variant = system.variant === undefined ? {} : { variant: system.variant };
  const { path: folder, user } = { ...STATE, ...state };
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(user) ?? [];
  if (uid === undefined || gid === undefined)
    throw new Problem('bad-definition', `"${user}" is no user and group as numbers: write 1000:1000.`);
  if (!path.posix.isAbsolute(folder) || path.posix.normalize(folder) !== folder || /^\/$|\/$/.test(folder))
    throw new Problem(
      'bad-definition',
      `"${folder}" is no state folder: write an absolute path without / at its end, such as /data.`,
    );
  return {
    name: `${system.name}-gated`,
    ...variant,
    folder: 'gated',
    files: [],
    from: { BASE: system, WRITEGATE: writegateImage },
    inputs: { folder, user },
    async stage({ into }) {
      const owned = { folder: folder.slice(1), uid: Number(uid), gid: Number(gid), mode: 0o700 };
      await writeFolderTar(path.join(into, 'state.tar'), owned);
    },
  };
}
