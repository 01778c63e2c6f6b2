import type { Mapping } from '../gate/protocol.ts';

/**
 * What a piece of address space is, by what may be done with it and what of it is in memory. `file`: a file's; `reserved`: nobody may touch it
 * and nothing of it is in memory; `untouched`: it may be touched and nothing of it is in memory; `used`: something of it is.
 */
export type SpaceClass = 'file' | 'reserved' | 'untouched' | 'used';

export const SPACE_CLASSES: readonly SpaceClass[] = ['file', 'reserved', 'untouched', 'used'];

export interface Space {
  mappings: number;
  bytes: number;
  residentBytes: number;
}

export function classOf({ name, perms, rssBytes }: Mapping): SpaceClass {
  if (name?.startsWith('/') === true) return 'file';
  if (rssBytes > 0) return 'used';
  return perms.startsWith('---') ? 'reserved' : 'untouched';
}

export function spaceOf(mappings: readonly Mapping[]): Space {
  return mappings.reduce(
    (sum, { bytes, rssBytes }) => ({
      mappings: sum.mappings + 1,
      bytes: sum.bytes + bytes,
      residentBytes: sum.residentBytes + rssBytes,
    }),
    { mappings: 0, bytes: 0, residentBytes: 0 },
  );
}

/** How far a mapping may be from a size that it is told as: a part of a reservation is in use, or two lie side by side and are one mapping. */
const ABOUT = 0.25;

/** The reservations of about this size. */
export function mappingsOfAbout(bytes: number, mappings: readonly Mapping[]): Mapping[] {
  return mappings.filter(
    (mapping) => classOf(mapping) === 'reserved' && Math.abs(mapping.bytes - bytes) <= ABOUT * bytes,
  );
}
