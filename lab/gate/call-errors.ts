import { ALL_BYTES, type ArmSpec } from './protocol.ts';

/** Errors that writegate answers a call with in the kernel's place. */
export type CallError = 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EMFILE' | 'EROFS';

/** Calls that take room: a block, an entry of a folder, an inode. fsync(2) too: with delayed allocation the blocks are taken only then. */
const TAKES_ROOM = [
  'create',
  'write',
  'rename',
  'link',
  'symlink',
  'mkdir',
  'mknod',
  'sync',
  'allocate',
  'copy',
  'xattr',
];
const CHANGES = [...TAKES_ROOM, 'truncate', 'unlink', 'chmod', 'chown', 'utime'];

/** Which kind of call can return which error: the section ERRORS of its manual page (images/writegate/src/errors.c has the same). */
export const CALL_ERRORS: Readonly<Record<CallError, readonly string[]>> = {
  EIO: CHANGES,
  ENOSPC: TAKES_ROOM,
  EDQUOT: TAKES_ROOM,
  // open(2) with O_CREAT or O_TRUNC
  EMFILE: ['create', 'truncate'],
  EROFS: CHANGES,
};

/** Why a call that is held so can't be answered with the error; undefined: it can. */
export function whyNot(error: CallError, { op, at, bytes }: Pick<ArmSpec, 'op' | 'at' | 'bytes'>): string | undefined {
  if (at === 'after') return 'the call is held when the kernel has done it, and can’t fail any more';
  if (at === 'torn' && bytes === ALL_BYTES) return 'the write has taken all its bytes, and can’t fail any more';
  return CALL_ERRORS[error].includes(op) ? undefined : `${op} can’t return ${error}`;
}
