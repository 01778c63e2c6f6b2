import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const noSpaceStays: Fault = failingCall({
  name: 'no-space-stays',
  summary:
    'the held call fails with ENOSPC, and so does every later one in the state folder that takes room, until the lab makes room',
  error: 'ENOSPC',
  from: 'folder',
});
