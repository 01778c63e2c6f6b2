import type { Roles } from '../crash-point/places.ts';
import { namedBy, rolesAmong } from '../crash-point/roles-among.ts';
import type { WriteRecord } from './record.ts';

const known = new WeakMap<WriteRecord['steps'], Roles>();

/** The roles of the files of a record: what was there before it, and what its calls name. */
export function rolesOf({ base, steps }: Pick<WriteRecord, 'base' | 'steps'>): Roles {
  let roles = known.get(steps);
  if (roles === undefined) {
    const there = base.flatMap((effect) => (effect.kind === 'name' ? [effect.path] : []));
    roles = rolesAmong([...there, ...namedBy(steps)]);
    known.set(steps, roles);
  }
  return roles;
}
