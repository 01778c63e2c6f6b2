import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const readOnly: Fault = failingCall({
  name: 'read-only',
  summary:
    'the held call fails with EROFS, and so does every later one that changes the state folder, as after the kernel remounted it read-only',
  error: 'EROFS',
  from: 'folder',
  isSwept: false,
});
