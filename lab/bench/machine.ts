import { availableParallelism, loadavg } from 'node:os';

/** What else the machine had to do: figures of a busy one are not comparable with those of an idle one. */
export interface Machine {
  cpus: number;
  /** Processes that ran or wanted to, mean of the last minute; 0 on Windows. */
  load: number;
}

export function machine(): Machine {
  return { cpus: availableParallelism(), load: Math.round((loadavg()[0] ?? 0) * 100) / 100 };
}
