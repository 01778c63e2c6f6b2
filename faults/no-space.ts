import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const noSpace: Fault = failingCall({
  name: 'no-space',
  summary: 'the held call fails with ENOSPC, once',
  error: 'ENOSPC',
});
