import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const noDescriptors: Fault = failingCall({
  name: 'no-descriptors',
  summary: 'the held open fails with EMFILE, once: the process has all the descriptors that it may have',
  error: 'EMFILE',
});
