import type { Fault } from '../lab/fault.ts';
import { stopsWithin } from '../lab/stopping.ts';

/** What `docker stop` waits between the two signals unless it is told otherwise (docker-stop(1)). */
const STOP_MS = 10_000;

export const stop: Fault = {
  name: 'stop',
  summary: `what \`docker stop\` does, in the middle of the write: SIGTERM, and SIGKILL after ${STOP_MS / 1000} s if it has not ended`,
  ...stopsWithin(STOP_MS),
};
