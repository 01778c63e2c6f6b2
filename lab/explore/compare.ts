import { createHash } from 'node:crypto';
import type { Entry } from '../sidecar/client.ts';
import type { Content } from './content.ts';
import type { FolderImage } from './folder-image.ts';

/** The hash of all bytes, as the sidecar makes it. */
export function sha256Of(content: Content): string {
  const hash = createHash('sha256');
  for (const bytes of content.pieces) hash.update(bytes);
  return hash.digest('hex');
}

/**
 * What is different between a rebuilt folder and the real one, in words; empty: they are equal byte for byte, with their names, kinds and modes.
 * @param isLeftOut paths that are no part of the comparison
 * @param bytesLeftOut files of which only that they are there is compared
 */
export function differences(
  image: FolderImage,
  entries: readonly Entry[],
  isLeftOut: (path: string) => boolean = () => false,
  bytesLeftOut: ReadonlySet<string> = new Set(),
): string[] {
  const found: string[] = [];
  const real = new Map(entries.filter((entry) => entry.gone !== true).map((entry) => [entry.path, entry]));
  for (const [path, id] of image.names) {
    if (isLeftOut(path)) continue;
    const inode = image.inodes.get(id);
    const entry = real.get(path);
    if (inode === undefined || entry === undefined) found.push(`${path} is not in the real folder`);
    else if (inode.type !== entry.type) found.push(`${path} is a ${entry.type} and not a ${inode.type}`);
    else if (inode.mode !== entry.mode)
      found.push(`${path} has the mode ${entry.mode.toString(8)} and not ${inode.mode.toString(8)}`);
    else if (inode.target !== entry.target) found.push(`${path} leads to ${entry.target} and not to ${inode.target}`);
    else if (bytesLeftOut.has(path)) continue;
    else if (entry.unreadable !== undefined) found.push(`${path} could not be read (${entry.unreadable})`);
    else if (inode.type === 'file' && inode.content.size !== entry.size)
      found.push(`${path} has ${entry.size} bytes and not ${inode.content.size}`);
    else if (inode.type === 'file' && sha256Of(inode.content) !== entry.sha256) found.push(`${path} has other bytes`);
  }
  for (const path of real.keys())
    if (!image.names.has(path) && !isLeftOut(path)) found.push(`${path} is only in the real folder`);
  return found;
}
