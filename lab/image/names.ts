/** A version as a part of a cell's id: letters, digits, `.`, `+` and `-`. */
export function versionForIds(version: string): string {
  return version.replaceAll(/[^A-Za-z0-9.+-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'unnamed';
}

/** The same as a part of an image's tag, which knows no `+`. */
export function variantFor(version: string): string {
  return versionForIds(version).replaceAll('+', '-').slice(0, 64);
}

/** A name as a part of an image's: small letters, digits, and single signs between them. */
export function imageNameFor(...parts: string[]): string {
  return parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64)
    .replace(/-+$/, '');
}
