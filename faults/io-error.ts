import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const ioError: Fault = failingCall({
  name: 'io-error',
  summary: 'the held call fails with EIO, once',
  error: 'EIO',
});
