import { fitsPattern } from '../patterns.ts';
import type { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import type { Store } from '../system.ts';
import { plantLarge } from './planting.ts';
import { withTimePassed } from './stored-rows.ts';

const STORE_LIMIT_BYTES = 16 * 1024 * 1024;

export type JsonRows = Extract<Store, { format: 'json-rows' }>;

/** @throws Problem bad-usage: a database */
export function jsonRows(pod: Pod): JsonRows {
  const { store } = pod.promises;
  if (store.format === 'json-rows') return store;
  throw new Problem('bad-usage', `${store.path} is a database: only a store of JSON rows is read and rewritten here`);
}

/**
 * The store of a system that has stopped, as text.
 * @throws Problem bad-usage: it can't be read as one file of rows
 */
export async function readStore(pod: Pod): Promise<string> {
  const { path, journal } = jsonRows(pod);
  const entries = await pod.sidecar.snapshot(pod.root, [path], STORE_LIMIT_BYTES);
  const unfolded = entries.find((entry) => journal !== undefined && entry.size > 0 && fitsPattern(entry.path, journal));
  const content = entries.find((entry) => entry.path === path)?.contentBase64;
  if (content === undefined || unfolded !== undefined)
    throw new Problem(
      'bad-usage',
      `${unfolded?.path ?? path} keeps the lab from reading the store as one file of rows`,
    );
  return Buffer.from(content, 'base64').toString('utf8');
}

/** Time passes for a system that has stopped: all times in its store and of its files are so much earlier. */
export async function passTime(pod: Pod, ms: number): Promise<void> {
  const { store } = pod.promises;
  if (store.format === 'sqlite') await pod.sidecar.passTimeInDatabases(pod.root, ms);
  else {
    const later = withTimePassed(await readStore(pod), jsonRows(pod), ms);
    await plantLarge(pod.sidecar, [{ path: store.path, content: later }]);
  }
  await pod.sidecar.age(pod.root, ms);
}
