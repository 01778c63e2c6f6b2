import type { Drive, DriveResult } from '../drive.ts';
import { describe } from '../problem.ts';
import type { Sidecar } from '../sidecar/client.ts';
import type { HostDrive } from '../system.ts';

/** An exchange that is under way. */
export interface Exchange {
  /** Never rejects because of the system. */
  result: Promise<DriveResult>;
  cancel(): void;
}

/**
 * One exchange with a pod's system, whatever its kind.
 * @param text what it says, for a function on the host
 */
export function exchange(sidecar: Sidecar, call: Drive | HostDrive, text: string, limitMs: number): Exchange {
  if (call.kind !== 'host') return sidecar.drive(call, limitMs);
  const open = new Set<() => void>();
  const drive = (one: Drive): Promise<DriveResult> => {
    const { result, cancel } = sidecar.drive(one, limitMs);
    open.add(cancel);
    return result.finally(() => open.delete(cancel));
  };
  const tSent = Date.now();
  const result = call.run(text, drive).catch(
    (error: unknown): DriveResult => ({
      tSent,
      tEnded: Date.now(),
      acknowledged: false,
      text: '',
      error: `the function of the config failed: ${describe(error)}`,
    }),
  );
  return { result, cancel: () => open.forEach((cancel) => void cancel()) };
}
