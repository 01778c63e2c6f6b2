import type { GateEventOf } from '../gate/protocol.ts';

/** A call that changes the state folder, as writegate tells of it. */
export const op = (name: string, path: string, to?: string): GateEventOf<'op'> =>
  ({
    ev: 'op',
    seq: 1,
    t: 1,
    mono: 1,
    op: name,
    syscall: name,
    pid: 1,
    tid: 1,
    path,
    ...(to !== undefined && { to }),
  }) as never;
