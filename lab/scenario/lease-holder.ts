import type { Pod } from '../pod/pod.ts';
import type { Lease, LeaseHolder } from '../system.ts';

/** A lock file is smaller. */
const KEEP_BYTES = 64 * 1024;

/** Who has a lease, by what is on disk: a database is read from a copy, as a process after a crash would read it. */
export async function holderOf(pod: Pod, { file, format, holderIn }: Lease): Promise<LeaseHolder | undefined> {
  if (format === 'sqlite') return holderIn(await pod.sidecar.database(file));
  const found = (await pod.sidecar.snapshot(pod.root, [file], KEEP_BYTES)).find(({ path }) => path === file);
  return found === undefined || found.gone === true
    ? undefined
    : holderIn(Buffer.from(found.contentBase64 ?? '', 'base64').toString('utf8'));
}
