import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const quota: Fault = failingCall({
  name: 'quota',
  summary:
    'the held call fails with EDQUOT, and so does every later one in the state folder that takes room, until the quota is raised',
  error: 'EDQUOT',
  from: 'folder',
  isSwept: false,
});
