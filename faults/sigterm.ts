import type { Fault } from '../lab/fault.ts';
import { stopsWithin } from '../lab/stopping.ts';

/** As long as systemd waits (TimeoutStopSec=): what has not ended then is killed, and the evidence says so. */
const STOP_MS = 90_000;

export const sigterm: Fault = {
  name: 'sigterm',
  summary: `SIGTERM in the middle of the write, and up to ${STOP_MS / 1000} s to end`,
  ...stopsWithin(STOP_MS),
};
