import * as tar from 'tar';
import { Problem } from '../../problem.ts';
import type { FolderImage, InodeId } from '../folder-image.ts';

const BLOCK_BYTES = 512;
const OWNER = { uid: 1000, gid: 1000 };

/**
 * A state as a tar, from /, with the user of the lab's images as its owner.
 * @param at the time of all of it, in ms since 1970: what a crash left is as old as that
 * @throws Problem bad-results: a path that leads out of the state folder
 */
export function stateTar({ names, inodes }: FolderImage, root: string, at: number): Buffer {
  const first = new Map<InodeId, string>();
  const pieces: Buffer[] = [];
  const mtime = new Date(at);
  for (const [file, id] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const inode = inodes.get(id);
    if (inode === undefined || inode.type === 'other') continue;
    if (!file.startsWith(`${root}/`) || file.split('/').includes('..'))
      throw new Problem('bad-results', `the state has a path that is not below ${root}: ${JSON.stringify(file)}`);
    const path = file.slice(1);
    const { mode, type, content, target } = inode;
    const about = { mode: mode & 0o7777, ...OWNER, mtime };
    const same = first.get(id);
    first.set(id, path);
    if (type === 'directory') pieces.push(header({ ...about, path: `${path}/`, type: 'Directory', size: 0 }));
    else if (type === 'symlink')
      pieces.push(header({ ...about, path, type: 'SymbolicLink', size: 0, linkpath: target ?? '' }));
    else if (same !== undefined) pieces.push(header({ ...about, path, type: 'Link', size: 0, linkpath: same }));
    else {
      pieces.push(header({ ...about, path, type: 'File', size: content.size }), content.slice(0, content.size));
      pieces.push(Buffer.alloc((BLOCK_BYTES - (content.size % BLOCK_BYTES)) % BLOCK_BYTES));
    }
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * BLOCK_BYTES)]);
}

type Head = ConstructorParameters<typeof tar.Header>[0] & object;

/** With a header before it for what does not fit, such as a long path. */
function header(head: Exclude<Head, Buffer>): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  if (!new tar.Header(head).encode(block, 0)) return block;
  return Buffer.concat([new tar.Pax(head as ConstructorParameters<typeof tar.Pax>[0]).encode(), block]);
}

/** Packs a folder of files that the lab itself named. */
export async function packFolder(folder: string, name: string, into: string): Promise<void> {
  await tar.create({ cwd: folder, file: into, portable: true, prefix: name }, ['.']);
}
