import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const noDescriptorsStay: Fault = failingCall({
  name: 'no-descriptors-stay',
  summary:
    'the held open fails with EMFILE, and so does every later one in the state folder that makes or empties a file, until the process may have more descriptors',
  error: 'EMFILE',
  from: 'folder',
});
