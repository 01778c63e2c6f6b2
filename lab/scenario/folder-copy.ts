import { hash } from 'node:crypto';
import type { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import type { RestoreEntry } from '../sidecar/client.ts';

/** A state folder at one moment, with all of its content: to be put back as often as somebody wants. */
export type FolderCopy = readonly RestoreEntry[];

/** A file of an ordinary state folder is smaller. */
const FILE_BYTES = 16 * 1024 * 1024;
/** What is put back is as old as something that was left a minute ago. */
const AGE_MS = 60_000;

/** @throws Problem bad-usage: it has what can't be copied */
export async function copyFolder(pod: Pod): Promise<FolderCopy> {
  const entries = await pod.sidecar.snapshot(pod.root, ['**'], FILE_BYTES);
  return entries
    .filter(({ gone }) => gone !== true)
    .map(({ path, type, mode, size, target, contentBase64 }): RestoreEntry => {
      if (type === 'other')
        throw new Problem('bad-usage', `${path} is not a file, a folder or a link, so it can't be copied.`);
      if (type !== 'file') return { path, type, mode, pieces: [], ...(target !== undefined && { target }) };
      if (contentBase64 === undefined && size > 0)
        throw new Problem('bad-usage', `${path} has ${size} bytes, too much to copy.`);
      const bytes = Buffer.from(contentBase64 ?? '', 'base64');
      return {
        path,
        type,
        mode,
        pieces: bytes.length === 0 ? [] : [{ hash: hash('sha256', bytes, 'base64url'), size: bytes.length, bytes }],
      };
    });
}

export const putBack = (pod: Pod, copy: FolderCopy): Promise<void> => pod.sidecar.restore(pod.root, copy, AGE_MS);
