import { failingCall } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

export const ioErrorStays: Fault = failingCall({
  name: 'io-error-stays',
  summary:
    'the held call fails with EIO, and so does every later one on that file until the lab takes it away: a bad block',
  error: 'EIO',
  from: 'file',
});
